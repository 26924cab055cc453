import numpy as np
import pytest
from helpers import encode, picture
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from kaogan.data import duplicates
from kaogan.data.decode import Preparation, decode
from kaogan.data.duplicates import MAX_DISTANCE, find_repeats, near_pairs
from kaogan.data.hashes import distance, look_alike, perceptual_hash
from kaogan.data.reasons import Reason
from kaogan.data.spool import Spool


def pixels(image, size=64):
    return decode(encode(image), Preparation(size)).pixels


def spooled(folder, pictures):
    spool = Spool(folder, pictures[0].shape)
    for each in pictures:
        spool.append(each, {})
    spool.finish(len(pictures), 0)
    return spool


def repeats(folder, pictures):
    with spooled(folder / "spool", pictures) as spool:
        return [(r.index, r.original, r.reason) for r in find_repeats(spool)]


def saved_again(image, quality=70):
    """The same picture through JPEG."""
    content = encode(image, "JPEG", quality=quality)
    return decode(content, Preparation()).pixels


def test_exact_and_near_repeats_name_the_first(tmp_path):
    one, two = picture(1), picture(2)
    found = repeats(
        tmp_path, [pixels(one), pixels(two), pixels(one), saved_again(two), pixels(picture(3))]
    )
    assert found == [(2, 0, Reason.DUPLICATE), (3, 1, Reason.NEAR_DUPLICATE)]


def test_exact_repeats_of_a_near_repeat_name_the_near_repeat(tmp_path):
    one, again = pixels(picture(1)), saved_again(picture(1), quality=95)
    found = repeats(tmp_path, [one, again, again])
    assert found == [(1, 0, Reason.NEAR_DUPLICATE), (2, 1, Reason.DUPLICATE)]


def test_pictures_across_blocks_are_compared(tmp_path, monkeypatch):
    monkeypatch.setattr(duplicates, "BLOCK", 3)
    images = [picture(seed) for seed in range(10)]
    found = repeats(
        tmp_path, [*map(pixels, images), saved_again(images[0]), saved_again(images[9])]
    )
    assert found == [(10, 0, Reason.NEAR_DUPLICATE), (11, 9, Reason.NEAR_DUPLICATE)]


def test_resized_copies_are_near(tmp_path):
    large = picture(7, size=300)
    small = large.resize((90, 90), Image.Resampling.BICUBIC)
    assert len(repeats(tmp_path, [pixels(large), pixels(small)])) == 1


@pytest.mark.parametrize("size", [32, 64, 256])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_size_and_channel_count(tmp_path, size, channels):
    preparation = Preparation(size, channels)
    contents = [encode(picture(1, 256)), encode(picture(1, 256), "JPEG", quality=80)]
    pictures = [decode(content, preparation).pixels for content in contents]
    assert len(repeats(tmp_path, pictures)) == 1


def test_another_mouth_is_another_picture(tmp_path):
    """A small, strong difference: perceptual hashes do not see it, the thumbnails do."""
    face = picture(5)
    speaking = face.copy()
    ImageDraw.Draw(speaking).ellipse((28, 44, 36, 50), "darkred")
    silent = face.copy()
    ImageDraw.Draw(silent).line((28, 47, 36, 47), "pink")
    assert repeats(tmp_path, [pixels(speaking), pixels(silent)]) == []


def test_another_colour_is_another_picture(tmp_path):
    red = pixels(picture(6))
    assert repeats(tmp_path, [red, np.ascontiguousarray(red[..., ::-1])]) == []


def test_different_pictures_are_kept(tmp_path):
    assert repeats(tmp_path, [pixels(picture(seed)) for seed in range(300)]) == []


def test_a_slow_change_does_not_shrink_to_its_first_picture(tmp_path):
    """Each picture is near the next one, but not near those far from it."""
    a, b = (pixels(picture(seed)).astype(float) for seed in (1, 2))
    steps = [np.round(a + (b - a) * t).astype(np.uint8) for t in np.linspace(0, 1, 60)]
    found = repeats(tmp_path, steps)
    kept = sorted(set(range(60)) - {index for index, _, _ in found})
    assert 3 < len(kept) < 60
    for index, original, _ in found:
        assert original in kept
        assert original < index
    for later in kept:
        for earlier in kept[: kept.index(later)]:
            hashes = perceptual_hash(np.stack([steps[later], steps[earlier]]))
            alike = look_alike(steps[later][None], steps[earlier][None])[0]
            assert not (alike and distance(hashes[:1], hashes[1:])[0] <= MAX_DISTANCE)


