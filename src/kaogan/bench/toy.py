"""The PacGAN paper's measurement of mode collapse, with several seeds at once.

Lin et al., "PacGAN: The power of two samples in generative adversarial networks" (NeurIPS 2018),
table 1: 2,500 points of every generator, scored by `kaogan.metrics.modes`. A seed is a copy of the
model with its own networks, points and latents.
"""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kaogan import recipes
from kaogan.data.toy import distribution
from kaogan.errors import KaoganError
from kaogan.records import read_json
from kaogan.training.recipe import Budget, Hardware, Recipe, Watch
from kaogan.training.records import ModesRecord, ScoresRecord
from kaogan.training.tasks.points import train_toy

DATA = ("ring", "grid")
STEPS_BETWEEN_SCORES = 500


@dataclass(frozen=True)
class MeanAndError:
    """A mean over seeds, and its standard error if it is known."""

    mean: float
    error: float | None = None


@dataclass(frozen=True)
class Result:
    """How well a method covers the modes of a distribution."""

    covered: MeanAndError
    high_quality: MeanAndError
    """A share, 0 to 1."""
    reverse_kl: MeanAndError
    """In nats; infinite if a generator reached no mode."""
    every_mode: bool | None = None
    """Did every seed cover every mode?"""


def _published(
    covered: float, high_quality: float, reverse_kl: float, error: float | None = None
) -> Result:
    """A result of the paper; the error is that of the covered modes."""
    return Result(
        MeanAndError(covered, error), MeanAndError(high_quality), MeanAndError(reverse_kl)
    )


PAPER: Mapping[str, Mapping[str, Result]] = {
    "GAN": {
        "ring": _published(6.3, 0.982, 0.45, error=0.5),
        "grid": _published(17.3, 0.948, 0.70, error=0.8),
    },
    "ALI": {"ring": _published(6.6, 0.976, 0.36), "grid": _published(24.1, 0.957, 0.14)},
    "PacGAN2": {"ring": _published(7.9, 0.956, 0.07), "grid": _published(23.8, 0.913, 0.13)},
    "PacGAN4": {"ring": _published(7.8, 0.959, 0.07), "grid": _published(24.8, 0.936, 0.04)},
}
"""400,000 steps and 10 seeds each."""


@dataclass(frozen=True)
class Setting:
    """A recipe to measure, and the choice of the raw or the averaged generator."""

    loss: str
    seeds: int
    steps: int
    packing: int = 1

    @property
    def recipe(self) -> Recipe:
        """Kaogan's own recipe for the relativistic loss; the paper's with any other loss."""
        if self.loss == "relativistic":
            return recipes.toy(copies=self.seeds, steps=self.steps, packing=self.packing)
        return recipes.pacgan(self.loss, self.packing, self.seeds)

    @property
    def weights(self) -> str:
        """The averaged generator, or the raw one, as in the paper."""
        return "ema" if self.loss == "relativistic" else "raw"


def run_setting(setting: Setting, out: Path, hardware: Hardware) -> Iterator[tuple[str, Result]]:
    """Train and score on the ring and on the grid, and yield each result.

    Everything is kept in `out`; the same call again continues.

    Raises:
        KaoganError: it was stopped before its end.
        UsageError: `out` holds runs with other settings.

    """
    recipe = setting.recipe
    budget = Budget(images=setting.steps * recipe.batch)
    watch = Watch(evaluate_every=STEPS_BETWEEN_SCORES * recipe.batch)
    for name in DATA:
        target = distribution(name)
        run = train_toy(recipe, target, name, out / name, budget, hardware, watch, film=False)
        scores = read_json(run.path / "toy.json", ScoresRecord)
        if scores.steps < setting.steps:
            raise KaoganError(f"stopped in {run.path}; the same command goes on from there")
        yield name, _result(getattr(scores, setting.weights))


def _result(copies: Sequence[ModesRecord]) -> Result:
    """The result of one distribution from the scores of every copy; a KL of None is infinite."""

    def mean(measured: Iterable[float | None]) -> MeanAndError:
        values = [float("inf") if value is None else value for value in measured]
        average = statistics.fmean(values)
        if len(values) < 2 or average == float("inf"):
            return MeanAndError(average)
        return MeanAndError(average, statistics.stdev(values) / len(values) ** 0.5)

    every_mode = all(copy.covered == copy.modes for copy in copies)
    return Result(
        mean(copy.covered for copy in copies),
        mean(copy.high_quality for copy in copies),
        mean(copy.reverse_kl for copy in copies),
        every_mode,
    )
