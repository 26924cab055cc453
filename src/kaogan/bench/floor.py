"""The floor: no training step on this machine can take less time.

    floor = max(operations / peak, bytes / bandwidth)

A step must carry out the multiplications and additions of its convolutions and matrix products,
and must move what these read and write to and from the memory. The machine's peak is that of a
large matrix product, its bandwidth that of a large copy; both are measured, not looked up. This is
the roofline of Williams, Waterman and Patterson, "Roofline: An Insightful Visual Performance Model
for Multicore Architectures" (CACM 2009), for a whole step.

Counted are the networks as the library computes them. An algorithm that needs fewer multiplications
than the definition of a convolution (Toom-Cook, Winograd) may in principle fall below this floor.
"""

import contextlib
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from kaogan.bench.timing import repeat
from kaogan.training.precision import Compute
from kaogan.training.recipe import Precision, Recipe
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer
from kaogan.training.tuning import Noise

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

ADAM_PASSES = 7
"""Adam reads weight, gradient and both moments, and writes all but the gradient."""
EMA_PASSES = 2
"""The average is read and written; the weight is at hand after its update."""

LARGEST_MATRIX = 8192
LONG_ENOUGH = 0.02
"""Seconds: a product that takes as long is large enough to show the peak."""
COPIED_BYTES = 2**29
"""Far more than any cache holds: the largest are some hundred megabytes."""


@dataclass(frozen=True)
class Work:
    """What a training step has to do at least."""

    flops: int
    """Floating-point operations; a multiplication with its addition is two."""
    bytes: int
    """Bytes moved between processor and memory."""


@dataclass(frozen=True)
class Limits:
    """What a machine can do."""

    flops_per_second: float
    bytes_per_second: float

    def floor(self, work: Work) -> float:
        """Seconds that `work` takes at least."""
        return max(work.flops / self.flops_per_second, work.bytes / self.bytes_per_second)


# What there is to do


def step_work(recipe: Recipe, precision: Precision) -> Work:
    """The work of one training step of `recipe` in "fp32", "bf16" or "fp16".

    Where penalties come on every k-th step only, it is the mean over k steps.

    Each convolution reads its input and weights and writes its output once a pass; each optimiser
    walks once over its weights, gradients and moments. Batch norm, activations, loss and
    conversions count nothing, as if they were fused into their neighbours: a real step moves more.
    """
    kinds = [_work_of_step(recipe, precision, penalised) for penalised in recipe.kinds_of_steps]
    # With penalties, and without: the same, if there is one kind of steps only.
    costly, plain = kinds[0], kinds[-1]
    return Work(
        plain.flops + (costly.flops - plain.flops) // recipe.penalty_interval,
        plain.bytes + (costly.bytes - plain.bytes) // recipe.penalty_interval,
    )


def _work_of_step(recipe: Recipe, precision: Precision, penalised: bool) -> Work:
    # Two small batches tell all: work is a + b * batch, exactly, among batches that leave the same
    # rest when they are divided into groups. Only with no rest do both sides share a pass.
    group = recipe.model.group or 1
    rest = recipe.batch % group
    small, large = (_count_step(recipe, rest + n * group, penalised) for n in (2, 4))
    added = recipe.batch - rest - 2 * group
    flops, numbers, update_bytes = (
        less + (more - less) * added // (2 * group) for less, more in zip(small, large, strict=True)
    )
    return Work(flops, numbers * DTYPES[precision].itemsize + update_bytes)


class _Library(Compute):
    """Networks as PyTorch computes them, whatever this machine would put in their place."""

    def place(self, network: nn.Module) -> nn.Module:
        return network


def _count_step(recipe: Recipe, batch: int, penalised: bool) -> tuple[int, int, int]:
    """Operations and numbers moved by the networks in a real step; bytes moved by its updates.

    Counted in float32 on the CPU: how much there is to do is the same everywhere.
    """
    recipe = recipe.model_copy(update={"batch": batch})
    compute = _Library(torch.device("cpu"), "fp32")
    state = TrainState.fresh(recipe, compute)
    trainer = Trainer(recipe, state, Noise(recipe), compute)
    with FlopCounterMode(display=False) as arithmetic, Traffic() as traffic:
        trainer.train_step(trainer.draw_inputs(), penalised)
    generator, discriminator = (
        sum(parameter.nbytes for parameter in network.parameters())
        for network in (state.generator, state.discriminator)
    )
    updates = ADAM_PASSES * (generator + discriminator) + EMA_PASSES * generator
    return arithmetic.get_total_flops(), traffic.numbers, updates


class Traffic(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the numbers that convolutions and matrix products read and write, each tensor once."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        aten, operation = torch.ops.aten, func.overloadpacket
        if operation in (aten.convolution, aten.mm, aten.addmm, aten.bmm):
            self.numbers += _numbers_in(*args, result)
        elif operation is aten.convolution_backward:
            gradient, inputs, weights = args[:3]
            of_inputs, of_weights, _ = args[-1]
            self.numbers += _numbers_in(gradient, *result)
            self.numbers += _numbers_in(weights if of_inputs else None)
            self.numbers += _numbers_in(inputs if of_weights else None)
        return result


def _numbers_in(*values: object) -> int:
    """Entries of the tensors among `values`."""
    return sum(value.numel() for value in values if isinstance(value, Tensor))


# What the machine can do


def measure_limits(device: torch.device, precision: Precision) -> Limits:
    """Measure peak ("fp32", "bf16" or "fp16") and bandwidth; takes some seconds and a gigabyte."""
    return Limits(measure_peak(device, precision), measure_bandwidth(device))


def measure_peak(device: torch.device, precision: Precision) -> float:
    """Operations per second of a large matrix product: the median of several."""
    size, seconds = 512, 0.0
    with _rounding_as_in_convolutions():
        while seconds < LONG_ENOUGH and size < LARGEST_MATRIX:
            size *= 2
            seconds = _product_seconds(size, device, DTYPES[precision])
    return 2 * size**3 / seconds


@contextlib.contextmanager
def _rounding_as_in_convolutions() -> Iterator[None]:
    """On CUDA, convolutions in float32 may round to TF32 where products may not: allow both."""
    matrix, convolution = torch.backends.cuda.matmul, torch.backends.cudnn.conv  # type: ignore[attr-defined]
    before = matrix.fp32_precision
    matrix.fp32_precision = convolution.fp32_precision
    try:
        yield
    finally:
        matrix.fp32_precision = before


def _product_seconds(size: int, device: torch.device, dtype: torch.dtype) -> float:
    one, other = torch.randn(2, size, size, device=device).to(dtype)
    product = torch.empty(size, size, dtype=dtype, device=device)
    return statistics.median(
        repeat(lambda: torch.mm(one, other, out=product), device, seconds=0.5, least=5)
    )


def measure_bandwidth(device: torch.device, size: int = COPIED_BYTES) -> float:
    """Bytes per second of a large copy, read and written ones: the median of several."""
    source = torch.ones(size // 4, device=device)  # zeros would be one empty page, in the cache
    target = torch.empty_like(source)
    seconds = statistics.median(repeat(lambda: target.copy_(source), device, seconds=0.5, least=5))
    return 2 * size / seconds
