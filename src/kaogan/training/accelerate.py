"""Faster steps on a GPU, with the same result: compiled networks, and one launch for a step.

Eagerly, Python launches each kernel of a step, some hundreds, and a fast GPU waits for it. So the
networks are compiled, which joins small kernels, and then `Trainer.train_step` is recorded once as
a CUDA graph: both players, both optimisers and the average. From then on a step is a copy of its
inputs and one launch. Whatever does not work here is left out, with a line that says so.
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
"""Steps before the recording: cuDNN times its algorithms, libraries take their workspaces."""


def accelerate(trainer: Trainer, run_log: RunLog) -> None:
    """Make the trainer's steps faster; its state stays as it is."""
    compile_networks(trainer, run_log)
    capture_steps(trainer, run_log, cuda_graph)


def compile_networks(trainer: Trainer, run_log: RunLog) -> None:
    """Let torch.compile speed both networks up; if it cannot, say so in a line and go on."""
    state = trainer.state
    try:
        with unchanged(state):
            # Shapes never change: nothing is to be kept general.
            trainer.generator = cast(nn.Module, torch.compile(state.generator, dynamic=False))
            trainer.discriminator = cast(
                nn.Module, torch.compile(state.discriminator, dynamic=False)
            )
            for penalised in trainer.recipe.kinds_of_steps:  # compiles, and shows that it runs
                trainer.train_step(trainer.draw_inputs(), penalised)
    except Exception as error:
        trainer.generator, trainer.discriminator = state.generator, state.discriminator
        run_log.say(_note("torch.compile does not work here", error))


def capture_steps(trainer: Trainer, run_log: RunLog, record: Recorder) -> None:
    """Record a training step, to be replayed from now on; if it cannot be, say so and go on."""
    try:
        with unchanged(trainer.state):
            trainer.compiled_step = Captured(trainer, record)
            for penalised in trainer.recipe.kinds_of_steps:  # shows that the recordings run
                trainer.compiled_step(trainer.draw_inputs(), penalised)
    except Exception as error:
        trainer.compiled_step = trainer.train_step
        run_log.say(_note("a step cannot be recorded as a graph", error))


class Captured:
    """`Trainer.train_step` recorded: the same kernels on the same memory, whenever it is called.

    Steps with penalties and steps without have a recording each.

    It reads its inputs where the recording read them, so they are copied there. The numbers that
    it returns are overwritten by the next call.
    """

    def __init__(self, trainer: Trainer, record: Recorder) -> None:
        self._inputs = StepInputs(*(tensor.clone() for tensor in trainer.draw_inputs()))
        self._recordings = {
            penalised: record(
                functools.partial(trainer.train_step, self._inputs, penalised), trainer.rng
            )
            for penalised in trainer.recipe.kinds_of_steps
        }

    def __call__(self, inputs: StepInputs, penalised: bool) -> StepStats:
        for kept, new in zip(self._inputs, inputs, strict=True):
            kept.copy_(new)
        stats, replay = self._recordings[penalised]
        replay()
        return stats


def cuda_graph(step: Callable[[], StepStats], rng: torch.Generator) -> tuple[StepStats, Replay]:
    """Record `step` as a CUDA graph; return the tensors it will write to, and its replay.

    Random numbers in it come from `rng` as it stands at each replay.
    """
    graph = torch.cuda.CUDAGraph()
    graph.register_generator_state(rng)
    stream = torch.cuda.Stream(rng.device)  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream(rng.device))
    with torch.cuda.stream(stream):  # recording needs a stream of its own
        for _ in range(WARM_UP_STEPS):
            step()
        # Threads that read ahead may pin memory meanwhile: look at this thread alone.
        with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
            stats = step()
    torch.cuda.current_stream(rng.device).wait_stream(stream)
    return stats, graph.replay


@contextlib.contextmanager
def unchanged(state: TrainState) -> Iterator[None]:
    """Put the state back afterwards, in place, whatever is trained meanwhile."""
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
