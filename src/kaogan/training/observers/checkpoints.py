"""Saves the state at intervals of time, and at the end."""

import time
from pathlib import Path

from kaogan.training import checkpoints
from kaogan.training.journal import Journal
from kaogan.training.trainer import StepStats, Trainer, Watcher


class Checkpoints(Watcher):
    """A checkpoint every `seconds`; a failed one is a warning, and is tried again soon."""

    def __init__(self, folder: Path, journal: Journal, seconds: float = 300.0) -> None:
        self.folder, self.journal, self.seconds = folder, journal, seconds

    def start(self, trainer: Trainer) -> None:
        self._due = time.monotonic() + self.seconds

    def after_step(self, trainer: Trainer, stats: StepStats) -> None:
        if time.monotonic() >= self._due:
            saved = self.save(trainer)
            self._due = time.monotonic() + (self.seconds if saved else min(60.0, self.seconds))

    def finish(self, trainer: Trainer) -> None:
        self.save(trainer)

    def save(self, trainer: Trainer) -> bool:
        """Save now; False, with a warning, if the disk does not allow it."""
        if not is_finite(trainer):
            return False  # the health observer will say so and set the run back
        try:
            checkpoints.save(trainer.state, trainer.recipe, self.folder)
        except OSError as error:
            self.journal.warn(
                f"could not save a checkpoint: {error.strerror or error}. Training goes on, the "
                "last good checkpoint stays; make room, and the next one will be tried soon"
            )
            return False
        return True


def is_finite(trainer: Trainer) -> bool:
    """Is every parameter of every network a finite number?"""
    return all(
        bool(parameter.isfinite().all())
        for network in trainer.state.networks.values()
        for parameter in network.parameters()
    )
