"""Timers that wait for the device."""

import time
from collections.abc import Callable

import torch


def seconds_of(work: Callable[[], object], device: torch.device) -> float:
    """The seconds that `work` takes, on the device too."""
    _wait(device)
    start = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def repeat(
    work: Callable[[], object], device: torch.device, seconds: float, least: int = 3
) -> list[float]:
    """Times of `work` after a warm-up: `least` ones, and more until they take `seconds`."""
    work()
    times: list[float] = []
    while len(times) < least or sum(times) < seconds:
        times.append(seconds_of(work, device))
    return times
