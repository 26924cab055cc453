"""Atomic writes: a file or folder with its final name is always complete.

Everything is written beside its target under a temporary name (`.NAME.partial-XXXX`), flushed to
the disk, and renamed. If the process is killed, either the old or the new content is there.
"""

import contextlib
import glob
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path


def fsync(path: Path) -> None:
    """Flush a file or a folder to the disk.

    Windows flushes only files that are open for writing, and no folders. Some network drives flush
    no folders, either.
    """
    folder = path.is_dir()
    with contextlib.suppress(OSError if folder else PermissionError):
        handle = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _partial(target: Path) -> Path:
    """An unused temporary name beside `target`."""
    return target.with_name(f".{target.name}.partial-{secrets.token_hex(4)}")


@contextlib.contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`; on a clean exit it becomes `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(target)
    try:
        partial.touch(exist_ok=False)
        yield partial
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
    partial = _partial(target)
    with _locked(partial):
        try:
            partial.mkdir()
            yield partial
            _complete(partial, target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def resumable_folder(
    target: Path, key: str, worth_keeping: Callable[[Path], bool]
) -> Iterator[Path]:
    """As `atomic_folder`, but after a failure the folder stays if it is worth keeping.

    The next call with the same `key` yields it again. Raises as `atomic_folder` and `kept_folder`.
    """
    with kept_folder(target, key, worth_keeping) as partial:
        yield partial
        _complete(partial, target)


@contextlib.contextmanager
def kept_folder(target: Path, key: str, worth_keeping: Callable[[Path], bool]) -> Iterator[Path]:
    """A folder to work in beside `target`; it stays as long as it is worth keeping.

    The next call with the same `key` yields it again.

    Raises:
        filelock.Timeout: another process works in it.

    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial-{key}")
    with _locked(partial):
        try:
            partial.mkdir(exist_ok=True)
            yield partial
        finally:
            if not worth_keeping(partial):
                shutil.rmtree(partial, ignore_errors=True)


def _complete(partial: Path, target: Path) -> None:
    """Flush a folder to the disk, and give it its final name."""
    if target.exists():
        raise FileExistsError(str(target))
    for path in [*partial.rglob("*"), partial]:
        fsync(path)
    partial.rename(target)
    fsync(target.parent)


def remove_partials(target: Path, but: str | None = None) -> None:
    """Remove the partial files and folders that killed processes left for `target`, but one's."""
    _remove(target.parent, f".{glob.escape(target.name)}.partial-*", but)


def remove_all_partials(folder: Path) -> None:
    """Remove all partial files and folders that killed processes left behind in `folder`."""
    _remove(folder, ".*.partial-*")


LOCK = ".lock"
"""The suffix of the lock beside a partial folder. The process that writes the folder holds it."""


@contextlib.contextmanager
def _locked(partial: Path) -> Iterator[None]:
    """Hold a partial's lock.

    Raises:
        filelock.Timeout: another process holds it.

    """
    from filelock import FileLock  # slow to import

    file = partial.with_name(partial.name + LOCK)
    lock = FileLock(file)
    lock.acquire(timeout=0)
    try:
        yield
    finally:
        lock.release()
        with contextlib.suppress(PermissionError):  # on Windows, if another process tries it now
            file.unlink(missing_ok=True)


def _remove(folder: Path, pattern: str, but: str | None = None) -> None:
    from filelock import Timeout

    for partial in {path.with_name(path.name.removesuffix(LOCK)) for path in folder.glob(pattern)}:
        if but is not None and partial.name.endswith(f".partial-{but}"):
            continue
        with contextlib.suppress(Timeout), _locked(partial):
            if partial.is_dir():
                shutil.rmtree(partial, ignore_errors=True)
            else:
                partial.unlink(missing_ok=True)


def cache_folder() -> Path:
    """$KAOGAN_CACHE, or `kaogan` in the user's cache folder."""
    if "KAOGAN_CACHE" in os.environ:
        return Path(os.environ["KAOGAN_CACHE"])
    if "LOCALAPPDATA" in os.environ:  # Windows
        return Path(os.environ["LOCALAPPDATA"]) / "kaogan"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "kaogan"
