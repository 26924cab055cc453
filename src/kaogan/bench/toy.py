"""The PacGAN paper's measurement of lost modes, several seeds at once.

Lin et al., "PacGAN: The power of two samples in generative adversarial networks" (NeurIPS 2018),
table 1: 2,500 points of every generator, judged by `kaogan.metrics.modes`. A seed is a copy of the
model, with networks, points and latents of its own.
"""

import json
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kaogan import recipes
from kaogan.data.toy import distribution
from kaogan.errors import KaoganError
from kaogan.training.recipe import Budget, Hardware, Recipe, Watch
from kaogan.training.tasks.points import train_toy

DATA = ("ring", "grid")
STEPS_BETWEEN_SCORES = 500


@dataclass(frozen=True)
class MeanAndError:
    """A mean over seeds, and its standard error where it is known."""

    mean: float
    error: float | None = None


@dataclass(frozen=True)
class Result:
    """How well a method fills the modes of a distribution."""

    covered: MeanAndError
    high_quality: MeanAndError
    """A share, 0 to 1."""
    reverse_kl: MeanAndError
    """In nats; infinite if a generator hit no mode."""
    every_mode: bool | None = None
    """Did every seed cover every mode?"""


PAPER: Mapping[str, Mapping[str, Result]] = {
    "GAN": {
        "ring": Result(MeanAndError(6.3, 0.5), MeanAndError(0.982), MeanAndError(0.45)),
        "grid": Result(MeanAndError(17.3, 0.8), MeanAndError(0.948), MeanAndError(0.70)),
    },
    "ALI": {
        "ring": Result(MeanAndError(6.6), MeanAndError(0.976), MeanAndError(0.36)),
        "grid": Result(MeanAndError(24.1), MeanAndError(0.957), MeanAndError(0.14)),
    },
    "PacGAN2": {
        "ring": Result(MeanAndError(7.9), MeanAndError(0.956), MeanAndError(0.07)),
        "grid": Result(MeanAndError(23.8), MeanAndError(0.913), MeanAndError(0.13)),
    },
    "PacGAN4": {
        "ring": Result(MeanAndError(7.8), MeanAndError(0.959), MeanAndError(0.07)),
        "grid": Result(MeanAndError(24.8), MeanAndError(0.936), MeanAndError(0.04)),
    },
}
"""400,000 steps and 10 seeds each."""


@dataclass(frozen=True)
class Setting:
    """What is measured: a recipe, and which of its generators is judged."""

    loss: str
    seeds: int
    steps: int
    packing: int = 1

    @property
    def recipe(self) -> Recipe:
        """Kaogan's own for the relativistic loss; for others, the paper's with that loss."""
        if self.loss == "relativistic":
            return recipes.toy(copies=self.seeds, steps=self.steps, packing=self.packing)
        return recipes.pacgan(self.loss, self.packing, self.seeds)

    @property
    def weights(self) -> str:
        """The averaged generator, or the raw one, as in the paper."""
        return "ema" if self.loss == "relativistic" else "raw"


def run_setting(setting: Setting, out: Path, hardware: Hardware) -> Iterator[tuple[str, Result]]:
    """Train and judge on the ring and on the grid, and give each result as it comes.

    Everything is kept in `out`; the same call again goes on where it was stopped.

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
        scores = json.loads((run.path / "toy.json").read_text(encoding="utf-8"))
        if scores["steps"] < setting.steps:
            raise KaoganError(f"stopped in {run.path}; the same command goes on from there")
        yield name, _result(scores[setting.weights])


def _result(copies: list[dict[str, float]]) -> Result:
    return Result(
        covered=_figure([copy["covered"] for copy in copies]),
        high_quality=_figure([copy["high_quality"] for copy in copies]),
        reverse_kl=_figure(
            [float("inf") if copy["reverse_kl"] is None else copy["reverse_kl"] for copy in copies]
        ),
        every_mode=all(copy["covered"] == copy["modes"] for copy in copies),
    )


def _figure(values: list[float]) -> MeanAndError:
    """Mean and standard error of the mean."""
    mean = statistics.fmean(values)
    if len(values) < 2 or mean == float("inf"):
        return MeanAndError(mean)
    return MeanAndError(mean, statistics.stdev(values) / len(values) ** 0.5)
