"""Earlier measurements on this machine, stored in the user's cache folder.

Two equal commands on one machine must give equal runs. So number format and algorithms are measured
only once.
"""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from pydantic import TypeAdapter

from kaogan.files import cache_folder, write_text
from kaogan.machine import cpuinfo, processor


def machine() -> str:
    """What the speed of a matrix product depends on: processor, threads, version of torch."""
    flags = hashlib.sha256(cpuinfo().get("flags", "").encode()).hexdigest()[:8]
    return f"{processor()} ({flags}), {torch.get_num_threads()} threads, torch {torch.__version__}"


def recall(place: str) -> dict[str, str]:
    """The earlier choices at this place: a machine and further conditions."""
    return _read().get(place, {})


def keep(place: str, choices: Mapping[str, str]) -> dict[str, str]:
    """Store these choices and return the valid ones: those that are stored already stay.

    So two commands that measure at the same time both use the choices of the first. If the cache
    cannot be written, these choices are used, and the next command measures again.
    """
    file = _file()
    with contextlib.suppress(OSError):
        from filelock import FileLock  # drawing does not need it

        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{file}.lock"):
            choices = dict(choices) | recall(place)
            write_text(file, json.dumps(_read() | {place: choices}, indent=2) + "\n")
    return dict(choices)


def _file() -> Path:
    return cache_folder() / "measurements.json"


def _read() -> dict[str, dict[str, str]]:
    """The choices at all places; none if the file is missing or damaged."""
    with contextlib.suppress(OSError, ValueError):
        return TypeAdapter(dict[str, dict[str, str]]).validate_json(_file().read_bytes())
    return {}
