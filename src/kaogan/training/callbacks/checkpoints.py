"""Saves the state at intervals of time, and at the end."""

import contextlib
import time
from pathlib import Path

from kaogan.training import checkpoints
from kaogan.training.background import Background
from kaogan.training.callbacks.nan_guard import is_finite
from kaogan.training.run_log import RunLog
from kaogan.training.trainer import Callback, StepStats, Trainer


class Checkpoints(Callback):
    """Saves every `seconds`. A failed save is a warning and is repeated soon.

    Pictures and evaluations of earlier steps are written before, because a run that goes on from
    this checkpoint does not make them again.
    """

    def __init__(
        self,
        folder: Path,
        run_log: RunLog,
        seconds: float = 300.0,
        unit: str = "images",
        background: Background | None = None,
    ) -> None:
        self.folder, self.run_log, self.seconds, self.unit = folder, run_log, seconds, unit
        self.background = background or Background()
        self.saved = True
        """Did the last save succeed?"""

    def start(self, trainer: Trainer) -> None:
        self._due = time.monotonic() + self.seconds

    def after_step(self, trainer: Trainer, stats: StepStats) -> None:
        if time.monotonic() >= self._due:
            self.save(trainer)
            wait = self.seconds if self.saved else min(60.0, self.seconds)
            self._due = time.monotonic() + wait

    def finish(self, trainer: Trainer) -> None:
        self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """Save now; warn if that fails."""
        self.saved = False
        if not is_finite(trainer.state):
            return  # NaNGuard will report it, and the run will be rolled back
        with contextlib.suppress(OSError):  # a picture is missing: no reason not to save
            self.background.wait()
        try:
            checkpoints.save(trainer.state, trainer.recipe, self.folder)
            self.saved = True
            self.run_log.record("saved")
            self.run_log.detail(f"saved after {trainer.state.images_seen:,} {self.unit}")
        except OSError as error:
            self.run_log.warn(
                f"could not save a checkpoint: {error.strerror or error}. Training goes on, the "
                "last good checkpoint stays; make room, and the next one will be tried soon"
            )
