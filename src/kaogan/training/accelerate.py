"""Faster steps on a GPU, with the same result: compiled networks, and one launch for a step.

By default, Python launches each of the several hundred kernels of a step, and a fast GPU waits for
it. So `Trainer.train_step` is recorded once as a CUDA graph: both networks, both optimisers and the
EMA. From then on, a step is a copy of its inputs and one launch. For a long training, the networks
are compiled before, which joins small kernels. If either does not work, a message says so and the
training runs without.
"""

import contextlib
import functools
import traceback
from collections.abc import Callable, Iterator
from typing import cast

import torch
from torch import nn

from kaogan.training.recipe import Budget
from kaogan.training.run_log import RunLog
from kaogan.training.state import TrainState
from kaogan.training.trainer import StepInputs, StepStats, Trainer

Replay = Callable[[], None]
Recorder = Callable[[Callable[[], StepStats]], tuple[StepStats, Replay]]

WARM_UP_STEPS = 3
"""Steps before the recording, in which cuDNN chooses algorithms and libraries allocate memory."""

LONG = Budget(images=2_000_000, minutes=10)
"""From one of these lengths on, compiling is worth the minute that it takes."""


def accelerate(trainer: Trainer, run_log: RunLog, budget: Budget = LONG) -> None:
    """Make the trainer's steps faster without changing its state; of a long training, even more."""
    images = budget.images_limit(len(trainer.batches))
    if (images or 0) >= (LONG.images or 0) or (budget.minutes or 0) >= (LONG.minutes or 0):
        run_log.say("compiling both networks, which takes about a minute")
        compile_networks(trainer, run_log)
    capture_steps(trainer, run_log, cuda_graph)


def compile_networks(trainer: Trainer, run_log: RunLog) -> None:
    """Compile both networks; if that fails, say so and go on."""
    state = trainer.state
    try:
        with unchanged(state):
            # Shapes never change.
            compiled = functools.partial(torch.compile, dynamic=False)
            trainer.generator = cast(nn.Module, compiled(state.generator))
            trainer.discriminator = cast(nn.Module, compiled(state.discriminator))
            for penalised in trainer.recipe.kinds_of_steps:  # compiles and tests
                trainer.train_step(trainer.draw_inputs(), penalised)
    except Exception as error:
        trainer.generator, trainer.discriminator = state.generator, state.discriminator
        run_log.say(
            f"note: torch.compile does not work here ({_cause(error)}); training without it"
        )
        run_log.detail("".join(traceback.format_exception(error)))


def capture_steps(trainer: Trainer, run_log: RunLog, record: Recorder) -> None:
    """Record a training step and replay it from now on; if that fails, say so and go on.

    Compiled networks that cannot be recorded are recorded without compilation.
    """
    state = trainer.state
    try:
        _capture(trainer, record)
    except Exception as error:
        cause, compiled = _cause(error), trainer.generator is not state.generator
        if compiled:
            run_log.say(
                f"note: a step cannot be recorded as a graph ({cause}); trying without compilation"
            )
        else:
            run_log.say(
                f"note: a step cannot be recorded as a graph ({cause}); training without it"
            )
        run_log.detail("".join(traceback.format_exception(error)))
        if compiled:
            trainer.generator, trainer.discriminator = state.generator, state.discriminator
            capture_steps(trainer, run_log, record)


def _capture(trainer: Trainer, record: Recorder) -> None:
    try:
        with unchanged(trainer.state):
            trainer.compiled_step = recorded_step(trainer, record)
            for penalised in trainer.recipe.kinds_of_steps:  # tests the recordings
                trainer.compiled_step(trainer.draw_inputs(), penalised)
    except Exception:
        trainer.compiled_step = trainer.train_step
        raise


def recorded_step(trainer: Trainer, record: Recorder) -> Callable[[StepInputs, bool], StepStats]:
    """A recording of `Trainer.train_step`: each call runs the same kernels on the same memory.

    Steps with penalties and steps without have a recording each. Inputs are copied, in one
    launch, to the memory that the recording reads. The next call overwrites the returned tensors.
    """
    kept = [tensor.clone() for tensor in trainer.draw_inputs()]
    inputs = StepInputs(*kept)
    recordings = {
        penalised: record(functools.partial(trainer.train_step, inputs, penalised))
        for penalised in trainer.recipe.kinds_of_steps
    }

    def replay_step(new_inputs: StepInputs, penalised: bool) -> StepStats:
        torch._foreach_copy_(kept, [*new_inputs])
        stats, replay = recordings[penalised]
        replay()
        return stats

    return replay_step


def cuda_graph(
    step: Callable[[], StepStats], rng: torch.Generator | None = None
) -> tuple[StepStats, Replay]:
    """Record `step` as a CUDA graph; return the tensors that it writes to, and its replay.

    If the step draws numbers from `rng`, its replay draws those of the seed that `rng` has then.
    A step that waits for the GPU fails before the recording begins: a recording that fails can
    leave its memory and PyTorch's generator of random numbers unusable.
    """
    graph, pool = torch.cuda.CUDAGraph(), torch.cuda.graph_pool_handle()
    if rng is not None:
        graph.register_generator_state(rng)
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):  # recording needs a stream of its own
        for _ in range(WARM_UP_STEPS):
            step()
        with _never_waiting():
            step()
        try:
            # Threads that read ahead may pin memory meanwhile, so only this thread is checked.
            with torch.cuda.graph(graph, pool, stream, capture_error_mode="thread_local"):
                stats = step()
        except Exception:
            graph.reset()  # releases its pool
            raise
    torch.cuda.current_stream().wait_stream(stream)
    return stats, graph.replay


@contextlib.contextmanager
def _never_waiting() -> Iterator[None]:
    """Raise a RuntimeError where Python waits for the GPU."""
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)


@contextlib.contextmanager
def unchanged(state: TrainState) -> Iterator[None]:
    """Restore the state afterwards, in place."""
    tensors = {name: tensor.to("cpu", copy=True) for name, tensor in state.tensors().items()}
    numbers = state.numbers()
    try:
        yield
    finally:
        state.discriminator.requires_grad_(True)
        for optimizer in state.optimizers.values():
            optimizer.zero_grad(set_to_none=True)
        state.restore(tensors, numbers)


def _cause(error: BaseException) -> str:
    """The first cause of an error, in a line."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:120]
