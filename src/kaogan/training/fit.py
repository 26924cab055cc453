"""`fit`: trains a recipe on a task (`kaogan.training.tasks`) in a RUN folder, or resumes it."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from kaogan import plugins
from kaogan.convolutions import Plan
from kaogan.errors import KaoganError, UsageError
from kaogan.machine import limit_threads
from kaogan.progress import clock, track
from kaogan.training import checkpoints
from kaogan.training.accelerate import accelerate
from kaogan.training.background import Background
from kaogan.training.callbacks.best_effort import BestEffort
from kaogan.training.callbacks.checkpoints import Checkpoints
from kaogan.training.callbacks.nan_guard import Diverged
from kaogan.training.compatibility import check_parts
from kaogan.training.events import Events, read_events
from kaogan.training.joining import joined
from kaogan.training.lock import claim, locked
from kaogan.training.precision import (
    Compute,
    choose_device,
    choose_precision,
    fast_formats,
    name_of,
)
from kaogan.training.recipe import Budget, Hardware, Precision, Recipe, Watch
from kaogan.training.rollback import restore, roll_back
from kaogan.training.run import Run
from kaogan.training.run_log import RunLog, Unheard
from kaogan.training.signals import stop_on_signals
from kaogan.training.start import Start
from kaogan.training.state import TrainState
from kaogan.training.tasks.base import RunContext, Task
from kaogan.training.trainer import Trainer
from kaogan.training.tuning import fresh_compute
from kaogan.training.world import World


def fit(
    recipe: Recipe,
    task: Task,
    out: Path | str,
    budget: Budget,
    hardware: Hardware | None = None,
    watch: Watch | None = None,
    start: Start | None = None,
    remarks: Sequence[str] = (),
) -> Run:
    """Train until the budget is used up, or Ctrl-C. The same call again resumes the run.

    Arguments and errors are those of `kaogan.training.tasks.images.train`; the task replaces the
    data set.
    """
    hardware, watch = hardware or Hardware(), watch or Watch()
    run = Run(Path(out))
    task.check(recipe)
    if start is not None:
        start.check(recipe)
    with joined(hardware.device) as world, memory_advice(recipe):
        check_parts(recipe, world.size)
        _check_agreement(world, recipe, task)
        device = world.device(choose_device(hardware.device))
        limit_threads()
        if world.leads:
            claim(run)
        with locked(run) if world.leads else contextlib.nullcontext():
            _fit(world, run, recipe, task, budget, hardware, watch, device, start, remarks)
    return run


def _fit(
    world: World,
    run: Run,
    recipe: Recipe,
    task: Task,
    budget: Budget,
    hardware: Hardware,
    watch: Watch,
    device: torch.device,
    start: Start | None,
    remarks: Sequence[str],
) -> None:
    """Train in a folder that is this process's own. Of several processes, the first one alone reads
    and writes it, and gives the others its choices and its state.
    """
    if world.leads:
        _check_same(run, recipe, task, start)
    events = Events(run.events)
    run_log = RunLog(run.path / "log.txt", events) if world.leads else Unheard()
    for remark in remarks:
        run_log.say(remark)
    compute = None
    if world.leads:
        run.remove_partials()
        share = recipe.model_copy(update={"batch": recipe.batch // world.size})
        compute = _compute(run, share, hardware, device, run_log)
    compute = _agreed(world, compute, device)
    state = TrainState.fresh(recipe, compute)
    resumed = False
    if world.leads:
        resumed = restore(state, run, run_log)
        begun = run.about.get("start") if resumed else start.about if start else None
        run.write_about(
            recipe,
            task.about,
            compute.precision,
            compute.plan.choices,
            name_of(device),
            budget.model_dump(exclude_none=True),
            begun,
        )
        if start is not None and not resumed:
            start.load(state)
            checkpoints.save(state, recipe, run.checkpoints)
    state.share(world)
    batches = task.batches(recipe, device, hardware.workers)
    trainer = Trainer(recipe, state, batches, compute, world)
    if trainer.finished(budget) and not world.any(world.leads and _cut_off_at_the_end(run)):
        run_log.say(
            f"the budget is used up already: {state.images_seen:,} {task.unit} seen; "
            "give a larger one to go on"
        )
        return
    if world.leads:
        events.begin(lambda: state.images_seen, resumed)
    fresh = f"starting from {start.name} with" if start else "starting with"
    going = "going on after" if resumed else fresh
    run_log.say(
        f"{going} {state.images_seen:,} {task.unit} seen: {task.contents}, {_describe(trainer)}",
        "resumed" if resumed else "started",
        device=compute.device.type,
        precision=compute.precision,
    )
    task.advise(run_log)
    if hardware.compile and device.type == "cuda":
        if world.size == 1:
            accelerate(trainer, run_log, budget)
        else:
            run_log.say("note: with several GPUs, steps are neither compiled nor recorded")
    _run_trainer(trainer, run, task, budget, run_log, watch)


def _cut_off_at_the_end(run: Run) -> bool:
    """Was the run killed after its last step, before everything was evaluated and drawn?"""
    events = read_events(run.events)
    return bool(events) and events[-1].get("event") != "finished"


def _run_trainer(
    trainer: Trainer,
    run: Run,
    task: Task,
    budget: Budget,
    run_log: RunLog,
    watch: Watch,
) -> None:
    """Run the trainer with its callbacks; after NaN roll it back, a limited number of times.

    Of several processes, only the first one has callbacks, and the others follow it.
    """
    state, world = trainer.state, trainer.world
    limit = budget.images_limit(len(trainer.batches))
    planned = planned_images(budget, trainer.recipe, limit)
    background = Background(trainer.compute.device if trainer.recorded else None)
    with stop_on_signals(trainer, run_log):
        while True:
            left = budget.minutes and max(0.0, budget.minutes * 60 - state.seconds)
            reason = ""
            with track(
                limit,
                "training",
                task.unit,
                done=state.images_seen,
                time_limit=left,
                used=state.seconds,
            ) as tracker:
                seconds = watch.checkpoint_minutes * 60
                saver = Checkpoints(run.checkpoints, run_log, seconds, task.unit, background)
                context = RunContext(run, run_log, watch, tracker, saver, background, planned)
                callbacks = task.callbacks(context) if world.leads else ()
                try:
                    trainer.run(budget, [BestEffort(callback, run_log) for callback in callbacks])
                except Diverged as error:
                    reason = str(error)
                reason = world.shared(reason)
                if not reason:
                    break
                with contextlib.suppress(OSError):
                    background.wait()
                roll_back(trainer, run, task.unit, run_log, reason)
    if not world.leads:
        return
    if not saver.saved:
        raise KaoganError(
            f"the state after {state.images_seen:,} {task.unit} could not be saved; make "
            "room, then give the same command again: it goes on from the last good checkpoint"
        )
    if trainer.finished(budget):
        run_log.say(
            f"done: {state.images_seen:,} {task.unit} seen in {clock(state.seconds)}",
            "finished",
            reason="done",
        )
    else:
        run_log.say(
            f"stopped after {state.images_seen:,} {task.unit}, everything is saved; "
            "the same command goes on from here",
            "finished",
            reason="stopped",
        )
    for line in task.conclusion(run):
        run_log.say(line)


def planned_images(budget: Budget, recipe: Recipe, limit: int | None) -> int | None:
    """Images of the whole training: the budget's `limit`, or, if time limits it, those after which
    the learning rates end to fall; None if neither is known.
    """
    if budget.minutes is None:
        return limit
    return min((images for images in (limit, recipe.anneal_images) if images), default=None)


def _check_same(run: Run, recipe: Recipe, task: Task, start: Start | None) -> None:
    """Raise a UsageError if the folder has checkpoints of another recipe, data or start.

    Schedules may differ, because a run can be prolonged.
    """
    if not checkpoints.found(run.checkpoints):
        return
    schedules = ("lr_schedule", "penalty_schedule")
    before = run.recipe.model_copy(update={name: getattr(recipe, name) for name in schedules})
    differences = recipe.differences(before)
    differences += plugins.differences(run.path, plugins.used_by(recipe.parts))
    theirs = run.about["dataset"]["fingerprint"]
    if task.about["fingerprint"] != theirs:
        differences.append(task.difference(theirs))
    if recipe.model.attributes and task.about["labels"] != run.about["dataset"].get("labels"):
        differences.append("labels: the pictures have others now")
    begun = run.about.get("start") or {"from": "fresh networks", "sha256": ""}
    if start is not None and start.about["sha256"] != begun["sha256"]:
        differences.append(f"from: {start.name}, not {begun['from']}")
    if differences:
        raise UsageError(
            f"{run.path} holds a run of another recipe ({'; '.join(differences)}); "
            "use another --out, or the same options as before"
        )


def _compute(
    run: Run, recipe: Recipe, hardware: Hardware, device: torch.device, run_log: RunLog
) -> Compute:
    """The arithmetic of a run. A resumed run keeps its own unless another precision is given, or
    the hardware lacks it.
    """
    resumed = checkpoints.found(run.checkpoints)
    about = run.about if resumed else {}
    asked = hardware.precision
    kept: Precision = about.get("precision", "auto")
    suitable = ("bf16", "fp32") if device.type == "cpu" else fast_formats(device)
    if asked == "auto" and kept in suitable:
        asked = kept
    if resumed and hardware.tune:
        plan = Plan(about.get("convolutions", {}))
        return Compute(device, choose_precision(asked, device), plan)
    return fresh_compute(recipe, device, asked, hardware.tune, run_log.say)


def _check_agreement(world: World, recipe: Recipe, task: Task) -> None:
    """Raise a KaoganError, in every process, if one trains something else than the first one."""
    data = [task.about.get(name) for name in ("fingerprint", "labels")]
    mine = json.dumps([recipe.model_dump(mode="json"), data])
    if world.any(world.shared(mine) != mine):
        raise KaoganError(
            "the processes differ in recipe or data; give all of them the same command, and every "
            "machine the same DATASET"
        )


def _agreed(world: World, compute: Compute | None, device: torch.device) -> Compute:
    """The arithmetic of the first process, which knows it, on this device."""
    first = compute and {"precision": compute.precision, "choices": compute.plan.choices}
    agreed = json.loads(world.shared(json.dumps(first)))
    return compute or Compute(device, agreed["precision"], Plan(agreed["choices"]))


def _describe(trainer: Trainer) -> str:
    """Networks, device and precision in words."""
    compute, size = trainer.compute, trainer.world.size
    size_g, size_d = (
        sum(p.numel() for p in network.parameters()) / 1e6
        for network in (trainer.state.generator, trainer.state.discriminator)
    )
    together = f"{size} processes, each on " if size > 1 else ""
    return (
        f"generator {size_g:.1f} M and discriminator {size_d:.1f} M parameters, "
        f"{together}{compute.device.type} in {compute.precision}"
    )


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
