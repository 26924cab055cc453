"""Are all numbers numbers? If not, the run is set back to its last checkpoint."""

import math

from kaogan.training.callbacks.metrics_log import Row
from kaogan.training.trainer import Callback, Trainer


class Diverged(Exception):
    """A loss or a weight is no longer a finite number."""


def is_finite(trainer: Trainer) -> bool:
    """Is every parameter of every network a finite number?"""
    return all(
        bool(parameter.isfinite().all())
        for network in trainer.state.networks.values()
        for parameter in network.parameters()
    )


class NaNGuard(Callback):
    """Raises `Diverged` when a loss or, at the end, a weight is NaN or infinite."""

    def listen(self, trainer: Trainer, row: Row) -> None:
        """Look at a row of the log."""
        if not all(math.isfinite(value) for value in row.values()):
            raise Diverged(f"a loss became NaN or infinite after {row['images_seen']:,} images")

    def finish(self, trainer: Trainer) -> None:
        if not is_finite(trainer):
            seen = trainer.state.images_seen
            raise Diverged(f"a weight became NaN or infinite after {seen:,} images")
