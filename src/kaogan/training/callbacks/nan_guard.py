"""Detects NaN and infinity, after which a run is rolled back to its last checkpoint."""

import math

from kaogan.training.rows import Row
from kaogan.training.state import TrainState
from kaogan.training.trainer import Callback, Trainer


class Diverged(Exception):
    """A loss or a weight is NaN or infinite."""


def is_finite(state: TrainState) -> bool:
    """Are all parameters of all networks finite?"""
    return all(
        bool(parameter.isfinite().all())
        for network in state.networks.values()
        for parameter in network.parameters()
    )


class NaNGuard(Callback):
    """Raises `Diverged` when a loss or, at the end, a weight is NaN or infinite."""

    def listen(self, trainer: Trainer, row: Row) -> None:
        """Check a row of the log."""
        if not all(math.isfinite(value) for value in row.values()):
            raise Diverged(f"a loss became NaN or infinite after {row['images_seen']:,} images")

    def finish(self, trainer: Trainer) -> None:
        if not is_finite(trainer.state):
            seen = trainer.state.images_seen
            raise Diverged(f"a weight became NaN or infinite after {seen:,} images")
