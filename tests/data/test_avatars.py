import hashlib
import json
import shutil
from dataclasses import asdict, fields, replace
from itertools import combinations

import numpy as np
import pytest

from kaogan.data.avatars import SIZES, Avatar, categories, draw, draw_avatars, sample_avatar
from kaogan.data.avatars.attributes import AHOGE_PROBABILITY, PROBABILITIES, RANGES
from kaogan.data.avatars.palette import oklch
from kaogan.data.labelling import label
from kaogan.errors import KaoganError, UsageError

SAMPLE = [sample_avatar(0, index) for index in range(3000)]
PLAIN = replace(
    sample_avatar(0, 0),
    hair_front="blunt",
    hair_back="bob",
    eye_state="open",
    accessory="none",
    background="plain",
    turn=0.0,
    tilt=0.0,
    scale=1.0,
    shift_x=0.0,
    shift_y=0.0,
)


def changed(first: Avatar, second: Avatar, size: int = 64) -> np.ndarray:
    """Where two pictures differ visibly: a mask, height x width."""
    difference = draw(first, size).astype(int) - draw(second, size)
    return np.abs(difference).max(axis=-1) > 2


def test_an_avatar_depends_on_seed_and_index_alone():
    assert sample_avatar(3, 5) == sample_avatar(3, 5)
    assert sample_avatar(3, 5) != sample_avatar(5, 3)
    assert sample_avatar(3, 5) != sample_avatar(3, 6)


def test_attributes_survive_json():
    for avatar in SAMPLE[:20]:
        assert Avatar(**json.loads(json.dumps(asdict(avatar)))) == avatar


def test_every_attribute_has_a_distribution():
    names = {field.name for field in fields(Avatar)}
    assert len(names) >= 14
    assert set(PROBABILITIES) | set(RANGES) | {"ahoge"} == names
    for name, probabilities in PROBABILITIES.items():
        assert len(probabilities) == len(categories(name))
        assert sum(probabilities) == pytest.approx(1.0)


@pytest.mark.parametrize("name", PROBABILITIES)
def test_categories_come_with_their_probabilities(name):
    values = [getattr(avatar, name) for avatar in SAMPLE]
    shares = [values.count(category) / len(values) for category in categories(name)]
    np.testing.assert_allclose(shares, PROBABILITIES[name], atol=0.04)


@pytest.mark.parametrize("name", RANGES)
def test_numbers_fill_their_range(name):
    values = np.array([getattr(avatar, name) for avatar in SAMPLE])
    low, high = RANGES[name]
    assert values.min() >= low
    assert values.max() <= high
    assert np.ptp(values) > 0.95 * (high - low)


def test_attributes_are_independent():
    columns = []
    for field in fields(Avatar):
        values = [getattr(avatar, field.name) for avatar in SAMPLE]
        if field.name in PROBABILITIES:
            values = [categories(field.name).index(value) for value in values]
        columns.append(values)
    correlation = np.corrcoef(np.array(columns, dtype=float))
    off_diagonal = correlation[~np.eye(len(columns), dtype=bool)]
    assert np.abs(off_diagonal).max() < 5 / np.sqrt(len(SAMPLE))


def test_ahoge_is_as_frequent_as_stated():
    share = np.mean([avatar.ahoge for avatar in SAMPLE])
    assert share == pytest.approx(AHOGE_PROBABILITY, abs=0.04)


@pytest.mark.parametrize("size", SIZES)
def test_sizes(size):
    picture = draw(SAMPLE[0], size)
    assert picture.shape == (size, size, 3)
    assert picture.dtype == np.uint8


@pytest.mark.parametrize("size", [0, 16, 48, 63, 1024])
def test_other_sizes_are_refused(size):
    with pytest.raises(UsageError, match="avatars are drawn at"):
        draw(SAMPLE[0], size)


def test_drawing_is_a_pure_function():
    first = draw(SAMPLE[1], 64)
    draw(SAMPLE[2], 64)
    np.testing.assert_array_equal(draw(SAMPLE[1], 64), first)


def test_the_pictures_are_those_of_every_version():
    pictures = b"".join(draw(avatar, 64).tobytes() for avatar in SAMPLE[:50])
    assert hashlib.sha256(pictures).hexdigest() == (
        "2e7b9a251ac28b0ad297ef5ca58477be44c21520dd2847a411b62b9193557920"
    )


