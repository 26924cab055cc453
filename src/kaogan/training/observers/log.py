"""The numbers of a run: RUN/metrics.jsonl, the progress bar, and TensorBoard."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from kaogan.files import write_text
from kaogan.progress import Tracker
from kaogan.training.observers.schedule import every
from kaogan.training.trainer import StepStats, Trainer, Watcher

IMAGES_PER_ROW = 1000

Row = dict[str, Any]


def read_rows(file: Path) -> Iterator[Row]:
    """The rows of a metrics file; a last line cut off by a killed process is left out."""
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            return


class Log(Watcher):
    """Averages what the steps measured; writes a row about every thousand images.

    `listeners` are called with each row: health, TensorBoard.
    """

    def __init__(
        self, file: Path, tracker: Tracker, listeners: list[Callable[[Trainer, Row], None]]
    ) -> None:
        self.file, self.tracker, self.listeners = file, tracker, listeners

    def start(self, trainer: Trainer) -> None:
        # Steps after the last checkpoint will be taken, and logged, again.
        kept = [r for r in read_rows(self.file) if r["images_seen"] <= trainer.state.images_seen]
        write_text(self.file, "".join(json.dumps(row) + "\n" for row in kept))
        self._steps: list[torch.Tensor] = []
        self._images = 0

    def after_step(self, trainer: Trainer, stats: StepStats) -> None:
        self._steps.append(torch.stack(stats))
        self._images += trainer.recipe.batch
        after = trainer.state.images_seen
        if every(IMAGES_PER_ROW, after - trainer.recipe.batch, after):
            self._write(trainer)

    def finish(self, trainer: Trainer) -> None:
        if self._steps:
            self._write(trainer)

    def _write(self, trainer: Trainer) -> None:
        # The only place where the training waits for the device.
        means = torch.stack(self._steps).mean(0).tolist()
        row: Row = {"images_seen": trainer.state.images_seen} | {
            name: round(value, 5) for name, value in zip(StepStats._fields, means, strict=True)
        }
        self.tracker.advance(
            self._images,
            f"loss D {row['loss_d']:.2f} G {row['loss_g']:.2f}  "
            f"D(x) {row['d_real']:.2f} D(G(z)) {row['d_fake']:.2f}",
        )
        self._steps, self._images = [], 0
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        for listener in self.listeners:
            listener(trainer, row)


class TensorBoard(Watcher):
    """The same rows for TensorBoard: `tensorboard --logdir RUN/tensorboard`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self, trainer: Trainer) -> None:
        from torch.utils.tensorboard import SummaryWriter  # slow to import

        self._writer = SummaryWriter(str(self.folder), purge_step=trainer.state.images_seen + 1)

    def listen(self, trainer: Trainer, row: Row) -> None:
        """Write a row of the log."""
        for name, value in row.items():
            if name != "images_seen":
                self._writer.add_scalar(name, value, row["images_seen"])

    def finish(self, trainer: Trainer) -> None:
        self._writer.close()