def test_the_hash_has_as_many_ones_as_zeros():
    hashes = perceptual_hash(np.stack([pixels(picture(seed)) for seed in range(20)]))
    assert [int(h).bit_count() for h in hashes] == [32] * 20


def test_the_hash_does_not_depend_on_the_company():
    pictures = np.stack([pixels(picture(seed)) for seed in range(20)])
    alone = np.concatenate([perceptual_hash(each[None]) for each in pictures])
    np.testing.assert_array_equal(perceptual_hash(pictures), alone)


@st.composite
def clustered_hashes(draw):
    """Hashes that lie near each other often."""
    centres = draw(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=4))
    hashes = []
    for _ in range(draw(st.integers(0, 30))):
        value = draw(st.sampled_from(centres))
        for bit in draw(st.lists(st.integers(0, 63), max_size=5)):
            value ^= 1 << bit
        hashes.append(value)
    return np.array(hashes, np.uint64)


@settings(max_examples=150, deadline=None)
@given(clustered_hashes(), st.integers(0, 10))
def test_the_search_finds_exactly_the_near_pairs(hashes, first):
    first = min(first, len(hashes))
    expected = [
        [later, earlier]
        for later in range(first, len(hashes))
        for earlier in range(later)
        if (int(hashes[later]) ^ int(hashes[earlier])).bit_count() <= MAX_DISTANCE
    ]
    assert near_pairs(hashes, first).tolist() == expected


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_the_distance_counts_bits(one, other):
    result = distance(np.array([one], np.uint64), np.array([other], np.uint64))
    assert result.tolist() == [(one ^ other).bit_count()]


def pairwise(pictures):
    """The rule as it is said: each picture against all earlier ones that were kept."""
    hashes, found, kept = perceptual_hash(pictures), [], []
    for later in range(len(pictures)):
        equal = [k for k in range(later) if np.array_equal(pictures[k], pictures[later])]
        if equal:
            found.append((later, equal[0], Reason.DUPLICATE))
            continue
        near = [
            earlier
            for earlier in kept
            if distance(hashes[[later]], hashes[[earlier]])[0] <= MAX_DISTANCE
            and look_alike(pictures[[later]], pictures[[earlier]])[0]
        ]
        if near:
            found.append((later, near[0], Reason.NEAR_DUPLICATE))
        else:
            kept.append(later)
    return found


@pytest.mark.parametrize("block", [1, 7, 2048])
def test_the_search_among_millions_finds_what_comparing_all_pairs_finds(
    tmp_path, monkeypatch, block
):
    """Clusters of pictures with noise, some beyond the limits; many pairs, so blocks are halved."""
    monkeypatch.setattr(duplicates, "BLOCK", block)
    monkeypatch.setattr(duplicates, "MOST_PAIRS", 20)
    monkeypatch.setattr(duplicates, "PAIRS", 50)
    rng = np.random.default_rng(0)
    originals = [pixels(picture(seed), 32).astype(float) for seed in range(12)]
    pictures = []
    for _ in range(160):
        noise = rng.normal(0, rng.choice([0, 3, 12]), (32, 32, 3))
        changed = originals[rng.integers(len(originals))] + noise + rng.integers(-6, 7)
        pictures.append(np.clip(np.round(changed), 0, 255).astype(np.uint8))
    expected = pairwise(np.stack(pictures))
    kinds = [reason for _, _, reason in expected]
    assert min(kinds.count(Reason.DUPLICATE), kinds.count(Reason.NEAR_DUPLICATE)) > 3
    assert len(expected) < 140
    assert repeats(tmp_path, pictures) == expected


def test_a_thousand_equal_hashes_are_no_thousand_squared_pairs():
    hashes = np.full(1000, 7, np.uint64)
    assert len(near_pairs(hashes)) < 1000 * duplicates.MOST_NEAR
    assert near_pairs(hashes)[:3].tolist() == [[1, 0], [2, 0], [2, 1]]
