"""`kaogan data prepare`: from sources to a DATASET folder.

One process reads the sources, workers decode the pictures, and the first process writes them in the
order of the sources. So the result does not depend on the number of workers.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from kaogan.data.boxes import Box, Boxes, boxes_of, read_boxes
from kaogan.data.dataset import Dataset, LeftOutPicture, Picture, refuse_existing, write_dataset
from kaogan.data.decode import (
    FILTER,
    Decoded,
    Fit,
    Preparation,
    decode,
    decode_faces,
)
from kaogan.data.duplicates import RULE, find_repeats
from kaogan.data.faces import DETECTOR, check_detector
from kaogan.data.reasons import Rejected
from kaogan.data.sources import Item, count_items, find_source, read_items, source_labels
from kaogan.data.sources.folder import PictureFile
from kaogan.errors import KaoganError, UsageError
from kaogan.images import Pixels
from kaogan.limits import MOST_PIXELS
from kaogan.machine import usable_cores
from kaogan.progress import Silent, Tracker, track

CHUNK_ITEMS = 64
CHUNK_BYTES = 4 * 2**20
WAITING_BYTES = 64 * 2**20  # encoded pictures that the workers have at any time

FACE_MARGIN = 0.25  # a square of 1.5 times the face shows the hair and the chin

Crop = Literal["centre", "faces"]
Outcome = Picture | LeftOutPicture
Work = tuple[Item, Sequence[Box] | None]
"""An item of a source and, if a table has them, the boxes of its faces."""


def prepare(
    sources: Sequence[Path | str],
    out: Path | str,
    *,
    size: int = 64,
    channels: int = 3,
    crop: Crop | Path | str = "centre",
    margin: float | None = None,
    fit: Fit = "crop",
    background: str = "white",
    min_size: int | None = None,
    keep_duplicates: bool = False,
    max_pixels: int = MOST_PIXELS,
    workers: int | None = None,
    progress: bool = True,
) -> Dataset:
    """Make a data set from everything in `sources`.

    Args:
        sources: folders, ZIP, TAR, Parquet, .npy and .npz files, single pictures.
        out: the folder to make; it must not exist.
        size: height and width of the pictures: 32, 64, 128, 256 or 512.
        channels: 1 (grey) or 3 (RGB).
        crop: what becomes a picture of the data set: the "centre" of each original; its "faces",
            found by a detector; or its boxes in a table, a .csv or .jsonl file with the columns
            name, left, top, width and height.
        margin: around a face or box, on each side, of its box's longer side. By default 0.25 of
            faces, and none of a table's boxes.
        fit: how pictures become square: "crop", "pad" or "stretch"; faces and boxes are cut out as
            squares.
        background: a colour name or #rrggbb, for transparency and padding.
        min_size: the smallest width and height of an original, of a face with its margin as well;
            half of `size` by default.
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
    if crop == "centre" and margin is not None:
        raise UsageError("margin is for faces and boxes; leave it out, or cut them out with crop")
    if crop != "centre" and fit != "crop":
        raise UsageError(
            f"fit is {fit!r}, but faces and boxes are cut out as squares; leave it out"
        )
    if margin is None:
        margin = FACE_MARGIN if crop == "faces" else 0.0
    preparation = Preparation(
        size,
        channels,
        fit,
        background,
        size // 2 if min_size is None else min_size,
        max_pixels,
        margin,
    )
    refuse_existing(Path(out))
    for path in paths:
        find_source(path)
    boxes = None if crop in get_args(Crop) else read_boxes(Path(crop))
    if crop == "faces":
        check_detector()
    about = {
        "sources": source_labels(paths),
        "filter": FILTER,
        "crop": str(crop),
        **({} if crop == "centre" else {"margin": margin}),
        **({"detector": DETECTOR} if crop == "faces" else {}),
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
    items, unused = read_items(paths), set(boxes or ())
    work: Iterable[Work] = ((item, None) for item in items)
    if boxes is not None:
        work = _with_boxes(items, boxes, unused)
    with shown as tracker:
        dataset = write_dataset(
            Path(out),
            _decode_all(work, _decoder(preparation, crop), workers, tracker),
            size=size,
            channels=channels,
            about=about,
            find_repeats=None if keep_duplicates else find_repeats,
        )
    if unused:
        print(
            f"note: {len(unused):,} of {len(boxes or ()):,} names in {crop} are no pictures, "
            f"{min(unused)!r} for example",
            file=sys.stderr,
        )
    return dataset


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


def _with_boxes(items: Iterable[Item], boxes: Boxes, unused: set[str]) -> Iterator[Work]:
    """Every item with its boxes; names that an item has are taken out of `unused`."""
    for item in items:
        name, found = boxes_of(item.name, boxes)
        unused.discard(name)
        yield item, found


Decoder = Callable[[Work], list[Decoded | Rejected]]


def _decoder(preparation: Preparation, crop: Crop | Path | str) -> Decoder:
    return partial(_whole if crop == "centre" else _faces, preparation)


def _whole(preparation: Preparation, work: Work) -> list[Decoded | Rejected]:
    return [decode(work[0].content, preparation, _one_at_a_time)]


def _faces(preparation: Preparation, work: Work) -> list[Decoded | Rejected]:
    item, boxes = work
    return decode_faces(item.content, preparation, boxes, _one_at_a_time)


def _decode_all(
    work: Iterable[Work], decoder: Decoder, workers: int, tracker: Tracker
) -> Iterator[Outcome]:
    chunks = _chunked(work)
    decode_chunk = partial(_decode_chunk, decoder)
    results = (
        _in_workers(decode_chunk, chunks, workers) if workers > 1 else map(decode_chunk, chunks)
    )
    for outcomes in results:
        tracker.advance(len(outcomes))
        for of_one_item in outcomes:
            yield from of_one_item
    tracker.doing("comparing and writing")


def _chunked(work: Iterable[Work]) -> Iterator[list[Work]]:
    """Group items; both the number and the bytes of a group are bounded."""
    chunk: list[Work] = []
    size = 0
    for one in work:
        chunk.append(one)
        size += one[0].size
        if len(chunk) >= CHUNK_ITEMS or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _in_workers(
    work: Callable[[list[Work]], list[list[Outcome]]], chunks: Iterable[list[Work]], workers: int
) -> Iterator[list[list[Outcome]]]:
    """Decode in parallel, and return the results in order; the bytes under way are bounded."""
    context = multiprocessing.get_context("spawn")  # the same everywhere, and safe with threads
    waiting: deque[tuple[Future[list[list[Outcome]]], int]] = deque()
    waiting_bytes = 0
    pool = ProcessPoolExecutor(workers, context, _start_worker, (context.Lock(),))
    try:
        for chunk in chunks:
            size = sum(item.size for item, _ in chunk)
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


def _decode_chunk(decoder: Decoder, chunk: list[Work]) -> list[list[Outcome]]:
    """For each item, what becomes of it: several pictures, if it has several faces."""
    return [_decode_item(decoder, work) for work in chunk]


def _decode_item(decoder: Decoder, work: Work) -> list[Outcome]:
    name = work[0].name
    try:
        found = decoder(work)
    except Rejected as rejected:
        # A new one: this one's traceback holds the picture, in a cycle that lives for a while.
        found = [Rejected(rejected.reason, rejected.detail)]
    return [_outcome(name, one) for one in found]


def _outcome(name: str, found: Decoded | Rejected) -> Outcome:
    if isinstance(found, Rejected):
        return LeftOutPicture(name, found.reason, found.detail)
    row: dict[str, Any] = {"source": name, "original_size": list(found.original_size)}
    if found.square is not None:
        left, top, side = found.square
        row["box"] = [left, top, side, side]
    return Picture(found.pixels, row)
