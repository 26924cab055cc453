"""Do fast steps train as eager ones do? Checks of a contender, in a process of its own.

Kernels may add in another order from run to run, and a compiler may round elsewhere. So trainings
are compared by their losses: step by step at first, and later by their means, because a training
magnifies the smallest difference.
"""

import dataclasses
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gpu.contenders import SPEEDUPS, Setup, reserved
from kaogan.data.batches import ImageBatches
from kaogan.progress import Verbosity, set_verbosity
from kaogan.training import checkpoints
from kaogan.training.run_log import RunLog
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer
from worker import About, Orders, Task, serve

FIRST_STEPS, STEPS, LONG = 4, 40, 100
STEP_TOLERANCE, MEAN_TOLERANCE = 0.02, 0.1

Make = Callable[[RunLog], Trainer]


@dataclass(frozen=True)
class Check:
    """One question and its answer."""

    name: str
    passed: bool
    detail: str


def checks(eager: Make, fast: Make, folder: Path) -> Iterator[Check]:
    """Compare a fast trainer with an eager one; both begin alike. `folder` is for files."""
    plain = eager(RunLog(folder / "eager.txt"))
    yield _resident(plain)
    expected = train(plain, STEPS)
    run_log = RunLog(folder / "fast.txt")
    trainer = fast(run_log)
    said = run_log.file.read_text(encoding="utf-8") if run_log.file.exists() else "nothing"
    yield Check("nothing had to be left out", said == "nothing", said.strip().split("\n")[0])
    yield from _same_losses(trainer, expected)
    yield from _goes_on(trainer, fast(run_log), folder / "checkpoint", expected)
    yield _no_growth(trainer)
    yield _no_waiting(trainer)


def train(trainer: Trainer, steps: int) -> Tensor:
    """Losses and real probabilities of so many steps: steps x 4."""
    return torch.stack([torch.stack(trainer.step()) for _ in range(steps)]).cpu()


def roll_back(trainer: Trainer) -> None:
    """To the beginning, in place, as a training does after NaN."""
    fresh = TrainState.fresh(trainer.recipe, trainer.compute)
    trainer.state.restore(fresh.tensors(), fresh.numbers())


def _resident(trainer: Trainer) -> Check:
    on_device = isinstance(trainer.batches, ImageBatches) and trainer.batches.resident
    return Check("the pictures are on the device", on_device, f"{len(trainer.batches):,} pictures")


def _same_losses(trainer: Trainer, expected: Tensor) -> Iterator[Check]:
    stats = train(trainer, STEPS)
    first = _apart(stats[:FIRST_STEPS], expected[:FIRST_STEPS])
    yield Check(
        f"the first {FIRST_STEPS} steps are eager ones",
        first < STEP_TOLERANCE,
        _in_words(first),
    )
    mean = _apart(stats.mean(0), expected.mean(0))
    yield Check(
        f"the means over {STEPS} steps are eager ones",
        mean < MEAN_TOLERANCE,
        _in_words(mean),
    )


def _goes_on(trainer: Trainer, other: Trainer, folder: Path, expected: Tensor) -> Iterator[Check]:
    roll_back(trainer)
    again = _apart(train(trainer, FIRST_STEPS), expected[:FIRST_STEPS])
    yield Check("set back, it begins again", again < STEP_TOLERANCE, _in_words(again))
    checkpoints.save(trainer.state, trainer.recipe, folder)
    checkpoints.restore_newest(other.state, folder, print)
    apart = _apart(train(other, FIRST_STEPS), train(trainer, FIRST_STEPS))
    yield Check(
        "from a checkpoint, it goes on as if never stopped",
        apart < STEP_TOLERANCE and other.state.images_seen == trainer.state.images_seen,
        _in_words(apart),
    )


def _no_growth(trainer: Trainer) -> Check:
    device = trainer.compute.device
    train(trainer, FIRST_STEPS)
    before = reserved(device)
    for _ in range(LONG):
        trainer.step()
    grown = reserved(device) - before
    return Check(f"{LONG} steps take no more memory", grown <= 0, f"{grown:,} bytes more")


def _no_waiting(trainer: Trainer) -> Check:
    """The host is never made to wait for the GPU, but where an epoch begins."""
    roll_back(trainer)
    trainer.step()
    before = torch.cuda.get_sync_debug_mode() if torch.cuda.is_available() else 0
    try:
        if trainer.compute.device.type == "cuda":
            torch.cuda.set_sync_debug_mode("error")
        for _ in range(trainer.recipe.penalty_interval):  # steps of all kinds
            trainer.step()
    except RuntimeError as error:
        return Check("a step never waits", False, str(error).splitlines()[0])
    finally:
        if trainer.compute.device.type == "cuda":
            torch.cuda.set_sync_debug_mode(before)
    return Check("a step never waits", True, "no synchronisation")


def _apart(one: Tensor, other: Tensor) -> float:
    """The largest difference of two trainings, as a share of the number; NaN counts as infinite."""
    apart = ((one - other).abs() / (other.abs() + 0.1)).max()
    return float("inf") if apart.isnan() else float(apart)


def _in_words(apart: float) -> str:
    return "equal, bit for bit" if apart == 0 else f"at most {apart:.2g} apart"


def load(task: Task) -> tuple[About, Orders]:
    """Offer to check the kind of contender that the task names (see `race.CONTENDERS`)."""
    set_verbosity(Verbosity.VERBOSE)  # tracebacks of speedups that do not work
    setup = Setup.of(task)
    speedups = tuple(SPEEDUPS[name] for name in task["kind"]["speedups"])

    def check(_: int) -> list[dict[str, Any]]:
        with tempfile.TemporaryDirectory() as folder:
            fast = partial(setup.trainer, speedups=speedups)
            return [
                dataclasses.asdict(found) for found in checks(setup.trainer, fast, Path(folder))
            ]

    return {"precision": setup.compute.precision}, {"check": check}


if __name__ == "__main__":
    serve(load)
