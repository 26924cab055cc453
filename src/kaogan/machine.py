"""The machine, its cores, and the versions that run on it."""

import contextlib
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("torch", "numpy", "pillow")
"""Packages whose versions can change the result of a training."""


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that compute."""
    from importlib.metadata import version  # slow to import

    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def cpuinfo() -> dict[str, str]:
    """Linux's facts about the first processor; empty on other systems."""
    with contextlib.suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        lines = (line.split(":", 1) for line in text.split("\n\n")[0].splitlines() if ":" in line)
        return {key.strip(): value.strip() for key, value in lines}
    return {}


def processor() -> str:
    """The processor's name."""
    return cpuinfo().get("model name") or platform.processor() or platform.machine()


def usable_cores() -> int:
    """How many processor cores this process can keep busy, at least 1.

    On Linux, these are the cores of its affinity (`taskset`, cpusets), but no more than the CPU
    time of its control groups (`docker run --cpus`), rounded down.
    """
    if sys.platform != "linux":
        return os.cpu_count() or 1
    return max(1, int(min([len(os.sched_getaffinity(0)), *_quotas(Path("/"))])))


def _quotas(root: Path) -> Iterator[float]:
    """The limits of CPU time of this process's control groups and of their parents, in cores.

    cgroup v2 has `cpu.max`, "QUOTA PERIOD" or "max PERIOD"; v1 has two files, and a quota of -1
    means no limit. In a container the groups' own paths may be missing. Then the limit of the root
    counts.
    """
    groups = root / "sys/fs/cgroup"
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "cpu" not in controllers.split(","):
                continue
            names = ["cpu.cfs_quota_us", "cpu.cfs_period_us"] if controllers else ["cpu.max"]
            group = Path(path.lstrip("/"))
            for part in (group, *group.parents):
                files = [groups / controllers / part / name for name in names]
                with contextlib.suppress(OSError, ValueError):
                    words = " ".join(file.read_text(encoding="ascii") for file in files)
                    quota, period = map(int, words.split())
                    if quota > 0:
                        yield quota / period


def limit_threads() -> None:
    """Let PyTorch use no more threads than there are usable cores, unless OMP_NUM_THREADS is set.

    PyTorch knows the affinity, but not the quota. Threads that share a core wait for each other
    actively in every layer: with two threads on one core, everything takes several times as long.
    """
    cores = usable_cores()
    if "OMP_NUM_THREADS" in os.environ or cores >= (os.cpu_count() or 1):
        return
    if "torch" not in sys.modules:
        os.environ["OMP_NUM_THREADS"] = str(cores)  # PyTorch reads it when it is loaded
        return
    import torch

    if cores < torch.get_num_threads():
        torch.set_num_threads(cores)
