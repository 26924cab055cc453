"""A cluster of machines that decode and hash pictures: a Dask scheduler's workers."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np
import PIL

from kaogan.errors import KaoganError
from kaogan.version import __version__

SECONDS_TO_CONNECT = 20


@contextmanager
def connected(address: str) -> Iterator[tuple[Executor, int]]:
    """An executor of the scheduler at `address` ("tcp://HOST:8786"), and how many threads it has.

    What a worker that dies had under way is done again by another one.

    Raises:
        KaoganError: Dask is not installed, the scheduler does not answer, it has no workers, or
            they have other versions of what decodes pictures; or it is lost later.

    """
    try:
        distributed: Any = import_module("distributed")  # its types are incomplete
    except ImportError:
        raise KaoganError('a cluster needs Dask: run pip install "kaogan[cluster]" first') from None
    try:
        client = distributed.Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise KaoganError(
            f"the scheduler {address} does not answer ({type(error).__name__}); start it with "
            "dask scheduler, and give its address"
        ) from None
    with client:
        _check_workers(client, address)
        try:
            yield client.get_executor(pure=False), sum(client.nthreads().values())
        except (distributed.client.FutureCancelledError, distributed.comm.CommClosedError):
            raise KaoganError(
                f"the scheduler {address} was lost; start it again, and give the same command"
            ) from None
        except distributed.KilledWorker:
            raise KaoganError(
                f"several workers of {address} died at the same pictures; give them more memory"
            ) from None


def versions() -> dict[str, str]:
    """What the pixels of a data set depend on."""
    return {"kaogan": __version__, "pillow": PIL.__version__, "numpy": np.__version__}


def _check_workers(client: Any, address: str) -> None:
    """Every worker must make the same bytes as this machine."""
    if not client.nthreads():
        raise KaoganError(
            f"the scheduler {address} has no workers; start some: dask worker {address}"
        )
    mine = versions()
    for worker, theirs in client.run(versions, on_error="return").items():
        if theirs != mine:
            found = theirs if isinstance(theirs, dict) else {"kaogan": "missing"}
            raise KaoganError(
                f"the worker {worker} has other versions than this machine ({_in_words(found)}, "
                f"not {_in_words(mine)}); install the same ones there"
            )


def _in_words(found: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in found.items())
