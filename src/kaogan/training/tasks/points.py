"""`train_toy`: trains a recipe on a distribution of points."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch

from kaogan.data.toy import Distribution, ToyBatches
from kaogan.data.toy.batches import EPOCH, fingerprint
from kaogan.errors import UsageError
from kaogan.models import MLP
from kaogan.training.callbacks.curves import Curves
from kaogan.training.callbacks.metrics_log import MetricsLog
from kaogan.training.callbacks.nan_guard import NaNGuard
from kaogan.training.callbacks.scenes import Scenes
from kaogan.training.callbacks.scores import Scores
from kaogan.training.callbacks.stage import Stage
from kaogan.training.callbacks.timelapse import Timelapse
from kaogan.training.fit import fit
from kaogan.training.recipe import Budget, Hardware, Recipe, Watch
from kaogan.training.run import Run
from kaogan.training.tasks.base import RunContext, Task
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
    """Train on points from the distribution `target`, called `name`; see `kaogan.recipes.toy`.

    Other arguments and errors are those of `kaogan.train`. An epoch is 100,000 points, and
    `watch.evaluate_every` counts points. With `film`, the training is drawn as a film.
    """
    with _threads(recipe):
        return fit(recipe, PointsTask(target, name, film), out, budget, hardware, watch)


@contextlib.contextmanager
def _threads(recipe: Recipe) -> Iterator[None]:
    """One thread for small networks: two are hardly faster for their small products, and slower
    where other programs delay one of them.
    """
    before, model = torch.get_num_threads(), recipe.model
    if isinstance(model, MLP) and model.width * model.copies <= SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True)
class PointsTask(Task):
    """Learning from the points of a distribution."""

    unit: ClassVar[str] = "points"
    target: Distribution
    name: str
    film: bool

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

    def callbacks(self, context: RunContext) -> Sequence[Callback]:
        run, tracker = context.run, context.tracker
        guard = NaNGuard()
        scores = Scores(self.target, self.name, run.path, context.watch.evaluate_every)
        scenes = [
            Scenes(run.samples, self.target),
            Timelapse(run.samples, run.path / "timelapse"),
        ]
        return [
            MetricsLog(run.metrics, tracker, [guard.listen], lambda: scores.remark),
            guard,
            Stage(tracker, "saving"),
            context.saver,
            Stage(tracker, "scoring"),
            scores,
            Stage(tracker, "drawing"),
            Curves(run.metrics, run.evaluations, run.path / "curves.png"),
            *(scenes if self.film else []),
        ]
