"""Device, number format, memory layout and algorithms, chosen for this machine."""

import contextlib
import os
import statistics
import time
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from kaogan.convolutions import Plan, use
from kaogan.errors import UsageError
from kaogan.machine import processor
from kaogan.training import memory
from kaogan.training.recipe import Precision

WORTHWHILE = 1.5
"""With a smaller gain of its products, a step is no faster in bf16, because autocast converts."""

clock = time.perf_counter if os.name == "nt" else time.thread_time  # Windows' ticks in 16 ms


@dataclass(frozen=True)
class Compute:
    """Device and arithmetic of a run, resolved from `Hardware`."""

    device: torch.device
    precision: Precision
    plan: Plan = field(default_factory=Plan)
    """Algorithms for convolutions on a CPU; an empty plan leaves the choice to PyTorch."""

    def __post_init__(self) -> None:
        if self.device.type == "cuda":
            if self.device.index is not None:  # for pinned memory, streams and recordings
                torch.cuda.set_device(self.device)
            # Shapes never change: cuDNN tries its algorithms once and keeps the fastest.
            torch.backends.cudnn.benchmark = True

    def autocast(
        self, second_derivatives: bool = False
    ) -> contextlib.AbstractContextManager[object]:
        """Run matrix products in the chosen precision; parameters and sums stay float32.

        Squared slopes overflow in fp16, so `second_derivatives` are computed in float32 then. On
        GPUs with TF32 (Ampere and later), cuDNN's convolutions round float32 to TF32, as always in
        PyTorch.
        """
        if self.precision == "fp32" or (second_derivatives and self.precision == "fp16"):
            return contextlib.nullcontext()
        dtype = torch.bfloat16 if self.precision == "bf16" else torch.float16
        return torch.autocast(self.device.type, dtype)

    def scaler(self) -> torch.amp.GradScaler:
        """Loss scaling, enabled for fp16, in which small gradients would become 0."""
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == "fp16")

    def place(self, network: nn.Module) -> nn.Module:
        """Move a network to the device, with channels last where that is faster."""
        if self.device.type == "mps":
            return network.to(self.device)
        if self.device.type == "cpu":
            use(network, self.plan)
        return network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def choose_device(name: str) -> torch.device:
    """Resolve "auto" to CUDA, else MPS, else the CPU.

    Raises a UsageError if the name is unknown, or this machine has no such device.
    """
    cuda, mps = torch.cuda.device_count(), torch.backends.mps.is_available()
    if name == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"there is no device {name!r}; use auto, cpu, cuda or mps") from None
    present = {"cpu": True, "cuda": (device.index or 0) < cuda, "mps": mps}
    if not present.get(device.type, False):
        raise UsageError(
            f"this machine, or this build of torch, has no device {name!r}; use --device cpu"
        )
    return device


def name_of(device: torch.device) -> str:
    """The name of the hardware, e.g. "NVIDIA T4"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else processor()


def choose_precision(
    precision: Precision, device: torch.device, remember: bool = True
) -> Precision:
    """Resolve "auto": bf16 where the hardware is fast with it, fp16 on older GPUs, else fp32.

    With `remember`, a measurement on a CPU is stored, so that later commands agree with this one.
    Raises a UsageError for fp16 on a CPU, where it is slow and overflows.
    """
    if precision == "fp16" and device.type == "cpu":
        raise UsageError("fp16 is for GPUs; on a CPU use --precision bf16 or fp32")
    if precision != "auto":
        return precision
    if device.type != "cpu":
        return fast_formats(device)[0]
    place = memory.machine()
    chosen = memory.recall(place).get("precision")
    if chosen is None:
        chosen = "bf16" if _bf16_gain() > WORTHWHILE else "fp32"
        if remember:
            chosen = memory.keep(place, {"precision": chosen})["precision"]
    return "bf16" if chosen == "bf16" else "fp32"


def fast_formats(device: torch.device) -> tuple[Precision, ...]:
    """The number formats that suit a GPU, the best one first."""
    if device.type != "cuda":
        return ("fp32",)
    capability = torch.cuda.get_device_capability(device)
    if capability >= (8, 0):  # Ampere and later have bf16 matrix units
        return ("bf16", "fp16", "fp32")
    # Volta and Turing (the T4) have fp16 units, but for the GTX 16 series: its fp16 convolutions
    # return NaN.
    if capability >= (7, 0) and "GTX 16" not in torch.cuda.get_device_name(device):
        return ("fp16", "fp32")
    return ("fp32",)


def _bf16_gain(size: int = 1024, pairs: int = 9) -> float:
    """The speedup of matrix products in bf16: the median over pairs of products.

    The CPU's flags are not enough: on a machine with AVX512-BF16 but no AMX, bf16 products had 0.6
    times the speed of float32. Other programs hardly disturb the measurement: their time on the
    processor does not count, and both products of a pair run at nearly the same time.
    """
    normal = torch.randn(size, size, generator=torch.Generator().manual_seed(0))
    matrices = normal, normal.bfloat16()

    def seconds(matrix: Tensor) -> float:
        start = clock()
        matrix @ matrix
        return max(clock() - start, 1e-9)

    for matrix in matrices:  # warms up
        matrix @ matrix
    ratios = [seconds(matrices[0]) / seconds(matrices[1]) for _ in range(pairs)]
    return statistics.median(ratios)
