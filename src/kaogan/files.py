"""Atomic writes: a file or a folder is complete under its name, or it is not there.

Everything is written beside its target under a temporary name (`.NAME.partial-XXXX`), flushed to
the disk, and renamed. A process killed at any moment leaves the old content, or the new one.
"""

import contextlib
import glob
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path


def fsync(path: Path) -> None:
    """Flush a file or a folder to the disk; folders cannot be flushed on Windows."""
    with contextlib.suppress(PermissionError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _partial_prefix(target: Path) -> str:
    return f".{target.name}.partial-"


@contextlib.contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`; on a clean exit it becomes `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=_partial_prefix(target), dir=target.parent)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o666 & ~_umask())
        fsync(partial)
        partial.replace(target)
        fsync(target.parent)
    finally:
        partial.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with atomic_file(target) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


@contextlib.contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `target`; on a clean exit it becomes `target`.

    Raises:
        FileExistsError: `target` is there already; nothing is overwritten.

    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=_partial_prefix(target), dir=target.parent))
    try:
        yield partial
        if target.exists():
            raise FileExistsError(str(target))
        for path in [*partial.rglob("*"), partial]:
            fsync(path)
        partial.chmod(0o777 & ~_umask())
        partial.rename(target)
        fsync(target.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def remove_partials(target: Path) -> None:
    """Remove what killed processes left behind while they were writing `target`."""
    _remove(target.parent.glob(f"{glob.escape(_partial_prefix(target))}*"))


def remove_all_partials(folder: Path) -> None:
    """Remove what killed processes left behind while they were writing anything in `folder`."""
    _remove(folder.glob(".*.partial-*"))


def _remove(partials: Iterable[Path]) -> None:
    for partial in partials:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        else:
            partial.unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def cache_folder() -> Path:
    """$KAOGAN_CACHE, or `kaogan` in the user's cache folder."""
    if "KAOGAN_CACHE" in os.environ:
        return Path(os.environ["KAOGAN_CACHE"])
    if "LOCALAPPDATA" in os.environ:  # Windows
        return Path(os.environ["LOCALAPPDATA"]) / "kaogan"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "kaogan"
