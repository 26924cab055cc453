"""The registry of the metrics of `kaogan evaluate`.

A new metric is a function like those below, here or in a file of its own that `evaluate` imports.
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
    """A metric: a comparison, and which of its values are better."""

    better: Better
    least: int
    """Pictures of each side that it needs."""
    most: int | None
    """Pictures of each side that it uses, the first ones. None: all."""
    compare: Compare


metrics: Registry[Metric] = Registry("metric")


def metric(
    name: str, better: Better, least: int, most: int | None = None
) -> Callable[[Compare], Compare]:
    """Register a function as a metric."""

    def register(compare: Compare) -> Compare:
        metrics.register(name)(Metric(better, least, most, compare))
        return compare

    return register


@metric("frechet", "lower", least=50)
def _frechet(real: Cloud, fake: Cloud, seed: int) -> dict[str, Value]:
    # It is the FID only with the features of the Inception network of 2015-12-05.
    label = "FID" if real.extractor == "inception" else "Fréchet distance"
    return {label: Value(value=frechet_distance(real.moments, fake.moments))}


@metric("kid", "lower", least=50, most=KEPT_FEATURES)
def _kid(real: Cloud, fake: Cloud, seed: int) -> dict[str, Value]:
    subset = min(SUBSET, len(real.compared) // 2)
    value, deviation = kernel_distance(real.compared, fake.compared, subset, seed=seed)
    return {f"KID (subsets of {subset:,})": Value(value=value, deviation=deviation)}


@metric("precision-recall", "higher", least=100, most=KEPT_FEATURES)
def _precision_recall(real: Cloud, fake: Cloud, seed: int) -> dict[str, Value]:
    precision, recall = precision_recall(real.compared, fake.compared)
    return {"precision (k = 3)": Value(value=precision), "recall (k = 3)": Value(value=recall)}


@metric("density-coverage", "higher", least=100, most=KEPT_FEATURES)
def _density_coverage(real: Cloud, fake: Cloud, seed: int) -> dict[str, Value]:
    density, coverage = density_coverage(real.compared, fake.compared)
    return {"density (k = 5)": Value(value=density), "coverage (k = 5)": Value(value=coverage)}


@metric("swd", "lower", least=50, most=SWD_PICTURES)
def _swd(real: Cloud, fake: Cloud, seed: int) -> dict[str, Value]:
    levels = sliced_wasserstein(real.pictures[:SWD_PICTURES], fake.pictures[:SWD_PICTURES], seed)
    return {f"SWD x 1000, {size} px": Value(value=value) for size, value in levels.items()}


@metric("diversity", "lower", least=50, most=KEPT_PICTURES)
def _diversity(real: Cloud, fake: Cloud, seed: int) -> dict[str, Value]:
    # Of the generated pictures alone; the floor is the value of real ones.
    return {"MS-SSIM of pairs": Value(value=mean_ms_ssim(fake.pictures, seed=seed))}


@metric("spectrum", "lower", least=50, most=KEPT_PICTURES)
def _spectrum(real: Cloud, fake: Cloud, seed: int) -> dict[str, Value]:
    return {"spectrum, dB": Value(value=spectrum_distance(real.pictures, fake.pictures))}
