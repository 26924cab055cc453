"""Which device, number format, memory layout and algorithms: chosen for the machine at hand."""

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
"""Autocast has to convert as well: with a smaller gain the whole step gains nothing."""

clock = time.perf_counter if os.name == "nt" else time.thread_time  # Windows' ticks in 16 ms


@dataclass(frozen=True)
class Compute:
    """The device and the arithmetic of a run, resolved from `Hardware`."""

    device: torch.device
    precision: Precision
    plan: Plan = field(default_factory=Plan)
    """Algorithms for convolutions on a CPU; an empty plan leaves them all to the library."""

    def __post_init__(self) -> None:
        if self.device.type == "cuda":
            # Shapes never change: let cuDNN try its algorithms once, and keep the fastest.
            torch.backends.cudnn.benchmark = True

    def autocast(
        self, second_derivatives: bool = False
    ) -> contextlib.AbstractContextManager[object]:
        """Run matrix products in the chosen precision; parameters and sums stay float32.

        Args:
            second_derivatives: the outputs are differentiated twice. fp16 has not the range for
                squares of slopes: float32 then.

        """
        if self.precision == "fp32" or (second_derivatives and self.precision == "fp16"):
            return contextlib.nullcontext()
        dtype = torch.bfloat16 if self.precision == "bf16" else torch.float16
        return torch.autocast(self.device.type, dtype)

    def scaler(self) -> torch.amp.GradScaler:
        """Loss scaling for fp16, whose smallest numbers are too large for gradients; else off."""
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == "fp16")

    def place(self, network: nn.Module) -> nn.Module:
        """Move a network to the device; channels last, where convolutions are faster so."""
        if self.device.type == "mps":
            return network.to(self.device)
        if self.device.type == "cpu":
            use(network, self.plan)
        return network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def choose_device(name: str) -> torch.device:
    """Resolve "auto" to CUDA, else MPS, else the CPU; check that a named device is there.

    Raises:
        UsageError: the name means nothing, or this machine has no such device.

    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"there is no device {name!r}; use auto, cpu, cuda or mps") from None
    present = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not present.get(device.type, False):
        raise UsageError(
            f"this machine, or this build of torch, has no device {name!r}; use --device cpu"
        )
    return device


def name_of(device: torch.device) -> str:
    """What the hardware is called: "NVIDIA T4", or the processor's name."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else processor()


def choose_precision(
    precision: Precision, device: torch.device, remember: bool = True
) -> Precision:
    """Resolve "auto": bf16 where the hardware does it well, fp16 on older GPUs, else fp32.

    Args:
        precision: what was asked for.
        device: where.
        remember: keep what is measured on a CPU, so that later commands agree with this one.

    Raises:
        UsageError: fp16 on a CPU, which trains slowly and overflows.

    """
    if precision == "fp16" and device.type == "cpu":
        raise UsageError("fp16 is for GPUs; on a CPU use --precision bf16 or fp32")
    if precision != "auto":
        return precision
    if device.type == "cuda":
        capability = torch.cuda.get_device_capability(device)
        if capability >= (8, 0):  # Ampere and later have bf16 matrix units
            return "bf16"
        return "fp16" if capability >= (7, 0) else "fp32"  # Volta, Turing (the T4): fp16 only
    return _chosen_for_the_cpu(remember) if device.type == "cpu" else "fp32"


def _chosen_for_the_cpu(remember: bool) -> Precision:
    """What a first command measured on this machine; measured now if there was none."""
    place = memory.machine()
    chosen = memory.recall(place).get("precision")
    if chosen is None:
        chosen = "bf16" if _bf16_gain() > WORTHWHILE else "fp32"
        if remember:
            chosen = memory.keep(place, {"precision": chosen})["precision"]
    return "bf16" if chosen == "bf16" else "fp32"


def _bf16_gain(size: int = 1024, pairs: int = 9) -> float:
    """How many times as fast matrix products are in bf16: the median over pairs of products.

    Asking the CPU for its flags is not enough: on one machine with AVX512-BF16 but no AMX, bf16
    products ran at 0.6 times the speed of float32 ones. Other programs at work hardly matter: time
    that they have the processor for does not count, and a pair is taken at nearly one moment.
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
