"""MS-SSIM against torchmetrics and scikit-image, and what a set of pictures makes of it."""

import numpy as np
import pytest
import scipy.ndimage
import torch
from skimage.metrics import structural_similarity
from torch.nn.functional import avg_pool2d
from torchmetrics.functional.image import structural_similarity_index_measure

from kaogan.metrics.diversity import WEIGHTS, mean_ms_ssim, ms_ssim, scales_for


def pictures(count, size=64, channels=3, seed=0):
    rng = np.random.default_rng(seed)
    smooth = scipy.ndimage.gaussian_filter(
        rng.normal(size=(count, size, size, channels)), (0, size / 20, size / 20, 0)
    )
    return torch.from_numpy((128 + 50 * smooth / smooth.std()).clip(0, 255).astype(np.uint8))


def noisy(images, strength, seed=1):
    rng = torch.Generator().manual_seed(seed)
    noise = strength * torch.randn(images.shape, generator=rng)
    return (images + noise).round().clamp(0, 255).to(torch.uint8)


# References


@pytest.mark.parametrize(("size", "scales"), [(11, 1), (32, 2), (64, 3), (128, 4), (256, 5)])
def test_scales_fit_the_size(size, scales):
    assert scales_for(size) == scales
    assert scales_for(4096) == len(WEIGHTS) == 5


def of_scikit_image(a, b):
    """SSIM of each pair, where the window fits into the picture."""
    values = [
        structural_similarity(
            x,
            y,
            channel_axis=2,
            data_range=255,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for x, y in zip(a.double().numpy(), b.double().numpy(), strict=True)
    ]
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("size", [11, 16, 21])
def test_one_scale_is_scikit_images_ssim(size):
    a = pictures(3, size)
    b = noisy(a, 30)
    torch.testing.assert_close(ms_ssim(a, b), of_scikit_image(a, b), rtol=1e-6, atol=0)


@pytest.mark.parametrize(("size", "channels"), [(32, 1), (32, 3), (64, 3), (128, 3), (256, 1)])
def test_the_contrast_is_torchmetrics_and_the_coarsest_ssim_scikit_images(size, channels):
    # torchmetrics has a multi-scale SSIM too, but lets the window reach over the border on the
    # coarsest scale, which Wang's own program and scikit-image do not.
    a = pictures(4, size, channels)
    b = torch.cat([noisy(a[:2], 10), noisy(a[2:3], 60), pictures(1, size, channels, seed=2)])
    x, y = (p.permute(0, 3, 1, 2).double() for p in (a, b))
    factors = []
    for _ in range(scales_for(size) - 1):
        _, contrast = structural_similarity_index_measure(
            x, y, reduction=None, data_range=255.0, return_contrast_sensitivity=True
        )
        factors.append(contrast)
        x, y = avg_pool2d(x, 2), avg_pool2d(y, 2)
    factors.append(of_scikit_image(x.permute(0, 2, 3, 1), y.permute(0, 2, 3, 1)))
    weights = torch.tensor(WEIGHTS[: len(factors)], dtype=torch.float64)[:, None]
    expected = torch.stack(factors).clamp(min=0).pow(weights / weights.sum()).prod(dim=0)
    assert expected[:3].min() > 0.3
    torch.testing.assert_close(ms_ssim(a, b), expected, rtol=1e-5, atol=1e-9)


# Laws


def test_a_picture_is_like_itself():
    a = pictures(5)
    flat = torch.full((1, 64, 64, 1), 255, dtype=torch.uint8)
    assert ms_ssim(a, a.clone()).tolist() == pytest.approx([1] * 5)
    assert ms_ssim(flat, flat).item() == pytest.approx(1)


def test_likeness_has_no_direction_and_stays_between_0_and_1():
    a, b = pictures(20), pictures(20, seed=1)
    assert torch.equal(ms_ssim(a, b), ms_ssim(b, a))
    negative = ms_ssim(a, 255 - a)
    assert negative.min() >= 0
    assert ms_ssim(a, b).max() < 0.9


def test_more_noise_is_less_alike():
    a = pictures(3)
    found = torch.stack([ms_ssim(a, noisy(a, s)) for s in (0, 5, 20, 80)])
    assert (found.diff(dim=0) < 0).all()


# Sets


def test_two_pictures_are_one_pair():
    a = pictures(2)
    assert mean_ms_ssim(a, pairs=70) == pytest.approx(ms_ssim(a[:1], a[1:]).item())


def test_random_pairs_are_an_estimate_of_all_pairs():
    a = pictures(12, 32)
    i, j = torch.triu_indices(12, 12, offset=1)
    everything = ms_ssim(a[i], a[j])
    error = everything.std().item() / 2000**0.5
    assert mean_ms_ssim(a, pairs=2000) == pytest.approx(everything.mean().item(), abs=4 * error)


def test_a_seed_is_a_result():
    a = pictures(30, 32)
    results = [mean_ms_ssim(a, 20, seed) for seed in (0, 0, 1)]
    assert results[0] == results[1] != results[2]


def test_a_collapsed_set_is_alike_and_the_more_it_collapses_the_more():
    a = pictures(60, 32)
    found = [mean_ms_ssim(a[torch.arange(60) % modes], 300) for modes in (60, 6, 2, 1)]
    assert found == sorted(found)
    assert found[-1] == pytest.approx(1)
    assert found[0] < 0.5


def test_nothing_to_compare_is_refused():
    with pytest.raises(ValueError, match="1 pictures"):
        mean_ms_ssim(pictures(1))
    with pytest.raises(ValueError, match="0 pairs"):
        mean_ms_ssim(pictures(3), pairs=0)
    with pytest.raises(ValueError, match="11 pixels or more, not 8"):
        mean_ms_ssim(pictures(3, 8))
