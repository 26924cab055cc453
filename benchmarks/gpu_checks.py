"""Do fast steps train as eager ones do? Checks for gpu.py, on the machine that it measures.

Kernels may add in another order from run to run, and a compiler may round elsewhere. So trainings
are compared by their losses: step by step at first, and later by their means, because a training
magnifies the smallest difference.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from kaogan.data.batches import ImageBatches
from kaogan.training import checkpoints
from kaogan.training.run_log import RunLog
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer

FIRST_STEPS, STEPS, LONG = 4, 40, 100
STEP_TOLERANCE, MEAN_TOLERANCE = 0.02, 0.1

Make = Callable[[RunLog], Trainer]


@dataclass(frozen=True)
class Check:
    """One question and its answer."""

    name: str
    passed: bool
    detail: str


def checks(eager: Make, fast: Mapping[str, Make], folder: Path) -> Iterator[Check]:
    """Compare each fast trainer with the eager one; all begin alike. `folder` is for files."""
    plain = eager(RunLog(folder / "eager.txt"))
    yield _resident(plain)
    expected = train(plain, STEPS)
    for name, make in fast.items():
        run_log = RunLog(folder / f"{name}.txt")
        trainer = make(run_log)
        said = run_log.file.read_text(encoding="utf-8") if run_log.file.exists() else "nothing"
        yield Check(f"{name}: nothing had to be left out", said == "nothing", said.strip())
        yield from _same_losses(name, trainer, expected)
        yield from _goes_on(name, trainer, make(run_log), folder / name, expected)
        yield _no_growth(name, trainer)
        yield _no_waiting(name, trainer)


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


def _same_losses(name: str, trainer: Trainer, expected: Tensor) -> Iterator[Check]:
    stats = train(trainer, STEPS)
    first = _apart(stats[:FIRST_STEPS], expected[:FIRST_STEPS])
    yield Check(
        f"{name}: the first {FIRST_STEPS} steps are eager ones",
        first < STEP_TOLERANCE,
        _in_words(first),
    )
    mean = _apart(stats.mean(0), expected.mean(0))
    yield Check(
        f"{name}: the means over {STEPS} steps are eager ones",
        mean < MEAN_TOLERANCE,
        _in_words(mean),
    )


def _goes_on(
    name: str, trainer: Trainer, other: Trainer, folder: Path, expected: Tensor
) -> Iterator[Check]:
    roll_back(trainer)
    again = _apart(train(trainer, FIRST_STEPS), expected[:FIRST_STEPS])
    yield Check(f"{name}: set back, it begins again", again < STEP_TOLERANCE, _in_words(again))
    checkpoints.save(trainer.state, trainer.recipe, folder)
    checkpoints.restore_newest(other.state, folder, print)
    apart = _apart(train(other, FIRST_STEPS), train(trainer, FIRST_STEPS))
    yield Check(
        f"{name}: from a checkpoint, it goes on as if never stopped",
        apart < STEP_TOLERANCE and other.state.images_seen == trainer.state.images_seen,
        _in_words(apart),
    )


def _no_growth(name: str, trainer: Trainer) -> Check:
    device = trainer.compute.device
    train(trainer, FIRST_STEPS)
    before = reserved(device)
    for _ in range(LONG):
        trainer.step()
    grown = reserved(device) - before
    return Check(f"{name}: {LONG} steps take no more memory", grown <= 0, f"{grown:,} bytes more")


def _no_waiting(name: str, trainer: Trainer) -> Check:
    """The host is never made to wait for the GPU, but where an epoch begins."""
    roll_back(trainer)
    trainer.step()
    before = torch.cuda.get_sync_debug_mode() if torch.cuda.is_available() else 0
    try:
        if trainer.compute.device.type == "cuda":
            torch.cuda.set_sync_debug_mode("error")
        trainer.step()
    except RuntimeError as error:
        return Check(f"{name}: a step never waits", False, str(error).splitlines()[0])
    finally:
        if trainer.compute.device.type == "cuda":
            torch.cuda.set_sync_debug_mode(before)
    return Check(f"{name}: a step never waits", True, "no synchronisation")


def reserved(device: torch.device) -> int:
    """Bytes of the GPU's memory that this process holds; 0 on a CPU, which keeps no count."""
    return torch.cuda.memory_reserved(device) if device.type == "cuda" else 0


def _apart(one: Tensor, other: Tensor) -> float:
    """The largest difference of two trainings, as a share of the number; NaN counts as infinite."""
    apart = ((one - other).abs() / (other.abs() + 0.1)).max()
    return float("inf") if apart.isnan() else float(apart)


def _in_words(apart: float) -> str:
    return "equal, bit for bit" if apart == 0 else f"at most {apart:.2g} apart"
