"""Faster steps on a GPU, with the same result: compiled networks, and one launch for a step.

By default, Python launches each of the several hundred kernels of a step, and a fast GPU waits for
it. So the networks are compiled, which joins small kernels. Then `Trainer.train_step` is recorded
once as a CUDA graph: both networks, both optimisers and the EMA. From then on, a step is a copy of
its inputs and one launch. If either does not work, a message says so and the training runs without.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import cast

import torch
from torch import nn

from kaogan.training.run_log import RunLog
from kaogan.training.state import TrainState
from kaogan.training.trainer import StepInputs, StepStats, Trainer

Replay = Callable[[], None]
Recorder = Callable[[Callable[[], StepStats], torch.Generator], tuple[StepStats, Replay]]

WARM_UP_STEPS = 3
"""Steps before the recording, in which cuDNN chooses algorithms and libraries allocate memory."""


def accelerate(trainer: Trainer, run_log: RunLog) -> None:
    """Make the trainer's steps faster without changing its state."""
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
        run_log.say(_note("torch.compile does not work here", error))


def capture_steps(trainer: Trainer, run_log: RunLog, record: Recorder) -> None:
    """Record a training step and replay it from now on; if that fails, say so and go on."""
    try:
        with unchanged(trainer.state):
            trainer.compiled_step = recorded_step(trainer, record)
            for penalised in trainer.recipe.kinds_of_steps:  # tests the recordings
                trainer.compiled_step(trainer.draw_inputs(), penalised)
    except Exception as error:
        trainer.compiled_step = trainer.train_step
        run_log.say(_note("a step cannot be recorded as a graph", error))


def recorded_step(trainer: Trainer, record: Recorder) -> Callable[[StepInputs, bool], StepStats]:
    """A recording of `Trainer.train_step`: each call runs the same kernels on the same memory.

    Steps with penalties and steps without have a recording each. Inputs are copied to the memory
    that the recording reads. The next call overwrites the returned tensors.
    """
    inputs = StepInputs(*(tensor.clone() for tensor in trainer.draw_inputs()))
    recordings = {
        penalised: record(functools.partial(trainer.train_step, inputs, penalised), trainer.rng)
        for penalised in trainer.recipe.kinds_of_steps
    }

    def replay_step(new_inputs: StepInputs, penalised: bool) -> StepStats:
        for kept, new in zip(inputs, new_inputs, strict=True):
            kept.copy_(new)
        stats, replay = recordings[penalised]
        replay()
        return stats

    return replay_step


def cuda_graph(step: Callable[[], StepStats], rng: torch.Generator) -> tuple[StepStats, Replay]:
    """Record `step` as a CUDA graph; return the tensors that it writes to, and its replay.

    Random numbers in it come from `rng` in its state at each replay.
    """
    graph = torch.cuda.CUDAGraph()
    graph.register_generator_state(rng)
    stream = torch.cuda.Stream(rng.device)  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream(rng.device))
    with torch.cuda.stream(stream):  # recording needs a stream of its own
        for _ in range(WARM_UP_STEPS):
            step()
        # Threads that read ahead may pin memory meanwhile, so only this thread is checked.
        with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
            stats = step()
    torch.cuda.current_stream(rng.device).wait_stream(stream)
    return stats, graph.replay


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


def _note(what: str, error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"note: {what} ({lines[0][:120]}); training without it"
