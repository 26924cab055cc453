"""`fit`: a recipe, a task and a folder in; a run out. Continues what it finds.

The task is what pictures and points differ in: where real samples come from, and who watches.
"""

import contextlib
import json
import shutil
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import torch
from filelock import FileLock, Timeout

from kaogan import plugins
from kaogan.contracts import Batches
from kaogan.convolutions import Plan
from kaogan.errors import KaoganError, UsageError
from kaogan.files import write_text
from kaogan.machine import limit_threads
from kaogan.progress import Tracker, track
from kaogan.training import checkpoints
from kaogan.training.accelerate import accelerate
from kaogan.training.events import Events
from kaogan.training.journal import Journal
from kaogan.training.observers import Checkpoints, Diverged, Lenient
from kaogan.training.observers.log import read_rows
from kaogan.training.precision import Compute, choose_device, choose_precision, name_of
from kaogan.training.recipe import Budget, Hardware, Precision, Recipe, Watch
from kaogan.training.run import Run
from kaogan.training.state import TrainState
from kaogan.training.trainer import Observer, Trainer
from kaogan.training.tuning import fresh_compute

MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class Desk:
    """What the observers of a run write to, and are told."""

    run: Run
    journal: Journal
    watch: Watch
    tracker: Tracker
    saver: Checkpoints


class Task(Protocol):
    """What a run learns from, and who watches it."""

    @property
    def unit(self) -> str:
        """What is counted, in the plural: "images"."""
        ...

    @property
    def contents(self) -> str:
        """The data in a few words: "21,551 pictures"."""
        ...

    @property
    def about(self) -> Mapping[str, Any]:
        """The data, as `run.json` tells it; the entry `fingerprint` knows it again."""
        ...

    def check(self, recipe: Recipe) -> None:
        """Raise a UsageError if the recipe's samples are not of this data's shape."""

    def batches(self, recipe: Recipe, device: torch.device, workers: int) -> Batches: ...

    def observers(self, desk: Desk) -> Sequence[Observer]:
        """Those who watch, in the order of their turns; at the end, what matters most is first."""
        ...

    def advise(self, journal: Journal) -> None:
        """Warn if this data promises no good end."""


def fit(
    recipe: Recipe,
    task: Task,
    out: Path | str,
    budget: Budget,
    hardware: Hardware | None = None,
    watch: Watch | None = None,
) -> Run:
    """Train until the budget is used up, or Ctrl-C; the same call again goes on.

    The arguments and errors are those of `kaogan.training.train.train`; the task takes the place
    of the data set.
    """
    hardware, watch = hardware or Hardware(), watch or Watch()
    run = Run(Path(out))
    task.check(recipe)
    device = choose_device(hardware.device)
    limit_threads()
    _claim(run)
    with _lock(run), memory_advice(recipe):
        _check_same(run, recipe, task)
        events = Events(run.events)
        journal = Journal(run.path / "log.txt", events)
        compute = _compute(run, recipe, hardware, device, journal)
        state = TrainState.fresh(recipe, compute)
        resumed = _restore(state, run, journal)
        run.write_about(
            recipe,
            task.about,
            compute.precision,
            compute.plan.choices,
            name_of(device),
            budget.model_dump(exclude_none=True),
        )
        batches = task.batches(recipe, device, hardware.workers)
        trainer = Trainer(recipe, state, batches, compute)
        if trainer.finished(budget):
            journal.say(
                f"the budget is used up already: {state.images_seen:,} {task.unit} seen; "
                "give a larger one to go on"
            )
            return run
        events.begin(lambda: state.images_seen, resumed is not None)
        going = "going on after" if resumed else "starting with"
        journal.say(
            f"{going} {state.images_seen:,} {task.unit} seen: {task.contents}, "
            f"{_describe(trainer)}",
            "resumed" if resumed else "started",
            device=compute.device.type,
            precision=compute.precision,
        )
        task.advise(journal)
        if hardware.compile and device.type == "cuda":
            accelerate(trainer, journal)
        _play(trainer, run, task, budget, journal, watch)
    return run


def _play(
    trainer: Trainer,
    run: Run,
    task: Task,
    budget: Budget,
    journal: Journal,
    watch: Watch,
) -> None:
    """Run the trainer with its observers; set it back after NaN, a few times at most."""
    limit = budget.images_limit(len(trainer.batches))
    with _stop_on_signals(trainer, journal):
        while True:
            seen = trainer.state.images_seen
            left = budget.minutes and max(0.0, budget.minutes * 60 - trainer.state.seconds)
            with track(limit, "training", task.unit, done=seen, time_limit=left) as tracker:
                saver = Checkpoints(run.checkpoints, journal, watch.checkpoint_minutes * 60)
                observers = task.observers(Desk(run, journal, watch, tracker, saver))
                try:
                    trainer.run(budget, [Lenient(observer, journal) for observer in observers])
                    break
                except Diverged as reason:
                    _set_back(trainer, run, task, journal, str(reason))
    if not saver.saved:
        raise KaoganError(
            f"the state after {trainer.state.images_seen:,} {task.unit} could not be saved; make "
            "room, then give the same command again: it goes on from the last good checkpoint"
        )
    if not trainer.finished(budget):
        journal.say(
            f"stopped after {trainer.state.images_seen:,} {task.unit}, everything is saved; "
            "the same command goes on from here",
            "finished",
            reason="stopped",
        )
    else:
        journal.record("finished", reason="done")


