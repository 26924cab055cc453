"""The floor: the least time that a training step can take on this machine.

    floor = max(operations / peak, bytes / bandwidth)

A step must carry out the multiplications and additions of its convolutions and matrix products,
and must move their operands and results between memory and processor. The machine's peak is that
of a large matrix product, its bandwidth that of a large copy; both are measured. This is the
roofline of Williams, Waterman and Patterson, "Roofline: An Insightful Visual Performance Model for
Multicore Architectures" (CACM 2009), for a whole step.

The networks are counted as the library computes them. An algorithm that needs fewer multiplications
than the definition of a convolution (Toom-Cook, Winograd) can in principle fall below this floor.
"""

import contextlib
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
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
"""The average is read and written; the weight is still in a cache after its update."""

LARGEST_MATRIX = 8192
LONG_ENOUGH = 0.02
"""Seconds: a product that takes this long is large enough to show the peak."""
COPIED_BYTES = 2**29
"""Far more than any cache holds: the largest are some hundred megabytes."""


@dataclass(frozen=True)
class Work:
    """The least work of a training step."""

    flops: int
    """Floating-point operations; a multiplication with its addition counts as two."""
    bytes: int
    """Bytes moved between processor and memory."""


@dataclass(frozen=True)
class Limits:
    """The limits of a machine."""

    flops_per_second: float
    bytes_per_second: float

    def floor(self, work: Work) -> float:
        """The least seconds for `work`."""
        return max(work.flops / self.flops_per_second, work.bytes / self.bytes_per_second)


def step_work(recipe: Recipe, precision: Precision) -> Work:
    """The work of one training step of `recipe` in "fp32", "bf16" or "fp16".

    With lazy penalties, it is the mean over `penalty_interval` steps.

    In each pass, a convolution reads its input and weights and writes its output. The optimizer
    passes once over its weights, gradients and moments. Batch norm, activations, loss and
    conversions are not counted, as if they were fused into their neighbours. A real step moves
    more.
    """
    kinds = [_work_of_step(recipe, precision, penalised) for penalised in recipe.kinds_of_steps]
    costly, plain = kinds[0], kinds[-1]  # with penalties and without; maybe of the same kind
    return Work(
        plain.flops + (costly.flops - plain.flops) // recipe.penalty_interval,
        plain.bytes + (costly.bytes - plain.bytes) // recipe.penalty_interval,
    )


def _work_of_step(recipe: Recipe, precision: Precision, penalised: bool) -> Work:
    # Two small batches are enough: the work is exactly a + b * batch among batches with the same
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
    """Networks in PyTorch's own layers, without this machine's plan of convolutions."""

    def place(self, network: nn.Module) -> nn.Module:
        return network


def _count_step(recipe: Recipe, batch: int, penalised: bool) -> tuple[int, int, int]:
    """Operations and numbers moved by the networks in a real step; bytes moved by its updates.

    Counted in float32 on the CPU, because the counts are the same everywhere.
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
    """The number of entries of the tensors among `values`."""
    return sum(value.numel() for value in values if isinstance(value, Tensor))


def measure_limits(device: torch.device, precision: Precision) -> Limits:
    """Measure peak ("fp32", "bf16" or "fp16") and bandwidth; takes some seconds and a gigabyte."""
    return Limits(measure_peak(device, precision), measure_bandwidth(device))


def measure_peak(device: torch.device, precision: Precision) -> float:
    """Operations per second of a large matrix product: the median of several."""
    size, seconds = 512, 0.0
    with _rounding_of_convolutions():
        while seconds < LONG_ENOUGH and size < LARGEST_MATRIX:
            size *= 2
            one, other = torch.randn(2, size, size, device=device).to(DTYPES[precision])
            product = torch.empty_like(one)
            seconds = _median(partial(torch.mm, one, other, out=product), device)
    return 2 * size**3 / seconds


def measure_bandwidth(device: torch.device, size: int = COPIED_BYTES) -> float:
    """Bytes per second that a large copy reads and writes: the median of several."""
    source = torch.ones(size // 4, device=device)  # zeros would be one empty page, in the cache
    target = torch.empty_like(source)
    return 2 * size / _median(partial(target.copy_, source), device)


def _median(work: Callable[[], object], device: torch.device) -> float:
    return statistics.median(repeat(work, device, seconds=0.5, least=5))


@contextlib.contextmanager
def _rounding_of_convolutions() -> Iterator[None]:
    """On CUDA, convolutions in float32 may round to TF32: allow it for products as well."""
    matrix, convolution = torch.backends.cuda.matmul, torch.backends.cudnn.conv  # type: ignore[attr-defined]
    before = matrix.fp32_precision
    matrix.fp32_precision = convolution.fp32_precision
    try:
        yield
    finally:
        matrix.fp32_precision = before
