"""Do the metrics tell better from worse? Real pictures are degraded step by step.

The pictures are drawn avatars: 250 as the real ones, 250 others in the place of generated ones.
What a metric is for must move it at every step, in the right direction; what it is not for must
not. The features are those that need no download.
"""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional

from kaogan.data.avatars import draw, sample_avatar
from kaogan.metrics.clouds import PictureSource, gather
from kaogan.metrics.comparisons import metrics
from kaogan.metrics.features import load_extractor
from kaogan.progress import Silent

COUNT = 250
OF_FEATURES = ("frechet", "kid", "precision-recall", "density-coverage")
FINE, COARSE = "SWD x 1000, 64 px", "SWD x 1000, 16 px"


def avatars(seed, wanted=lambda avatar: True):
    """Pictures of the first avatars of a seed that are wanted: N H W C."""
    found, index = [], 0
    while len(found) < COUNT:
        avatar = sample_avatar(seed, index)
        index += 1
        if wanted(avatar):
            found.append(draw(avatar, 64))
    return torch.from_numpy(np.stack(found))


@pytest.fixture(scope="module")
def fresh():
    return avatars(seed=1)


@pytest.fixture(scope="module")
def measure():
    """Pictures, and names of metrics, to figures against the real ones."""
    extractor = load_extractor()

    def cloud(pictures):
        return gather(PictureSource.shuffled(pictures.numpy(), 0), COUNT, extractor, Silent())

    real = cloud(avatars(seed=0))

    def figures(pictures, names):
        fake = cloud(pictures)
        return {
            label.split(" (")[0]: value.value
            for name in names
            for label, value in metrics[name].compare(real, fake, 0).items()
        }

    return figures


def curves(measure, versions, *more):
    """Pictures and their degraded versions to a curve for each figure."""
    steps = [measure(version, (*OF_FEATURES, *more)) for version in versions]
    return {label: [step[label] for step in steps] for label in steps[0]}


def rises(values):
    return all(before < after for before, after in pairwise(values))


def falls(values):
    return rises([-value for value in values])


def stays(values, within):
    return max(abs(value - values[0]) for value in values) <= within


def blurred(pictures, sigma):
    radius = 8
    places = torch.arange(-radius, radius + 1).float()
    line = torch.exp(-places.square() / (2 * sigma**2))
    kernel = (line[:, None] * line / line.sum() ** 2).expand(3, 1, -1, -1)
    planes = functional.pad(pictures.permute(0, 3, 1, 2).float(), (radius,) * 4, mode="replicate")
    smooth = functional.conv2d(planes, kernel, groups=3)
    return smooth.round().byte().permute(0, 2, 3, 1).contiguous()


def noisy(pictures, sigma):
    rng = torch.Generator().manual_seed(0)
    noise = sigma * torch.randn(pictures.shape, generator=rng)
    return (pictures + noise).round().clamp(0, 255).byte()


def test_real_pictures_are_found_real(measure, fresh):
    figures = measure(fresh, (*OF_FEATURES, "spectrum"))
    assert abs(figures["KID"]) < 0.01
    assert min(figures["precision"], figures["recall"], figures["density"]) > 0.75
    assert figures["coverage"] > 0.9
    assert figures["spectrum, dB"] < 0.5


@pytest.mark.parametrize(
    ("degrade", "strengths", "precision_left"),
    [(blurred, (0.8, 1.2, 1.6), 0.9), (noisy, (15, 30, 60), 0.3)],
)
def test_blur_and_noise(measure, fresh, degrade, strengths, precision_left):
    versions = [fresh, *(degrade(fresh, strength) for strength in strengths)]
    got = curves(measure, versions, "swd", "spectrum")
    for label in ("Fréchet distance", "KID", FINE, "spectrum, dB"):
        assert rises(got[label]), label
    for label in ("precision", "density", "coverage"):
        assert falls(got[label]), label
    assert got["precision"][-1] < precision_left * got["precision"][0]
    # Large shapes are as they were.
    assert stays(got[COARSE], within=0.15 * got[COARSE][0])


def test_dropped_modes(measure, fresh):
    """Fewer and fewer kinds of faces, drawn as well as all the others."""
    plain = ("plain", "gradient")
    kinds = [
        lambda a: a.hair_hue < 270,
        lambda a: a.hair_hue < 180 and a.background in plain,
        lambda a: a.hair_hue < 90 and a.background == "plain" and a.hair_back in ("short", "bob"),
    ]
    got = curves(measure, [fresh, *(avatars(1, kind) for kind in kinds)], "spectrum")
    for label in ("Fréchet distance", "KID"):
        assert rises(got[label]), label
    for label in ("recall", "coverage"):
        assert falls(got[label]), label
    assert min(got["precision"]) > got["precision"][0] - 0.1
    assert stays(got["spectrum, dB"], within=0.5)


def test_duplicates(measure, fresh):
    """Fewer and fewer different pictures: a generator that collapses."""
    versions = [fresh[torch.arange(COUNT) % different] for different in (125, 40, 10)]
    got = curves(measure, [fresh, *versions], "diversity", "spectrum")
    assert rises(got["Fréchet distance"])
    assert falls(got["coverage"])
    assert falls(got["recall"][:3])
    assert got["recall"][-1] == 0
    assert got["MS-SSIM of pairs"][-1] > 1.2 * got["MS-SSIM of pairs"][0]
    # Each one is as good as before.
    assert min(got["precision"]) > got["precision"][0] - 0.15
    assert stays(got["spectrum, dB"], within=0.7)
