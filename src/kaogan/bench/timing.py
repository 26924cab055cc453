"""Reading the clock when the device has done its work, and not before."""

import time
from collections.abc import Callable

import torch


def synchronize(device: torch.device) -> None:
    """Wait until the device has done all that it was given; a CPU always has."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def seconds_of(work: Callable[[], object], device: torch.device) -> float:
    """How long `work` takes, on the device too."""
    synchronize(device)
    start = time.perf_counter()
    work()
    synchronize(device)
    return time.perf_counter() - start


def repeat(
    work: Callable[[], object], device: torch.device, seconds: float, least: int = 3
) -> list[float]:
    """Times of `work`, after a first run that warms up: `least` ones, and more for `seconds`."""
    work()
    times: list[float] = []
    while len(times) < least or sum(times) < seconds:
        times.append(seconds_of(work, device))
    return times
