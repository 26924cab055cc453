"""`train`: trains a recipe on a data set of pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from kaogan.data.batches import ImageBatches, Rows
from kaogan.data.dataset import Dataset
from kaogan.errors import UsageError, typed
from kaogan.images import evenly_spread
from kaogan.labels import Attribute, chosen, with_shares
from kaogan.training.callbacks.curves import Curves
from kaogan.training.callbacks.evaluation import FEWEST, Evaluation
from kaogan.training.callbacks.health import Health
from kaogan.training.callbacks.metrics_log import MetricsLog, TensorBoard
from kaogan.training.callbacks.nan_guard import NaNGuard
from kaogan.training.callbacks.samples import Samples
from kaogan.training.callbacks.side_by_side import SideBySide
from kaogan.training.callbacks.stage import Stage
from kaogan.training.callbacks.timelapse import Timelapse
from kaogan.training.fit import fit
from kaogan.training.recipe import Budget, Hardware, Recipe, Watch
from kaogan.training.run import Run
from kaogan.training.run_log import RunLog
from kaogan.training.standing import standing
from kaogan.training.start import Start
from kaogan.training.tasks.base import RunContext, Task
from kaogan.training.trainer import Callback

DEFAULT_BUDGET = Budget(images=1_000_000)
FEW_PICTURES = 1000
COMPARED = 256
"""Real pictures with whose diversity that of generated ones is compared."""


def learned(dataset: Dataset, names: str) -> list[dict[str, Any]]:
    """The option `attributes` of a recipe that learns these labels: "hair-colour,smile" or "all".

    Raises:
        UsageError: the data set has no such labels.

    """
    if not dataset.attributes:
        raise UsageError(
            f"{dataset.path} has no labels to learn; add some first: kaogan data label "
            f"{typed(dataset.path)} --labels FILE.csv"
        )
    return [
        with_shares(
            dataset.attributes[place], np.asarray(dataset.train_labels[:, place])
        ).model_dump(mode="json")
        for place in chosen(dataset.attributes, names.split(","))
    ]


def codes_of(dataset: Dataset, attributes: Sequence[Attribute]) -> tuple[np.ndarray, np.ndarray]:
    """The codes of these attributes (N x A) for the training and the held-out pictures.

    Raises:
        UsageError: the data set has not all of them, or with other values.

    """
    known = {attribute.name: attribute for attribute in dataset.attributes}
    for attribute in attributes:
        same = known.get(attribute.name)
        if same is None or (same.kind, same.values) != (attribute.kind, attribute.values):
            what = "other values of" if same else "no labels of"
            raise UsageError(
                f"the data set {dataset.path} has {what} {attribute.name}, which the recipe "
                "learns; choose others with --condition, or label it: kaogan data label"
            )
    places = [list(known).index(attribute.name) for attribute in attributes]
    train, held_out = dataset.train_labels, dataset.held_out_labels
    return np.asarray(train[:, places]), np.asarray(held_out[:, places])


def train(
    recipe: Recipe,
    dataset: Dataset,
    out: Path | str,
    budget: Budget = DEFAULT_BUDGET,
    hardware: Hardware | None = None,
    watch: Watch | None = None,
    start: Start | None = None,
    remarks: Sequence[str] = (),
) -> Run:
    """Train until the budget is used up, or Ctrl-C. The same call again resumes the run.

    Args:
        recipe: what to train; see `kaogan.recipes`.
        dataset: pictures of the recipe's size and channels.
        out: the RUN folder. It is created, or resumed if it has a run of this recipe and data.
        budget: how long, counted from the start of the run.
        hardware: device, precision, workers; by default chosen for this machine.
        watch: how often to save and to evaluate, and whether to stop when nothing improves.
        start: trained networks to start from (`kaogan.open_start`); by default fresh ones.
        remarks: on the choices behind the recipe, for the run's log and the terminal.

    Raises:
        UsageError: recipe, data and start do not fit, or `out` has another run.
        KaoganError: out of memory, another training in `out`, or NaN after all rollbacks.

    """
    return fit(recipe, Pictures(dataset), out, budget, hardware, watch, start, remarks)


@dataclass(frozen=True)
class Pictures(Task):
    """Learning from the pictures of a data set."""

    unit: ClassVar[str] = "images"
    dataset: Dataset

    @property
    def contents(self) -> str:
        here = f", {len(self.dataset.train):,} of them here" if self.dataset.part else ""
        return f"{self.count:,} pictures{here}"

    @property
    def count(self) -> int:
        """Training pictures, of all parts."""
        return int(self.dataset.summary["train"])

    @property
    def about(self) -> Mapping[str, Any]:
        return {
            "path": str(self.dataset.path),
            "absolute_path": str(self.dataset.path.resolve()),
            "fingerprint": self.dataset.fingerprint,
            "pictures": self.count,
            **({"labels": labels} if (labels := self.dataset.labels_fingerprint) else {}),
        }

    def difference(self, fingerprint: str) -> str:
        if added := self.dataset.added_since(fingerprint):
            return f"data: {added:,} pictures were added since"
        return super().difference(fingerprint)

    def check(self, recipe: Recipe) -> None:
        channels, size, _ = recipe.model.sample_shape
        mine = self.dataset
        if (size, channels) != (mine.size, mine.channels):
            raise UsageError(
                f"the recipe draws {size}x{size} pictures with {channels} channels, the data set "
                f"{mine.path} has {mine.size}x{mine.size} with {mine.channels}; "
                f"use --size {mine.size}, or prepare the data anew"
            )
        codes_of(mine, recipe.model.attributes)
        if mine.part is not None and recipe.batch % mine.part.parts:
            raise UsageError(
                f"a batch of {recipe.batch} cannot be divided into {mine.part.parts} parts; use "
                f"--batch {-(-recipe.batch // mine.part.parts) * mine.part.parts}"
            )

    def batches(self, recipe: Recipe, device: torch.device, workers: int) -> ImageBatches:
        rows, part, codes = None, self.dataset.part, None
        if recipe.model.attributes:
            codes, _ = codes_of(self.dataset, recipe.model.attributes)
        if part is not None:
            rows = Rows(part, recipe.batch, self.count)
        # Of several processes, each reads its part of every batch.
        return ImageBatches(
            self.dataset.train,
            device,
            recipe.seed,
            workers,
            stride=recipe.batch,
            rows=rows,
            codes=codes,
        )

    def advise(self, run_log: RunLog) -> None:
        if self.count < FEW_PICTURES:
            run_log.warn(
                f"{self.count:,} pictures are few: the generator will copy or "
                "collapse. Several thousand are needed for new faces"
            )

    def conclusion(self, run: Run) -> list[str]:
        if len(self.dataset.held_out) < FEWEST:
            return [
                f"how good they are was not measured: fewer than {FEWEST} pictures are held out"
            ]
        found = standing(run.path)
        return found.lines if found else []

    def callbacks(self, context: RunContext) -> Sequence[Callback]:
        run, run_log, watch, tracker = context.run, context.run_log, context.watch, context.tracker
        samples = Samples(run.samples, context.background)
        guard = NaNGuard()
        health = Health(run_log, samples, evenly_spread(self.dataset.train, COMPARED))
        board = TensorBoard(run.path / "tensorboard")
        remark: Callable[[], str] = str
        evaluations: list[Callback] = []
        if watch.evaluate_every and len(self.dataset.held_out) >= FEWEST:
            evaluation = Evaluation(
                self.dataset.held_out,
                run.path,
                watch.evaluate_every,
                run_log,
                [board.listen],
                watch.stop_when_flat,
                self.dataset.train,
                context.planned,
                tracker,
                context.background,
            )
            evaluations, remark = [evaluation], lambda: evaluation.remark
        return [
            MetricsLog(run.metrics, tracker, [guard.listen, health.listen, board.listen], remark),
            guard,
            health,
            Stage(tracker, "saving"),
            context.saver,
            *evaluations,
            board,
            Stage(tracker, "drawing"),
            samples,
            SideBySide(samples, self.dataset.train, run.path),
            Curves(run.metrics, run.evaluations, run.path / "curves.png"),
            Stage(tracker, "filming"),
            Timelapse(run.samples, run.path / "timelapse"),
        ]
