"""Data sets that `kaogan train FOLDER` prepares once and keeps in the cache folder."""

import contextlib
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from kaogan.data.dataset import Dataset, is_dataset, open_dataset
from kaogan.data.prepare import prepare
from kaogan.errors import KaoganError, typed
from kaogan.files import cache_folder


def prepare_cached(source: Path | str, size: int = 64, channels: int = 3) -> Dataset:
    """Open the data set of `source`. Prepare it the first time, and again if the source changed.

    Raises:
        KaoganError: there is nothing at `source`, or nothing usable in it.

    """
    source = Path(source)
    if not source.exists():
        raise KaoganError(
            f"there is nothing at {source}; DATA is a prepared data set, or a folder or archive "
            "of pictures"
        )
    if (source / "run.json").is_file():
        raise KaoganError(
            f"{source} is a RUN, and DATA is pictures; draw from it with: kaogan sample "
            f"{typed(source)}, or go on by giving its own command again"
        )
    key = hashlib.sha256(json.dumps([_signature(source), size, channels]).encode()).hexdigest()
    target = cache_folder() / "datasets" / f"{source.resolve().name}-{size}-{key[:12]}"
    with _alone(target.name):
        if is_dataset(target):
            return open_dataset(target)
        return prepare([source], target, size=size, channels=channels)


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    """Let one process at a time prepare the data set `name`; the others wait for the result."""
    locks = cache_folder() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    lock = FileLock(locks / f"{name}.lock")
    try:
        held = lock.acquire(timeout=0)
    except Timeout:
        print("waiting: another process prepares these pictures", file=sys.stderr)
        held = lock.acquire()
    with held:
        yield


def _signature(source: Path) -> list[object]:
    """A value that changes with the source: its path, and name, size and time of every file."""
    files = [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file())
    listing = hashlib.sha256()
    for file in files:
        status = file.stat()
        listing.update(f"{file.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return [str(source.resolve()), len(files), listing.hexdigest()]
