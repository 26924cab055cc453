"""What was measured on this machine before, kept in the user's cache folder.

Two equal commands on one machine must give equal runs: number format and algorithms are measured
once, on however busy a machine, and remembered.
"""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch

from kaogan.files import cache_folder, write_text
from kaogan.machine import cpuinfo, processor


def machine() -> str:
    """What the speed of a product depends on: processor, threads, version of torch."""
    flags = hashlib.sha256(cpuinfo().get("flags", "").encode()).hexdigest()[:8]
    return f"{processor()} ({flags}), {torch.get_num_threads()} threads, torch {torch.__version__}"


def recall(place: str) -> dict[str, str]:
    """What was chosen at this place (a machine, and what else matters) before."""
    known = _read(_file()).get(place)
    return {str(key): str(name) for key, name in known.items()} if isinstance(known, dict) else {}


def keep(place: str, choices: Mapping[str, str]) -> dict[str, str]:
    """Remember these choices; those remembered already stay. Returns what holds from now on.

    So of two commands that measure at the same time, both take what the first one found. A cache
    that cannot be written is no reason to stop: the choices hold, and will be measured again.
    """
    file = _file()
    with contextlib.suppress(OSError):
        from filelock import FileLock  # not needed to draw

        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{file}.lock"):
            choices = dict(choices) | recall(place)
            write_text(file, json.dumps(_read(file) | {place: choices}, indent=2) + "\n")
    return dict(choices)


def _file() -> Path:
    return cache_folder() / "measurements.json"


def _read(file: Path) -> dict[str, object]:
    """What the file holds, of all machines; nothing if it is missing or damaged."""
    with contextlib.suppress(OSError, ValueError):
        everything = json.loads(file.read_text(encoding="utf-8"))
        return everything if isinstance(everything, dict) else {}
    return {}
