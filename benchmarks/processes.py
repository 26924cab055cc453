"""Commands in processes of their own: how long they take, and how much memory."""

import os
import subprocess
import time
from collections.abc import Sequence
from typing import NamedTuple

import psutil  # type: ignore[import-untyped]

POLL_SECONDS = 0.1
"""Looking costs some milliseconds of the processor."""


class Failed(SystemExit):
    """A command failed; uncaught, it ends the script with what the command said."""


class Measured(NamedTuple):
    """What a command took. Memory is that of all its processes together, when it was most."""

    seconds: float
    cpu_seconds: float
    """Of the processor, over all its processes; 0 on Windows, where nobody says."""
    resident_mib: float
    """In memory; what processes share counts for each of them."""
    private_mib: float
    """The part of it that no file on the disk backs: what the system cannot do without."""
    output: str
    """What it wrote to the standard output."""


def measure(command: Sequence[str]) -> Measured:
    """Run a command to its end, looking at its memory every `POLL_SECONDS`.

    Raises:
        Failed: it did.

    """
    resident = private = 0
    start, start_cpu = time.perf_counter(), _cpu_seconds()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        top = psutil.Process(process.pid)
        while True:
            try:
                output, complaints = process.communicate(timeout=POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                sizes = [_memory(part) for part in _tree(top)]
                resident = max(resident, sum(size for size, _ in sizes))
                private = max(private, sum(size for _, size in sizes))
        seconds = time.perf_counter() - start
    if process.returncode:
        raise _failure(command, process.returncode, complaints)
    cpu = _cpu_seconds() - start_cpu
    return Measured(seconds, cpu, resident / 2**20, private / 2**20, output)


def seconds_of(command: Sequence[str]) -> float:
    """Run a command to its end, undisturbed.

    Raises:
        Failed: it did.

    """
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise _failure(command, done.returncode, done.stderr)
    return seconds


def _cpu_seconds() -> float:
    """Time that ended children have had of the processor."""
    times = os.times()
    return times.children_user + times.children_system


def _failure(command: Sequence[str], status: int, complaints: str) -> Failed:
    return Failed(f"{' '.join(command)} ended with {status}:\n{complaints}")


def _tree(top: psutil.Process) -> list[psutil.Process]:
    try:
        return [top, *top.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _memory(process: psutil.Process) -> tuple[int, int]:
    """Bytes in memory, and those of them that are no file's (all of them, where nobody says)."""
    try:
        memory = process.memory_info()
    except psutil.Error:  # it has just ended
        return 0, 0
    return memory.rss, memory.rss - getattr(memory, "shared", 0)
