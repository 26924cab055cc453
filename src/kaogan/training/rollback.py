"""Back to the last good checkpoint after NaN or infinity."""

from kaogan.errors import KaoganError
from kaogan.training import checkpoints
from kaogan.training.journal import Journal
from kaogan.training.observers import Checkpoints
from kaogan.training.run import Run
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer

MAX_ATTEMPTS = 3


def roll_back(trainer: Trainer, run: Run, unit: str, journal: Journal, reason: str) -> None:
    """Return to the last good checkpoint, or the beginning, with new random numbers."""
    state = trainer.state
    attempt = state.attempt + 1
    if attempt > MAX_ATTEMPTS:
        raise KaoganError(
            f"{reason}, and {MAX_ATTEMPTS} restarts from the last good checkpoint did not help; "
            "start again with a lower --lr, or --precision fp32"
        )
    fresh = TrainState.fresh(trainer.recipe, trainer.compute)
    state.restore(fresh.tensors(), fresh.numbers())
    checkpoints.restore_newest(state, run.checkpoints, journal.warn)
    state.attempt = attempt
    if journal.events is not None:
        journal.events.cut(state.images_seen)
    Checkpoints(run.checkpoints, journal).save(trainer)  # a kill from here on keeps the count
    journal.warn(
        f"{reason}; going back to {state.images_seen:,} {unit}, with other random numbers "
        f"(attempt {attempt} of {MAX_ATTEMPTS})",
        "rolled back",
        attempt=attempt,
    )
