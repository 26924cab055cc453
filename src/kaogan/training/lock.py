"""The RUN folder of a training, which one process at a time may use."""

import contextlib
from collections.abc import Iterator

from filelock import FileLock, Timeout

from kaogan.errors import KaoganError
from kaogan.training.run import Run


def claim(run: Run) -> None:
    """Make the folder; raise a KaoganError if it is a file, or has other contents than a run."""
    if run.path.exists() and not run.path.is_dir():
        raise KaoganError(f"{run.path} is a file; give --out a folder for the run")
    run.path.mkdir(parents=True, exist_ok=True)
    # A first start that was killed leaves these.
    names = {file.name for file in run.path.iterdir()} - {".lock", "log.txt", "plugins"}
    others = {name for name in names if not name.startswith(".run.json.partial-")}
    if others and not (run.path / "run.json").exists():
        raise KaoganError(
            f"{run.path} holds other things ({min(others)}, ...) and no run; give --out a folder "
            "that is new or empty"
        )


def at_work(run: Run) -> bool:
    """Is a training at work in this folder now?"""
    with contextlib.suppress(OSError):  # the folder may be somebody else's
        if (run.path / ".lock").exists():
            try:
                with FileLock(run.path / ".lock", timeout=0):
                    return False
            except Timeout:
                return True
    return False


@contextlib.contextmanager
def locked(run: Run) -> Iterator[None]:
    """Lock the folder. The lock of a killed process ends with it."""
    try:
        with FileLock(run.path / ".lock", timeout=0):
            yield
    except Timeout:
        raise KaoganError(
            f"another training is at work on {run.path}; wait for it, or use another --out"
        ) from None