def _restore(state: TrainState, run: Run, journal: Journal) -> bool:
    """Restore the newest checkpoint; False if there is none, and the state is left as it is.

    Evaluations and best states of more images are removed. Without a checkpoint the recipe may be
    another one now, and after a set-back the random numbers are.
    """
    resumed = checkpoints.restore_newest(state, run.checkpoints, journal.warn) is not None
    last = state.images_seen if resumed else -1
    for best in checkpoints.found(run.best):
        if checkpoints.images_seen(best) > last:
            shutil.rmtree(best)
    rows = list(read_rows(run.evaluations))
    kept = [row for row in rows if row["images_seen"] <= last]
    if kept != rows:
        write_text(run.evaluations, "".join(json.dumps(row) + "\n" for row in kept))
    return resumed


def _set_back(trainer: Trainer, run: Run, task: Task, journal: Journal, reason: str) -> None:
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
    _restore(state, run, journal)
    state.attempt = attempt
    if journal.events is not None:
        journal.events.cut(state.images_seen)
    Checkpoints(run.checkpoints, journal).save(trainer)  # a kill from here on keeps the count
    journal.warn(
        f"{reason}; going back to {state.images_seen:,} {task.unit}, with other random numbers "
        f"(attempt {attempt} of {MAX_ATTEMPTS})",
        "rolled back",
        attempt=attempt,
    )


def _check_same(run: Run, recipe: Recipe, task: Task) -> None:
    """Raise a UsageError if the folder holds checkpoints of another recipe or of other data.

    Annealing may end elsewhere than planned before: a run can be prolonged.
    """
    if not checkpoints.found(run.checkpoints):
        return
    schedules = ("lr_schedule", "penalty_schedule")
    before = run.recipe.model_copy(update={name: getattr(recipe, name) for name in schedules})
    differences = recipe.differences(before)
    differences += plugins.differences(run.path, plugins.used_by(recipe.parts))
    theirs = run.about["dataset"]["fingerprint"]
    mine = task.about["fingerprint"]
    if mine != theirs:
        differences.append(f"data: fingerprint {mine[:12]}, not {theirs[:12]}")
    if differences:
        raise UsageError(
            f"{run.path} holds a run of another recipe ({'; '.join(differences)}); "
            "use another --out, or the same options as before"
        )


def _compute(
    run: Run, recipe: Recipe, hardware: Hardware, device: torch.device, journal: Journal
) -> Compute:
    """The arithmetic of a run; a resumed run keeps what it began with, unless told."""
    resumed = checkpoints.found(run.checkpoints)
    about = run.about if resumed else {}
    asked = hardware.precision
    kept: Precision = about.get("precision", "auto")
    if asked == "auto" and not (kept == "fp16" and device.type == "cpu"):
        asked = kept
    if resumed and hardware.tune:
        plan = Plan(about.get("convolutions", {}))
        return Compute(device, choose_precision(asked, device), plan)
    return fresh_compute(recipe, device, asked, hardware.tune, journal.say)


def _describe(trainer: Trainer) -> str:
    """Networks, device and precision in words."""
    state, compute = trainer.state, trainer.compute
    sizes = [
        sum(p.numel() for p in network.parameters()) / 1e6
        for network in (state.generator, state.discriminator)
    ]
    return (
        f"generator {sizes[0]:.1f} M and discriminator {sizes[1]:.1f} M parameters, "
        f"{compute.device.type} in {compute.precision}"
    )


def _claim(run: Run) -> None:
    """Make the folder; raise a KaoganError if it holds anything but a run, or is none."""
    if run.path.exists() and not run.path.is_dir():
        raise KaoganError(f"{run.path} is a file; give --out a folder for the run")
    run.path.mkdir(parents=True, exist_ok=True)
    begun = {".lock", "log.txt"}  # a first start that was cut off leaves these
    others = {file.name for file in run.path.iterdir()} - begun
    if others and not (run.path / "run.json").exists():
        raise KaoganError(
            f"{run.path} holds other things ({min(others)}, ...) and no run; give --out a folder "
            "that is new or empty"
        )


@contextlib.contextmanager
def _lock(run: Run) -> Iterator[None]:
    """One training at a time on a folder; a killed process gives its lock up by dying."""
    try:
        with FileLock(run.path / ".lock", timeout=0):
            yield
    except Timeout:
        raise KaoganError(
            f"another training is at work on {run.path}; wait for it, or use another --out"
        ) from None


@contextlib.contextmanager
def memory_advice(recipe: Recipe) -> Iterator[None]:
    """Turn "out of memory" into one line with a batch size to try."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        signs = ("out of memory", "can't allocate memory", "not enough memory")
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and not any(
            sign in str(error).lower() for sign in signs
        ):
            raise
        raise KaoganError(
            f"out of memory with a batch of {recipe.batch}; try --batch {max(2, recipe.batch // 2)}"
        ) from None


@contextlib.contextmanager
def _stop_on_signals(trainer: Trainer, journal: Journal) -> Iterator[None]:
    """SIGINT and SIGTERM end the training after the current step; a second one ends it at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def request_stop(number: int, frame: FrameType | None) -> None:
        if trainer.stop_requested:
            raise KeyboardInterrupt
        trainer.stop_requested = True
        with contextlib.suppress(RuntimeError):  # the signal came while a line was being printed
            journal.say("stopping: finishing this step and saving; once more to stop at once")

    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, request_stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
