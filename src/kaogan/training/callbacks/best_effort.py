"""A full disk must not end a training."""

import contextlib
from collections.abc import Iterator

from kaogan.training.run_log import RunLog
from kaogan.training.trainer import Callback, StepStats, Trainer


class BestEffort(Callback):
    """Wraps a callback: its first failed write is a warning, and the training continues."""

    def __init__(self, callback: Callback, run_log: RunLog) -> None:
        self.callback, self.run_log = callback, run_log
        self._warned = False

    def start(self, trainer: Trainer) -> None:
        self.callback.start(trainer)

    def after_step(self, trainer: Trainer, stats: StepStats) -> None:
        with self._warning():
            self.callback.after_step(trainer, stats)

    def finish(self, trainer: Trainer) -> None:
        with self._warning():
            self.callback.finish(trainer)

    @contextlib.contextmanager
    def _warning(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not self._warned:
                what = type(self.callback).__name__.lower()
                reason = error.strerror or str(error)
                self.run_log.warn(f"could not write ({what}): {reason}. Training goes on without")
            self._warned = True
