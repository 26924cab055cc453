"""Processes of this machine that decode pictures."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

from kaogan.data.boxes import Box
from kaogan.data.sources import Item
from kaogan.data.writing import Group
from kaogan.errors import KaoganError

CHUNK_BYTES = 4 * 2**20
WAITING_BYTES = 64 * 2**20  # encoded pictures that a few workers have at any time


class Work(NamedTuple):
    """An item of a source, the boxes of its faces if a table has them, and the source's mark."""

    item: Item
    boxes: Sequence[Box] | None
    mark: int


@contextmanager
def processes(workers: int) -> Iterator[tuple[Executor | None, int]]:
    """Processes of this machine, and how many; None: this process does the work itself."""
    if workers == 1:
        yield None, 1
        return
    context = multiprocessing.get_context("spawn")  # the same everywhere, and safe with threads
    pool = ProcessPoolExecutor(workers, context, _start_worker, (context.Lock(),))
    try:
        yield pool, workers
    except BrokenProcessPool:
        raise KaoganError(
            "a worker process died; if this is a script of yours, call prepare under "
            'if __name__ == "__main__":, or use fewer workers (1 needs no processes)'
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_workers(
    pool: Executor,
    work: Callable[[list[Work]], list[Group]],
    chunks: Iterable[list[Work]],
    workers: int,
) -> Iterator[list[Group]]:
    """Decode in parallel, and return the results in order; the bytes under way are bounded."""
    waiting: deque[tuple[Future[list[Group]], int]] = deque()
    waiting_bytes, most_bytes = 0, max(WAITING_BYTES, 2 * workers * CHUNK_BYTES)
    for chunk in chunks:
        size = sum(one.item.size for one in chunk)
        while waiting and (len(waiting) >= 3 * workers or waiting_bytes + size > most_bytes):
            future, done = waiting.popleft()
            waiting_bytes -= done
            yield future.result()
        waiting.append((pool.submit(work, chunk), size))
        waiting_bytes += size
    for future, _ in waiting:
        yield future.result()


one_at_a_time: AbstractContextManager[Any] = threading.Lock()
"""Held while a large picture is in memory. Worker processes of one machine share another one."""


def _start_worker(shared: AbstractContextManager[Any]) -> None:
    global one_at_a_time
    one_at_a_time = shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker when its parent is killed; otherwise it would wait for work forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
