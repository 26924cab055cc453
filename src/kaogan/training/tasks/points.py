"""`train_toy`: a recipe, a distribution of points and a folder in; a run out, and a film of it."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from kaogan.data.toy import Distribution, ToyBatches
from kaogan.data.toy.batches import EPOCH, fingerprint
from kaogan.errors import UsageError
from kaogan.models import MLP
from kaogan.training.callbacks import (
    Curves,
    MetricsLog,
    NaNGuard,
    Scenes,
    Scores,
    Timelapse,
)
from kaogan.training.fit import fit
from kaogan.training.recipe import Budget, Hardware, Recipe, Watch
from kaogan.training.run import Run
from kaogan.training.run_log import RunLog
from kaogan.training.tasks.base import RunContext
from kaogan.training.trainer import Callback

SMALL = 512
"""Units in a layer, of all copies together."""


def train_toy(
    recipe: Recipe,
    target: Distribution,
    name: str,
    out: Path | str,
    budget: Budget,
    hardware: Hardware | None = None,
    watch: Watch | None = None,
    film: bool = True,
) -> Run:
    """Train on points until the budget is used up, or Ctrl-C; the same call again goes on.

    Args:
        recipe: what to train; see `kaogan.recipes.toy`.
        target: where real points come from.
        name: what to call it.
        out: the RUN folder; made, or continued if it holds a run of this recipe and distribution.
        budget: how long, counted from the run's beginning; an epoch is 100,000 points.
        hardware: device and precision.
        watch: how often to save, and to judge (`evaluate_every`, in points).
        film: draw the game, and string the pictures together.

    Raises:
        UsageError: recipe and distribution do not fit, or `out` holds another run.
        KaoganError: out of memory, a second training on `out`, or NaN three times over.

    """
    with _threads(recipe):
        return fit(recipe, PointsTask(target, name, film), out, budget, hardware, watch)


@contextlib.contextmanager
def _threads(recipe: Recipe) -> Iterator[None]:
    """One thread for small networks: their products are too small to be shared out with profit, and
    where other programs are at work, every one of them would wait for the slower thread.
    """
    before, model = torch.get_num_threads(), recipe.model
    if isinstance(model, MLP) and model.width * model.copies <= SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True)
class PointsTask:
    """The task of drawing points like those of a distribution."""

    target: Distribution
    name: str
    film: bool

    @property
    def unit(self) -> str:
        return "points"

    @property
    def contents(self) -> str:
        return f"{self.name}, {EPOCH:,} points"

    @property
    def about(self) -> Mapping[str, Any]:
        return {"path": self.name, "fingerprint": fingerprint(self.target), "points": EPOCH}

    def check(self, recipe: Recipe) -> None:
        shape = recipe.model.sample_shape
        if len(shape) != 2 or shape[1] != self.target.dim:
            raise UsageError(
                f"the recipe's samples are of shape {shape}, the points of {self.name} have "
                f"{self.target.dim} coordinates; use recipes.toy(data_dim={self.target.dim})"
            )

    def batches(self, recipe: Recipe, device: torch.device, workers: int) -> ToyBatches:
        return ToyBatches(self.target, recipe.model.sample_shape[0], device, recipe.seed)

    def advise(self, run_log: RunLog) -> None:
        """Points are never too few: the distribution draws as many as are needed."""

    def callbacks(self, context: RunContext) -> Sequence[Callback]:
        run = context.run
        finite = NaNGuard()
        scores = Scores(self.target, self.name, run.path, context.watch.evaluate_every)
        scenes = [
            Scenes(run.samples, self.target),
            Timelapse(run.samples, run.path / "timelapse"),
        ]
        return [
            MetricsLog(run.metrics, context.tracker, [finite.listen], lambda: scores.remark),
            finite,
            context.saver,
            scores,
            Curves(run.metrics, run.evaluations, run.path / "curves.png"),
            *(scenes if self.film else []),
        ]
