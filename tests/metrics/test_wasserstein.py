"""The sliced Wasserstein distance: each part against SciPy, the whole against another program."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kaogan.metrics.wasserstein import (
    PATCH,
    laplacian_level,
    level_sizes,
    normalised_patches,
    sliced_wasserstein,
    transport,
)

BINOMIAL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])[None, None] / 256


def pictures(count, size=32, channels=3, seed=0, blur=1.5):
    """Noise, blurred: uint8, N x H x W x C."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(count, size, size, channels))
    smooth = scipy.ndimage.gaussian_filter(noise, (0, blur, blur, 0), mode="wrap")
    scaled = 128 + 40 * smooth / smooth.std()
    return torch.from_numpy(scaled.round().clip(0, 255).astype(np.uint8))


def blurred(images, sigma):
    smooth = scipy.ndimage.gaussian_filter(images.double().numpy(), (0, sigma, sigma, 0))
    return torch.from_numpy(smooth.round().astype(np.uint8))


def scipy_pyramid(images):
    """The levels as the paper's authors compute them: a mirrored border, zeros between pixels."""
    levels = [images.permute(0, 3, 1, 2).double().numpy()]
    while len(levels) < len(level_sizes(images.shape[1])):
        fine = levels[-1]
        coarse = scipy.ndimage.convolve(fine, BINOMIAL, mode="mirror")[:, :, ::2, ::2]
        spread = np.zeros_like(fine)
        spread[:, :, ::2, ::2] = coarse
        levels[-1] = fine - scipy.ndimage.convolve(spread, 4 * BINOMIAL, mode="mirror")
        levels.append(coarse)
    return levels


# Parts


@pytest.mark.parametrize(
    ("size", "sizes"),
    [(16, [16]), (20, [20]), (48, [48, 24]), (64, [64, 32, 16]), (256, [256, 128, 64, 32, 16])],
)
def test_levels(size, sizes):
    assert level_sizes(size) == sizes


@pytest.mark.parametrize("size", [16, 32, 48, 64])
def test_the_pyramid_is_that_of_scipy(size):
    images = pictures(2, size)
    for depth, expected in enumerate(scipy_pyramid(images)):
        level = laplacian_level(images.permute(0, 3, 1, 2).float(), depth)
        np.testing.assert_allclose(level, expected, atol=1e-3)


@given(
    a=st.lists(st.floats(-9, 9, width=32), min_size=5, max_size=5),
    b=st.lists(st.floats(-9, 9, width=32), min_size=5, max_size=5),
)
def test_transport_is_the_wasserstein_distance_on_a_line(a, b):
    found = transport(torch.tensor(a)[:, None], torch.tensor(b)[:, None])
    assert found.item() == pytest.approx(scipy.stats.wasserstein_distance(a, b), abs=1e-5)


def test_transport_goes_direction_by_direction():
    a, b = torch.randn(2, 40, 3, generator=torch.Generator().manual_seed(0))
    expected = [scipy.stats.wasserstein_distance(a[:, i], b[:, i]) for i in range(3)]
    assert transport(a, b).tolist() == pytest.approx(expected, rel=1e-5)


def test_patches_are_cut_at_their_corners_and_normalised_by_channel():
    images = pictures(70, 32)  # more than a chunk
    corners = torch.randint(32 - PATCH + 1, (2, 70, 4), generator=torch.Generator().manual_seed(0))
    level = scipy_pyramid(images)[0]
    cut = np.stack(
        [
            level[n, :, top : top + PATCH, left : left + PATCH]
            for n in range(70)
            for top, left in corners[:, n].T.tolist()
        ]
    )
    expected = (cut - cut.mean((0, 2, 3), keepdims=True)) / cut.std((0, 2, 3), keepdims=True)
    found = normalised_patches(images, 0, corners)
    np.testing.assert_allclose(found, expected.reshape(70 * 4, -1), atol=1e-4)


