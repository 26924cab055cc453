"""The metrics as `kaogan evaluate` knows them: what each takes of two clouds, and what it needs.

A new metric is a function like those below, here or in a file of its own that `evaluate` imports:
its decorator says when it is worth computing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from kaogan.metrics.clouds import KEPT_FEATURES, KEPT_PICTURES, Cloud
from kaogan.metrics.coverage import density_coverage, precision_recall
from kaogan.metrics.diversity import mean_ms_ssim
from kaogan.metrics.frechet import frechet_distance
from kaogan.metrics.kernel import kernel_distance
from kaogan.metrics.report import Value
from kaogan.metrics.spectrum import spectrum_distance
from kaogan.metrics.wasserstein import sliced_wasserstein
from kaogan.registry import Registry

Better = Literal["lower", "higher"]
Compare = Callable[[Cloud, Cloud, int], dict[str, Value]]
"""Real pictures, generated ones and a seed to values by label; the same labels every time."""

SWD_PICTURES = 1024  # half a minute on one core for both splits and the floor
SUBSET = 1000  # points in one of KID's subsets, as in the paper; half of them where there are fewer


@dataclass(frozen=True)
class Metric:
    """A metric, and with how many pictures.

    Args:
        better: which values are.
        least: pictures of each side below which it says nothing.
        most: pictures that it looks at; the first ones. None: all.
        compare: the metric itself.

    """

    better: Better
    least: int
    most: int | None
    compare: Compare


metrics: Registry[Metric] = Registry("metric")


def metric(
    name: str, better: Better, least: int, most: int | None = None
) -> Callable[[Compare], Compare]:
    """Register a function as a metric."""

    def enter(compare: Compare) -> Compare:
        metrics.register(name)(Metric(better, least, most, compare))
        return compare

    return enter


@metric("frechet", "lower", least=50)
def _frechet(real: Cloud, fake: Cloud, seed: int) -> dict[str, Value]:
    # Only with the Inception network of 2015-12-05 is it what everyone calls FID.
    label = "FID" if real.extractor == "inception" else "Fréchet distance"
    return {label: Value(value=frechet_distance(real.moments, fake.moments))}


@metric("kid", "lower", least=50, most=KEPT_FEATURES)
def _kid(real: Cloud, fake: Cloud, seed: int) -> dict[str, Value]:
    count = min(real.count, KEPT_FEATURES)
    subset = min(SUBSET, count // 2)
    a, b = real.features[:count], fake.features[:count]
    value, deviation = kernel_distance(a, b, subset, seed=seed)
    return {f"KID (subsets of {subset:,})": Value(value=value, deviation=deviation)}


@metric("precision-recall", "higher", least=100, most=KEPT_FEATURES)
def _precision_recall(real: Cloud, fake: Cloud, seed: int) -> dict[str, Value]:
    count = min(real.count, KEPT_FEATURES)
    precision, recall = precision_recall(real.features[:count], fake.features[:count])
    return {"precision (k = 3)": Value(value=precision), "recall (k = 3)": Value(value=recall)}


@metric("density-coverage", "higher", least=100, most=KEPT_FEATURES)
def _density_coverage(real: Cloud, fake: Cloud, seed: int) -> dict[str, Value]:
    count = min(real.count, KEPT_FEATURES)
    density, coverage = density_coverage(real.features[:count], fake.features[:count])
    return {"density (k = 5)": Value(value=density), "coverage (k = 5)": Value(value=coverage)}


@metric("swd", "lower", least=50, most=SWD_PICTURES)
def _swd(real: Cloud, fake: Cloud, seed: int) -> dict[str, Value]:
    a, b = real.pictures[:SWD_PICTURES], fake.pictures[:SWD_PICTURES]
    levels = sliced_wasserstein(a, b, seed)
    return {f"SWD x 1000, {size} px": Value(value=value) for size, value in levels.items()}


@metric("diversity", "lower", least=50, most=KEPT_PICTURES)
def _diversity(real: Cloud, fake: Cloud, seed: int) -> dict[str, Value]:
    # About one set alone; the floor is that of real pictures.
    return {"MS-SSIM of pairs": Value(value=mean_ms_ssim(fake.pictures, seed=seed))}


@metric("spectrum", "lower", least=50, most=KEPT_PICTURES)
def _spectrum(real: Cloud, fake: Cloud, seed: int) -> dict[str, Value]:
    return {"spectrum, dB": Value(value=spectrum_distance(real.pictures, fake.pictures))}
