"""`train`: a recipe, a data set and a folder in; a run out. Continues what it finds."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

import torch
from filelock import FileLock, Timeout

from kaogan.convolutions import Plan
from kaogan.data.batches import ImageBatches
from kaogan.data.dataset import Dataset
from kaogan.errors import KaoganError, UsageError
from kaogan.progress import Tracker, track
from kaogan.training import checkpoints
from kaogan.training.accelerate import accelerate
from kaogan.training.journal import Journal
from kaogan.training.observers import (
    FEWEST,
    Checkpoints,
    Curves,
    Diverged,
    Evaluation,
    Health,
    Lenient,
    Log,
    Samples,
    SideBySide,
    TensorBoard,
    Timelapse,
)
from kaogan.training.precision import Compute, choose_device, choose_precision
from kaogan.training.recipe import Budget, Hardware, Precision, Recipe, Watch
from kaogan.training.run import Run
from kaogan.training.state import TrainState
from kaogan.training.trainer import Observer, Trainer
from kaogan.training.tuning import fresh_compute

DEFAULT_BUDGET = Budget(images=1_000_000)
MAX_ATTEMPTS = 3
FEW_PICTURES = 1000


def train(
    recipe: Recipe,
    dataset: Dataset,
    out: Path | str,
    budget: Budget = DEFAULT_BUDGET,
    hardware: Hardware | None = None,
    watch: Watch | None = None,
) -> Run:
    """Train until the budget is used up, or Ctrl-C; the same call again goes on.

    Args:
        recipe: what to train; see `kaogan.recipes`.
        dataset: pictures of the recipe's size and channels.
        out: the RUN folder; made, or continued if it holds a run of this recipe and data.
        budget: how long, counted from the run's beginning.
        hardware: device, precision, workers; chosen for this machine unless told.
        watch: how often to save and to evaluate, and whether to stop when nothing improves.

    Raises:
        UsageError: recipe and data do not fit, or `out` holds another run.
        KaoganError: out of memory, a second training on `out`, or NaN three times over.

    """
    hardware, watch = hardware or Hardware(), watch or Watch()
    run = Run(Path(out))
    _check_fit(recipe, dataset)
    device = choose_device(hardware.device)
    run.path.mkdir(parents=True, exist_ok=True)
    with _lock(run), memory_advice(recipe):
        _check_same(run, recipe, dataset)
        journal = Journal(run.path / "log.txt")
        compute = _compute(run, recipe, hardware, device, journal)
        _claim(run, recipe, dataset, compute)
        state = TrainState.fresh(recipe, compute)
        resumed = checkpoints.restore_newest(state, run.checkpoints, journal.warn)
        batches = ImageBatches(dataset.train, device, recipe.seed, hardware.workers)
        trainer = Trainer(recipe, state, batches, compute)
        _greet(trainer, dataset, resumed is not None, budget, journal)
        if hardware.compile and device.type == "cuda":
            accelerate(trainer, journal)
        if not trainer.finished(budget):
            _play(trainer, run, dataset, budget, journal, watch)
    return run


def _play(
    trainer: Trainer,
    run: Run,
    dataset: Dataset,
    budget: Budget,
    journal: Journal,
    watch: Watch,
) -> None:
    """Run the trainer with its observers; set it back after NaN, a few times at most."""
    limit = budget.images_limit(len(dataset.train))
    with _stop_on_signals(trainer, journal):
        while True:
            seen = trainer.state.images_seen
            left = budget.minutes and max(0.0, budget.minutes * 60 - trainer.state.seconds)
            with track(limit, "training", "images", done=seen, time_limit=left) as tracker:
                saver = Checkpoints(run.checkpoints, journal, watch.checkpoint_minutes * 60)
                observers = _observers(run, dataset, journal, watch, tracker, saver)
                try:
                    trainer.run(budget, [Lenient(observer, journal) for observer in observers])
                    break
                except Diverged as reason:
                    _set_back(trainer, run, journal, str(reason))
    if not saver.saved:
        raise KaoganError(
            f"the state after {trainer.state.images_seen:,} images could not be saved; make room, "
            "then give the same command again: it goes on from the last good checkpoint"
        )
    if not trainer.finished(budget):
        journal.say(
            f"stopped after {trainer.state.images_seen:,} images, everything is saved; "
            "the same command goes on from here"
        )


def _observers(
    run: Run,
    dataset: Dataset,
    journal: Journal,
    watch: Watch,
    tracker: Tracker,
    saver: Checkpoints,
) -> Sequence[Observer]:
    """Those who watch, in the order of their turns; at the end, what matters most comes first."""
    samples = Samples(run.samples)
    health = Health(journal, samples, dataset.train[:256])
    board = TensorBoard(run.path / "tensorboard")
    remark: Callable[[], str] = str
    evaluations: list[Observer] = []
    if watch.evaluate_every and len(dataset.held_out) >= FEWEST:
        evaluation = Evaluation(
            dataset.held_out,
            run.path,
            watch.evaluate_every,
            journal,
            [board.listen],
            watch.stop_when_flat,
        )
        evaluations, remark = [evaluation], lambda: evaluation.remark
    return [
        Log(run.metrics, tracker, [health.listen, board.listen], remark),
        health,
        saver,
        *evaluations,
        board,
        samples,
        SideBySide(samples, dataset.train, run.path),
        Curves(run.metrics, run.evaluations, run.path / "curves.png"),
        Timelapse(run.samples, run.path / "timelapse"),
    ]


def _set_back(trainer: Trainer, run: Run, journal: Journal, reason: str) -> None:
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
    Checkpoints(run.checkpoints, journal).save(trainer)  # a kill from here on keeps the count
    journal.warn(
        f"{reason}; going back to {state.images_seen:,} images, with other random numbers "
        f"(attempt {attempt} of {MAX_ATTEMPTS})"
    )


def _check_fit(recipe: Recipe, dataset: Dataset) -> None:
    channels, size, _ = recipe.networks.sample_shape
    if (size, channels) != (dataset.size, dataset.channels):
        raise UsageError(
            f"the recipe draws {size}x{size} pictures with {channels} channels, the data set "
            f"{dataset.path} has {dataset.size}x{dataset.size} with {dataset.channels}; "
            f"use --size {dataset.size}, or prepare the data anew"
        )


def _check_same(run: Run, recipe: Recipe, dataset: Dataset) -> None:
    """Raise a UsageError if the folder holds checkpoints of another recipe or of other data."""
    if not checkpoints.found(run.checkpoints):
        return
    differences = recipe.differences(run.recipe)
    theirs = run.about["dataset"]["fingerprint"]
    if dataset.fingerprint != theirs:
        differences.append(f"data: fingerprint {dataset.fingerprint[:12]}, not {theirs[:12]}")
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


def _claim(run: Run, recipe: Recipe, dataset: Dataset, compute: Compute) -> None:
    """Make this folder the run of this recipe and data."""
    about = {
        "path": str(dataset.path),
        "fingerprint": dataset.fingerprint,
        "pictures": len(dataset.train),
    }
    run.write_about(recipe, about, compute.precision, compute.plan.choices)


def _greet(
    trainer: Trainer, dataset: Dataset, resumed: bool, budget: Budget, journal: Journal
) -> None:
    state, compute = trainer.state, trainer.compute
    if trainer.finished(budget):
        journal.say(
            f"the budget is used up already: {state.images_seen:,} images seen; "
            "give a larger one to go on"
        )
        return
    sizes = [
        sum(p.numel() for p in network.parameters()) / 1e6
        for network in (state.generator, state.discriminator)
    ]
    journal.say(
        f"{'going on after' if resumed else 'starting with'} {state.images_seen:,} images seen: "
        f"{len(dataset.train):,} pictures, generator {sizes[0]:.1f} M and discriminator "
        f"{sizes[1]:.1f} M parameters, {compute.device.type} in {compute.precision}"
    )
    if len(dataset.train) < FEW_PICTURES:
        journal.warn(
            f"{len(dataset.train):,} pictures are few: the generator will copy or collapse. "
            "Several thousand are needed for new faces"
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