def test_pictures_without_contrast_have_patches_of_0():
    flat = torch.full((3, 32, 32, 1), 201, dtype=torch.uint8)
    corners = torch.zeros(2, 3, 2, dtype=torch.int64)
    assert normalised_patches(flat, 0, corners).abs().max() == 0
    assert normalised_patches(flat, 1, corners).abs().max() < 0.1


# The whole


def another_program(real, fake, rng):
    """The paper's section 5 in NumPy, with patches and directions of its own."""
    result = {}
    for a, b in zip(scipy_pyramid(real), scipy_pyramid(fake), strict=True):
        size, projected = a.shape[-1], []
        directions = rng.normal(size=(a.shape[1] * PATCH**2, 512))
        directions /= np.linalg.norm(directions, axis=0)
        for level in (a, b):
            places = rng.integers(size - PATCH + 1, size=(len(level), 128, 2))
            cut = np.stack(
                [
                    level[n, :, top : top + PATCH, left : left + PATCH]
                    for n in range(len(level))
                    for top, left in places[n]
                ]
            )
            cut = (cut - cut.mean((0, 2, 3), keepdims=True)) / cut.std((0, 2, 3), keepdims=True)
            projected.append(np.sort(cut.reshape(len(cut), -1) @ directions, axis=0))
        result[size] = 1e3 * np.abs(projected[0] - projected[1]).mean()
    return result


def test_another_program_finds_the_same_but_for_chance():
    real, fake = pictures(60, blur=1.0), pictures(60, seed=1, blur=2.0)
    expected = another_program(real, fake, np.random.default_rng(0))
    assert sliced_wasserstein(real, fake) == pytest.approx(expected, rel=0.05)


# Laws


@settings(max_examples=5)
@given(seed=st.integers(0, 2**32), size=st.sampled_from([16, 32]), channels=st.sampled_from([1, 3]))
def test_laws(seed, size, channels):
    a, b = (pictures(5, size, channels, s) for s in (0, 1))
    between = sliced_wasserstein(a, b, seed)
    assert list(between) == level_sizes(size)
    assert all(value > 0 for value in between.values())
    assert sliced_wasserstein(b, a, seed) == pytest.approx(between, rel=1e-5)
    assert sliced_wasserstein(a, a.clone(), seed) == dict.fromkeys(between, 0.0)


def test_a_seed_is_a_result():
    a, b = pictures(5), pictures(5, seed=1)
    results = [sliced_wasserstein(a, b, seed) for seed in (0, 0, 1)]
    assert results[0] == results[1] != results[2]


def test_order_matters_less_than_chance():
    a, b = pictures(60), pictures(60, seed=1)
    floor = sliced_wasserstein(a, b)
    assert all(value < floor[size] for size, value in sliced_wasserstein(a, a.flip(0)).items())


def test_contrast_and_brightness_are_not_seen():
    # Each set is normalised by itself.
    a = pictures(20) // 4 * 2
    faded = sliced_wasserstein(a, a // 2 + 60)
    assert all(value < 0.1 for value in faded.values())


def test_blur_is_seen_at_the_fine_level_and_more_of_it_more():
    real, fake = pictures(60, blur=0.7), pictures(60, seed=1, blur=0.7)
    found = [sliced_wasserstein(real, blurred(fake, s) if s else fake) for s in (0, 0.5, 1, 2)]
    fine, coarse = ([levels[size] for levels in found] for size in (32, 16))
    assert fine == sorted(fine)
    assert fine[3] > 4 * fine[0]
    assert fine[2] / fine[0] > 1.5 * coarse[2] / coarse[0]


# Limits


def test_sets_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="differ"):
        sliced_wasserstein(pictures(5), pictures(6))
    with pytest.raises(ValueError, match="16 pixels or more"):
        sliced_wasserstein(pictures(2, 8), pictures(2, 8))
    with pytest.raises(ValueError, match="square"):
        sliced_wasserstein(pictures(2)[:, :20], pictures(2)[:, :20])
    with pytest.raises(ValueError, match="square"):
        sliced_wasserstein(pictures(2)[:0], pictures(2)[:0])
