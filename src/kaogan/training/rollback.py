"""Back to a checkpoint: when a run is resumed, and after NaN or infinity."""

import shutil

from kaogan.errors import KaoganError
from kaogan.training import checkpoints
from kaogan.training.callbacks.checkpoints import Checkpoints
from kaogan.training.records import EvaluationRecord
from kaogan.training.rows import keep_rows
from kaogan.training.run import Run
from kaogan.training.run_log import RunLog
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer

MAX_ATTEMPTS = 3


def restore(state: TrainState, run: Run, run_log: RunLog) -> bool:
    """Restore the newest checkpoint; False if there is none, and the state is left as it is.

    Evaluations and best states after it are removed: without a checkpoint the recipe may be another
    one now, and after a rollback the random numbers are others.
    """
    resumed = checkpoints.restore_newest(state, run.checkpoints, run_log.warn) is not None
    last = state.images_seen if resumed else -1
    for best in checkpoints.found(run.best):
        if checkpoints.images_seen(best) > last:
            shutil.rmtree(best)
    if run.evaluations.exists():
        keep_rows(run.evaluations, lambda row: row["images_seen"] <= last, EvaluationRecord)
    return resumed


def roll_back(trainer: Trainer, run: Run, unit: str, run_log: RunLog, reason: str) -> None:
    """Return to the last good checkpoint, or the beginning, with new random numbers.

    The first process does that for all.
    """
    state, world = trainer.state, trainer.world
    if world.leads:
        _roll_back(trainer, run, unit, run_log, reason)
    state.share(world)


def _roll_back(trainer: Trainer, run: Run, unit: str, run_log: RunLog, reason: str) -> None:
    state = trainer.state
    attempt = state.attempt + 1
    if attempt > MAX_ATTEMPTS:
        raise KaoganError(
            f"{reason}, and {MAX_ATTEMPTS} restarts from the last good checkpoint did not help; "
            "start again with a lower --lr, or --precision fp32"
        )
    fresh = TrainState.fresh(trainer.recipe, trainer.compute)
    state.restore(fresh.tensors(), fresh.numbers())
    restore(state, run, run_log)
    state.attempt = attempt
    if run_log.events is not None:
        run_log.events.cut(state.images_seen)
    Checkpoints(run.checkpoints, run_log).save(trainer)  # a kill from here on keeps the count
    run_log.warn(
        f"{reason}; going back to {state.images_seen:,} {unit}, with other random numbers "
        f"(attempt {attempt} of {MAX_ATTEMPTS})",
        "rolled back",
        attempt=attempt,
    )
