"""A full disk must not end a training."""

import contextlib
from collections.abc import Iterator

from kaogan.training.journal import Journal
from kaogan.training.trainer import Observer, StepStats, Trainer


class Lenient:
    """An observer whose failed writes are a warning, said once; the training goes on."""

    def __init__(self, observer: Observer, journal: Journal) -> None:
        self.observer, self.journal = observer, journal
        self._said = False

    def start(self, trainer: Trainer) -> None:
        self.observer.start(trainer)

    def after_step(self, trainer: Trainer, stats: StepStats) -> None:
        with self._excused():
            self.observer.after_step(trainer, stats)

    def finish(self, trainer: Trainer) -> None:
        with self._excused():
            self.observer.finish(trainer)

    @contextlib.contextmanager
    def _excused(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not self._said:
                what = type(self.observer).__name__.lower()
                reason = error.strerror or str(error)
                self.journal.warn(f"could not write ({what}): {reason}. Training goes on without")
            self._said = True
