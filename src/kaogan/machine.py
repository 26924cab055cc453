"""The machine and what runs on it, in words: for a run's record, and for reports of faults."""

import contextlib
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("torch", "numpy", "pillow")
"""Whose versions can change what a training gives."""


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that compute."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def cpuinfo() -> dict[str, str]:
    """What Linux says of the first processor; empty elsewhere."""
    with contextlib.suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        lines = (line.split(":", 1) for line in text.split("\n\n")[0].splitlines() if ":" in line)
        return {key.strip(): value.strip() for key, value in lines}
    return {}


def processor() -> str:
    """The processor's name."""
    return cpuinfo().get("model name") or platform.processor() or platform.machine()
