"""The numbers of a run: RUN/metrics.jsonl, the progress bar, and TensorBoard."""

import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kaogan.progress import Tracker
from kaogan.training.callbacks.intervals import every
from kaogan.training.rows import Row, append_row, keep_rows
from kaogan.training.trainer import Callback, StepStats, Trainer

IMAGES_PER_ROW = 1000
SHARE = 1 / 500
"""Rows are at most this share of the images seen apart, so five million images have 1,900 rows."""


def spacing(images_seen: int) -> int:
    """Images between rows. Each row waits for the device, and long logs are slow to read."""
    return IMAGES_PER_ROW * max(1, int(images_seen * SHARE / IMAGES_PER_ROW))


class MetricsLog(Callback):
    """Writes the means of `StepStats` about every thousand images, later less often (`spacing`).

    `listeners` (health, TensorBoard) are called with each row before it is written. `remark` begins
    the figures of the progress line. The trainer adds the numbers up in the state, so a resumed
    run has the rows of an uninterrupted one.
    """

    def __init__(
        self,
        file: Path,
        tracker: Tracker,
        listeners: Sequence[Callable[[Trainer, Row], None]],
        remark: Callable[[], str] = str,
    ) -> None:
        self.file, self.tracker, self.listeners, self.remark = file, tracker, listeners, remark

    def start(self, trainer: Trainer) -> None:
        # If sums are left, the last row was written before its time, because the training ended.
        state = trainer.state
        end = state.images_seen - bool(state.unlogged[-1])
        keep_rows(self.file, lambda row: row["images_seen"] <= end)
        self._shown = state.images_seen

    def after_step(self, trainer: Trainer, stats: StepStats) -> None:
        after = trainer.state.images_seen
        self.tracker.advance(after - self._shown)
        self._shown = after
        if every(spacing(after), after - trainer.recipe.batch, after):
            self._write(trainer)
            trainer.state.unlogged.zero_()

    def finish(self, trainer: Trainer) -> None:
        if trainer.state.unlogged[-1] > 0:
            self._write(trainer)

    def _write(self, trainer: Trainer) -> None:
        sums = trainer.state.unlogged
        means = (sums[:-1] / sums[-1]).tolist()  # waits for the device
        row: Row = {"images_seen": trainer.state.images_seen} | {
            name: round(value, 5) for name, value in zip(StepStats._fields, means, strict=True)
        }
        self.tracker.advance(
            0,
            f"{self.remark()}  loss D {row['loss_d']:.2f} G {row['loss_g']:.2f}  "
            f"D(x) {row['d_real']:.2f} D(G(z)) {row['d_fake']:.2f}".lstrip(),
        )
        for listener in self.listeners:
            listener(trainer, row)
        append_row(self.file, row)


class TensorBoard(Callback):
    """The same rows for TensorBoard: `tensorboard --logdir RUN/tensorboard`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer: Any = None

    def start(self, trainer: Trainer) -> None:
        if self._writer is None:
            self._open(trainer)

    def _open(self, trainer: Trainer) -> None:
        from torch.utils.tensorboard import SummaryWriter  # slow to import

        # TensorBoard reads event files in the order of their names, which begin with the second.
        # Two files of one second may change places, and the newer rows would be lost.
        while any(self.folder.glob(f"events.out.tfevents.{int(time.time())}.*")):
            time.sleep(0.02)
        self._writer = SummaryWriter(str(self.folder), purge_step=trainer.state.images_seen + 1)

    def listen(self, trainer: Trainer, row: Row) -> None:
        """Write a row of the log."""
        self.start(trainer)  # a row may come before this callback is started
        try:
            for name, value in row.items():
                if name != "images_seen":
                    self._writer.add_scalar(name, value, row["images_seen"])
        except OSError:  # a full disk ended the writer's thread; open a new one for later rows
            with contextlib.suppress(OSError):
                self._open(trainer)

    def finish(self, trainer: Trainer) -> None:
        self._writer.close()