def test_large_and_small_show_the_same():
    for avatar in SAMPLE[:5]:
        large = draw(avatar, 256).reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
        assert np.abs(large - draw(avatar, 64)).mean() < 6


@pytest.mark.parametrize("name", PROBABILITIES)
def test_every_category_draws_and_is_seen(name):
    # An asymmetric fringe, or the parting would not show; a lighting from the left.
    avatar = replace(PLAIN, hair_front="swept")
    variants = [replace(avatar, **{name: category}) for category in categories(name)]
    for first, second in combinations(variants, 2):
        assert changed(first, second).any(), (first, second)


def test_every_number_is_seen():
    avatar = replace(PLAIN, hair_back="twin_tails", outfit="hoodie")
    for name, (low, high) in RANGES.items():
        middle = (low + high) / 2
        first, second = (replace(avatar, **{name: value}) for value in (low, middle))
        assert changed(first, second).any(), name
    assert changed(replace(avatar, ahoge=True), replace(avatar, ahoge=False)).any()


def test_extreme_poses_draw():
    for turn in (-1.0, 1.0):
        for tilt in RANGES["tilt"]:
            for scale in RANGES["scale"]:
                draw(replace(PLAIN, turn=turn, tilt=tilt, scale=scale, hair_back="buns"), 64)


def test_edges_are_antialiased():
    def colours(size):
        return len(np.unique(draw(PLAIN, size).reshape(-1, 3), axis=0))

    assert colours(64) > 300  # of some thirty materials


def test_hair_hue_changes_the_hair_and_nothing_else():
    mask = changed(PLAIN, replace(PLAIN, hair_hue=(PLAIN.hair_hue + 150.0) % 360.0))
    assert mask[10:20, 24:40].mean() > 0.95  # the top of the head
    assert not mask[:3].any()  # the background above it
    assert not mask[34:38, 20:24].any()  # an eye
    assert not mask[47:53, 28:36].any()  # the chin
    assert not mask[-1, 24:40].any()  # the clothes
    assert 0.2 < mask.mean() < 0.7


def test_eye_hue_changes_the_eyes_and_nothing_else():
    mask = changed(PLAIN, replace(PLAIN, eye_hue=(PLAIN.eye_hue + 150.0) % 360.0))
    rows, columns = np.nonzero(mask)
    assert 0.01 < mask.mean() < 0.15
    assert rows.min() >= 28
    assert rows.max() <= 46
    assert not mask[:, 30:34].any()  # between the eyes
    assert columns.min() < 32 < columns.max()


def test_background_hue_leaves_the_figure():
    mask = changed(PLAIN, replace(PLAIN, background_hue=(PLAIN.background_hue + 150.0) % 360.0))
    assert mask[0, 0]
    assert mask[0, -1]
    assert not mask[12:54, 16:48].any()


def test_gaze_moves_the_pupils_to_the_side_named():
    def darkness_centre(gaze):
        eye = draw(replace(PLAIN, gaze=gaze, light="left"), 256)[124:176, 160:210]
        weight = 255.0 - eye.max(axis=-1)
        return (weight.sum(axis=0) * np.arange(weight.shape[1])).sum() / weight.sum()

    assert darkness_centre(1.0) > darkness_centre(-1.0)


def test_faces_differ():
    pictures = np.stack([draw(avatar, 32) for avatar in SAMPLE[:64]]).astype(float)
    assert pictures.std(axis=0).mean() > 30


def test_oklch_known_colours():
    assert oklch(1.0, 0.0, 0.0) == (255, 255, 255)
    assert oklch(0.0, 0.0, 0.0) == (0, 0, 0)
    red = oklch(0.6279, 0.2577, 29.23)  # sRGB's red
    np.testing.assert_allclose(red, (255, 0, 0), atol=3)


def test_oklch_stays_on_the_screen():
    for hue in range(0, 360, 15):
        colour = oklch(0.7, 0.4, float(hue))
        assert all(0 <= channel <= 255 for channel in colour)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return draw_avatars(tmp_path_factory.mktemp("avatars") / "set", count=48, size=32, workers=1)


def test_the_folder_is_a_data_set(dataset):
    assert dataset.size == 32
    assert dataset.channels == 3
    assert len(dataset.train) + len(dataset.held_out) == 48
    assert len(dataset.held_out) > 0
    assert dataset.summary["seed"] == 0


