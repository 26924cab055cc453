"""`kaogan data prepare`: from sources to a DATASET folder.

One process reads the sources, workers decode the pictures, and the first process writes them in the
order of the sources. So the result does not depend on the number of workers.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kaogan.data.dataset import Dataset, LeftOutPicture, Picture, refuse_existing, write_dataset
from kaogan.data.decode import DEFAULT_MAX_PIXELS, FILTER, Fit, Preparation, decode
from kaogan.data.duplicates import RULE, find_repeats
from kaogan.data.reasons import Rejected
from kaogan.data.sources import Item, count_items, find_source, read_items, source_labels
from kaogan.data.sources.folder import PictureFile
from kaogan.errors import KaoganError, UsageError
from kaogan.images import Pixels
from kaogan.machine import usable_cores
from kaogan.progress import Silent, Tracker, track

CHUNK_ITEMS = 64
CHUNK_BYTES = 4 * 2**20
WAITING_BYTES = 64 * 2**20  # encoded pictures that the workers have at any time

Outcome = Picture | LeftOutPicture


def prepare(
    sources: Sequence[Path | str],
    out: Path | str,
    *,
    size: int = 64,
    channels: int = 3,
    fit: Fit = "crop",
    background: str = "white",
    min_size: int | None = None,
    keep_duplicates: bool = False,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    workers: int | None = None,
    progress: bool = True,
) -> Dataset:
    """Make a data set from everything in `sources`.

    Args:
        sources: folders, ZIP, TAR, Parquet, .npy and .npz files, single pictures.
        out: the folder to make; it must not exist.
        size: height and width of the pictures: 32, 64, 128, 256 or 512.
        channels: 1 (grey) or 3 (RGB).
        fit: how pictures become square: "crop", "pad" or "stretch".
        background: a colour name or #rrggbb, for transparency and padding.
        min_size: the smallest width and height of an original; half of `size` by default.
        keep_duplicates: keep exact and near duplicates, which are left out otherwise.
        max_pixels: the largest number of pixels of an original.
        workers: number of processes; the number of usable cores by default.
        progress: show a bar or lines on the standard error stream.

    Raises:
        UsageError: an argument is outside its range.
        KaoganError: a source cannot be read, it has no usable picture, or `out` cannot be written.

    """
    paths = [Path(source) for source in sources]
    if not paths:
        raise UsageError("there is no source; give at least one folder or archive")
    if workers is not None and workers < 1:
        raise UsageError(f"workers is {workers}; it must be at least 1")
    preparation = Preparation(
        size, channels, fit, background, size // 2 if min_size is None else min_size, max_pixels
    )
    refuse_existing(Path(out))
    for path in paths:
        find_source(path)
    about = {
        "sources": source_labels(paths),
        "filter": FILTER,
        "fit": fit,
        "background": background,
        "min_size": preparation.min_size,
        "max_pixels": max_pixels,
        "duplicates": "kept" if keep_duplicates else f"left out; near: {RULE}",
    }
    total = count_items(paths)
    workers = workers or usable_cores()
    if total is not None:
        workers = max(1, min(workers, total // CHUNK_ITEMS))  # few pictures need no processes
    shown = track(total, "preparing", "pictures") if progress else nullcontext(Silent())
    with shown as tracker:
        return write_dataset(
            Path(out),
            _decode_all(read_items(paths), preparation, workers, tracker),
            size=size,
            channels=channels,
            about=about,
            find_repeats=None if keep_duplicates else find_repeats,
        )


def read_pictures(files: Sequence[Path], size: int, channels: int) -> Pixels:
    """Read pictures (N x H x W x C, uint8) and bring their middle squares to this size.

    Raises:
        KaoganError: a file holds no usable picture.

    """
    preparation = Preparation(size, channels, min_size=1)
    pixels = []
    for file in files:
        try:
            (item,) = PictureFile().items(file)
            pixels.append(decode(item.content, preparation).pixels)
        except Rejected as why:
            detail = f" ({why.detail})" if why.detail else ""
            raise KaoganError(f"{file}: {why.reason}{detail}; give another picture") from None
    return np.stack(pixels)


def _decode_all(
    items: Iterable[Item], preparation: Preparation, workers: int, tracker: Tracker
) -> Iterator[Outcome]:
    chunks = _chunked(items)
    work = partial(_decode_chunk, preparation)
    results = _in_workers(work, chunks, workers) if workers > 1 else map(work, chunks)
    for outcomes in results:
        tracker.advance(len(outcomes))
        yield from outcomes
    tracker.doing("comparing and writing")


def _chunked(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Group items; both the number and the bytes of a group are bounded."""
    chunk: list[Item] = []
    size = 0
    for item in items:
        chunk.append(item)
        size += item.size
        if len(chunk) >= CHUNK_ITEMS or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _in_workers(
    work: Callable[[list[Item]], list[Outcome]], chunks: Iterable[list[Item]], workers: int
) -> Iterator[list[Outcome]]:
    """Decode in parallel, and return the results in order; the bytes under way are bounded."""
    context = multiprocessing.get_context("spawn")  # the same everywhere, and safe with threads
    waiting: deque[tuple[Future[list[Outcome]], int]] = deque()
    waiting_bytes = 0
    pool = ProcessPoolExecutor(workers, context, _start_worker, (context.Lock(),))
    try:
        for chunk in chunks:
            size = sum(item.size for item in chunk)
            while waiting and (len(waiting) >= 3 * workers or waiting_bytes + size > WAITING_BYTES):
                future, done = waiting.popleft()
                waiting_bytes -= done
                yield future.result()
            waiting.append((pool.submit(work, chunk), size))
            waiting_bytes += size
        for future, _ in waiting:
            yield future.result()
    except BrokenProcessPool:
        raise KaoganError(
            "a worker process died; if this is a script of yours, call prepare under "
            'if __name__ == "__main__":, or use fewer workers (1 needs no processes)'
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_one_at_a_time: AbstractContextManager[Any] | None = None
"""In a worker: the lock for large pictures, shared by all workers."""


def _start_worker(one_at_a_time: AbstractContextManager[Any]) -> None:
    global _one_at_a_time
    _one_at_a_time = one_at_a_time
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker when its parent is killed; otherwise it would wait for work forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _decode_chunk(preparation: Preparation, chunk: list[Item]) -> list[Outcome]:
    return [_decode_item(item, preparation) for item in chunk]


def _decode_item(item: Item, preparation: Preparation) -> Outcome:
    try:
        decoded = decode(item.content, preparation, _one_at_a_time)
    except Rejected as rejected:
        return LeftOutPicture(item.name, rejected.reason, rejected.detail)
    width, height = decoded.original_size
    return Picture(decoded.pixels, {"source": item.name, "original_size": [width, height]})