def test_attributes_are_aligned_with_the_pictures(dataset):
    pictures = np.concatenate([dataset.train, dataset.held_out])
    lines = (dataset.path / "attributes.jsonl").read_text(encoding="utf-8").splitlines()
    for picture, line, row in zip(pictures, lines, dataset.manifest(), strict=True):
        avatar = Avatar(**json.loads(line))
        np.testing.assert_array_equal(draw(avatar, 32), picture)
        index = int(row["source"].split()[1])
        assert avatar == sample_avatar(0, index)


def test_workers_make_no_difference(dataset, tmp_path):
    other = draw_avatars(tmp_path / "set", count=48, size=32, workers=2)
    assert other.fingerprint == dataset.fingerprint
    np.testing.assert_array_equal(other.train, dataset.train)


def test_picture_i_does_not_depend_on_the_count(dataset, tmp_path):
    def by_source(data):
        pictures = np.concatenate([data.train, data.held_out])
        names = [row["source"] for row in data.manifest()]
        return dict(zip(names, pictures, strict=True))

    few = by_source(draw_avatars(tmp_path / "set", count=7, size=32, workers=1))
    many = by_source(dataset)
    assert len(few) == 7
    for name, picture in few.items():
        np.testing.assert_array_equal(picture, many[name])


def test_seeds_differ(dataset, tmp_path):
    other = draw_avatars(tmp_path / "set", count=48, size=32, seed=1, workers=1)
    assert other.fingerprint != dataset.fingerprint


def test_what_cannot_be_drawn_is_refused(dataset, tmp_path):
    out = tmp_path / "set"
    for wrong in ({"count": 0}, {"seed": -1}, {"workers": 0}, {"size": 65}):
        with pytest.raises(UsageError):
            draw_avatars(out, **{"count": 4, "size": 32, **wrong})
    assert not out.exists()
    with pytest.raises(KaoganError, match="exists already"):
        draw_avatars(dataset.path, count=4, size=32)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    return draw_avatars(tmp_path_factory.mktemp("labelled") / "d", count=60, size=32, workers=1)


class TestLabels:
    def test_they_are_written_with_the_pictures(self, labelled):
        lines = (labelled.path / "attributes.jsonl").read_text(encoding="utf-8").splitlines()
        codes = np.concatenate([labelled.train_labels, labelled.held_out_labels])
        assert len(labelled.attributes) == len(fields(Avatar)) == 28
        for line, row in zip(lines, codes, strict=True):
            avatar = Avatar(**json.loads(line))
            said = {
                attribute.name: attribute.value(float(code))
                for attribute, code in zip(labelled.attributes, row, strict=True)
            }
            for name in PROBABILITIES:
                assert said[name.replace("_", "-")] == getattr(avatar, name).replace("_", "-")
            assert said["ahoge"] == ("yes" if avatar.ahoge else "no")
            assert float(said["turn"]) == pytest.approx((avatar.turn + 1) / 2, abs=0.006)
            assert (said["eye-colour"] == "unknown") == (avatar.eye_state == "happy")
            coloured = avatar.accessory not in ("none", "cat_ears", "glasses")
            assert (said["accessory-colour"] != "unknown") == coloured

    def test_the_command_makes_the_same_again(self, labelled):
        before = labelled.labels_fingerprint
        (labelled.path / "labels.json").unlink()
        assert label(labelled.path, ["avatars"]).labels_fingerprint == before

    def test_damaged_attributes_end_in_one_line(self, labelled, tmp_path):
        copy = tmp_path / "d"
        shutil.copytree(labelled.path, copy)
        whole = (copy / "attributes.jsonl").read_text(encoding="utf-8")
        for old, new in (('"mouth": "', '"mouth": "x'), ('"turn": ', '"turn": 9'), ("}", "")):
            (copy / "attributes.jsonl").write_text(whole.replace(old, new), encoding="utf-8")
            with pytest.raises(KaoganError) as error:
                label(copy, ["avatars"])
            assert "\n" not in str(error.value)
        (copy / "attributes.jsonl").write_text(whole.partition("\n")[0], encoding="utf-8")
        with pytest.raises(KaoganError, match="damaged"):
            label(copy, ["avatars"])
