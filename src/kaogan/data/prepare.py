"""`kaogan data prepare` and `kaogan data add`: from sources to a DATASET folder.

One process reads the sources, workers decode and hash the pictures, and the first process writes
them in the order of the sources. So the result does not depend on the number of workers, nor on
where they are: processes of this machine, or a cluster (`kaogan.data.cluster`).
"""

import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from kaogan.data import cluster, workers
from kaogan.data.boxes import Boxes, boxes_of, read_boxes
from kaogan.data.dataset import Dataset, open_dataset
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
from kaogan.data.growing import grow
from kaogan.data.hashes import perceptual_hash
from kaogan.data.reasons import Rejected
from kaogan.data.sources import (
    Address,
    Item,
    Place,
    check_place,
    count_items,
    places,
    read_items,
    source_labels,
)
from kaogan.data.sources.folder import PictureFile
from kaogan.data.workers import CHUNK_BYTES, Work, in_workers, processes
from kaogan.data.writing import (
    Group,
    LeftOutPicture,
    Outcome,
    Picture,
    SourceChanged,
    Stream,
    refuse_existing,
    write_dataset,
)
from kaogan.errors import KaoganError, UsageError
from kaogan.images import Pixels
from kaogan.limits import MOST_PIXELS
from kaogan.machine import usable_cores
from kaogan.progress import Silent, Tracker, track

CHUNK_ITEMS = 64

FACE_MARGIN = 0.25  # a square of 1.5 times the face shows the hair and the chin

Crop = Literal["centre", "faces"]


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
    scheduler: str | None = None,
    progress: bool = True,
) -> Dataset:
    """Make a data set from everything in `sources`. If it was interrupted, go on.

    Args:
        sources: folders, ZIP, TAR, Parquet, Arrow, .npy and .npz files, single pictures; several
            files as one name, "shards-{000..009}.tar"; addresses, "s3://BUCKET/FOLDER".
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
        scheduler: the address of a Dask scheduler, whose workers decode instead.
        progress: show a bar or lines on the standard error stream.

    Raises:
        UsageError: an argument is outside its range.
        KaoganError: a source cannot be read, it has no usable picture, or `out` cannot be written.

    """
    paths = places(sources)
    _check(paths, workers, scheduler)
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
    how = How.checked(preparation, crop, keep_duplicates)
    with _reading(paths, how, workers, scheduler, progress) as stream:
        return write_dataset(
            Path(out),
            stream,
            size=size,
            channels=channels,
            about={"sources": source_labels(paths), **how.about},
            find_repeats=None if keep_duplicates else find_repeats,
        )


def add_pictures(
    dataset: Path | str,
    sources: Sequence[Path | str],
    *,
    boxes: Path | str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool = True,
) -> Dataset:
    """Add the pictures of `sources` to a data set, prepared as its own were. All of it, or nothing.

    Pictures that repeat those of the data set are left out. No picture changes its split. The data
    set as it was can still be opened, by its fingerprint.

    Args:
        dataset: the folder.
        sources: as for `prepare`.
        boxes: the table of the new pictures, if boxes of a table were cut out.
        workers: as for `prepare`.
        scheduler: as for `prepare`.
        progress: as for `prepare`.

    Raises:
        UsageError: `boxes` is missing, or of no use.
        KaoganError: a source or the data set cannot be read or written.

    """
    paths = places(sources)
    _check(paths, workers, scheduler)
    old = open_dataset(dataset)
    how = How.of(old, boxes)
    with _reading(paths, how, workers, scheduler, progress) as stream:
        return grow(
            old,
            stream,
            source_labels(paths),
            find_repeats=None if how.keep_duplicates else find_repeats,
        )


def _check(paths: Sequence[Place], workers: int | None, scheduler: str | None) -> None:
    if not paths:
        raise UsageError("there is no source; give at least one folder or archive")
    if workers is not None and workers < 1:
        raise UsageError(f"workers is {workers}; it must be at least 1")
    if workers is not None and scheduler is not None:
        raise UsageError("workers are processes of this machine; leave them or scheduler out")
    for path in paths:
        check_place(path)


@dataclass(frozen=True)
class How:
    """How every picture of a data set is prepared."""

    preparation: Preparation
    crop: str
    keep_duplicates: bool
    boxes: Boxes | None

    @staticmethod
    def checked(preparation: Preparation, crop: Path | str, keep_duplicates: bool) -> "How":
        """With the table of boxes, if there is one. Raises a KaoganError if it is missing."""
        if crop == "faces":
            check_detector()
        boxes = None if crop in get_args(Crop) else read_boxes(Path(crop))
        return How(preparation, str(crop), keep_duplicates, boxes)

    @staticmethod
    def of(dataset: Dataset, boxes: Path | str | None) -> "How":
        """As the pictures of a data set were prepared."""
        about = dataset.summary
        if "filter" not in about:
            raise KaoganError(f"{dataset.path} holds no pictures of sources; nothing can be added")
        table = about["crop"] not in get_args(Crop)
        if table and boxes is None:
            raise UsageError(
                f"{dataset.path} holds boxes of a table; give that of the new pictures with --crop"
            )
        if boxes is not None and not table:
            raise UsageError(f"{dataset.path} holds no boxes of a table; leave --crop out")
        if about["filter"] != FILTER:
            raise KaoganError(
                f"{dataset.path} was resized by {about['filter']}, and this kaogan uses {FILTER}; "
                "prepare all sources anew"
            )
        preparation = Preparation(
            dataset.size,
            dataset.channels,
            about["fit"],
            about["background"],
            about["min_size"],
            about["max_pixels"],
            about.get("margin", 0.0),
        )
        return How.checked(preparation, boxes or about["crop"], about["duplicates"] == "kept")

    @property
    def about(self) -> dict[str, Any]:
        """For `dataset.json`."""
        preparation = self.preparation
        return {
            "filter": FILTER,
            "crop": self.crop,
            **({} if self.crop == "centre" else {"margin": preparation.margin}),
            **({"detector": DETECTOR} if self.crop == "faces" else {}),
            "fit": preparation.fit,
            "background": preparation.background,
            "min_size": preparation.min_size,
            "max_pixels": preparation.max_pixels,
            "duplicates": "kept" if self.keep_duplicates else f"left out; near: {RULE}",
        }

    def decode(self, work: Work) -> list[Decoded | Rejected]:
        """The pictures of one item. Raises `Rejected` if there is a reason to leave it out."""
        content = work.item.content
        if self.crop == "centre":
            return [decode(content, self.preparation, workers.one_at_a_time)]
        return decode_faces(content, self.preparation, work.boxes, workers.one_at_a_time)


@contextmanager
def _reading(
    paths: Sequence[Place], how: How, asked: int | None, scheduler: str | None, progress: bool
) -> Iterator[Stream]:
    """All pictures of the sources, decoded by workers."""
    total = count_items(paths)
    count = asked or usable_cores()
    if total is not None:
        count = max(1, min(count, total // CHUNK_ITEMS))  # few pictures need no processes
    shown = track(total, "preparing", "pictures") if progress else nullcontext(Silent())
    unused = set(how.boxes or ())
    # The boxes are the worker's to receive one by one, not the whole table with every chunk.
    decode_chunk = partial(_decode_chunk, How(how.preparation, how.crop, how.keep_duplicates, None))
    with ExitStack() as stack:
        pool, capacity = stack.enter_context(
            cluster.connected(scheduler) if scheduler else processes(count)
        )
        tracker = stack.enter_context(shown)

        def begin(position: int, mark: int) -> Iterator[Group]:
            work = _skip(_all_work(paths, how.boxes, unused), position, mark, tracker)
            chunks = _chunked(work, how.preparation)
            results = (
                map(decode_chunk, chunks)
                if pool is None
                else in_workers(pool, decode_chunk, chunks, capacity)
            )
            for groups in results:
                tracker.advance(len(groups))
                yield from groups
            tracker.doing("comparing and writing")

        whole = [path if isinstance(path, Address) else path.resolve() for path in paths]
        key = {
            "sources": [str(path) for path in whole],
            "shape": [how.preparation.size, how.preparation.channels],
            **how.about,
        }
        yield Stream(key, begin)
    if unused:
        print(
            f"note: {len(unused):,} of {len(how.boxes or ()):,} names in {how.crop} are no "
            f"pictures, {min(unused)!r} for example",
            file=sys.stderr,
        )


def _all_work(paths: Sequence[Place], boxes: Boxes | None, unused: set[str]) -> Iterator[Work]:
    """Every item with its boxes; names that an item has are taken out of `unused`."""
    mark = 0
    for item in read_items(paths):
        mark = _mark(item, mark)
        if boxes is None:
            yield Work(item, None, mark)
            continue
        name, found = boxes_of(item.name, boxes)
        unused.discard(name)
        yield Work(item, found, mark)


def _mark(item: Item, before: int) -> int:
    """A checksum of all items so far."""
    content = item.content
    if isinstance(content, Rejected):
        content = content.reason.encode()
    elif isinstance(content, np.ndarray):
        content = np.ascontiguousarray(content).tobytes()
    return zlib.crc32(content, zlib.crc32(item.name.encode("utf-8", "replace"), before))


def _skip(work: Iterator[Work], position: int, mark: int, tracker: Tracker) -> Iterator[Work]:
    """The items from `position` on. Those before it are read, but not decoded."""
    found = 0
    for number in range(position):
        one = next(work, None)
        if one is None:
            raise SourceChanged
        found = one.mark
        if number % CHUNK_ITEMS == 0:
            tracker.advance(min(CHUNK_ITEMS, position - number))
    if found != mark:
        raise SourceChanged
    yield from work


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


def _chunked(work: Iterable[Work], preparation: Preparation) -> Iterator[list[Work]]:
    """Group items; the number of a group and its bytes, before and after, are bounded."""
    decoded = preparation.channels * preparation.size**2
    most = max(1, min(CHUNK_ITEMS, CHUNK_BYTES // decoded))
    chunk: list[Work] = []
    size = 0
    for one in work:
        chunk.append(one)
        size += one.item.size
        if len(chunk) >= most or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _decode_chunk(how: How, chunk: list[Work]) -> list[Group]:
    """For each item, what becomes of it: several pictures, if it has several faces."""
    found = [(work, _decode_item(how, work)) for work in chunk]
    pixels = [one.pixels for _, several in found for one in several if isinstance(one, Decoded)]
    hashes: Iterator[int | None] = iter([None] * len(pixels))
    if pixels and not how.keep_duplicates:
        hashes = iter(perceptual_hash(np.stack(pixels)).tolist())
    return [
        Group([_outcome(work.item.name, one, hashes) for one in several], work.mark)
        for work, several in found
    ]


def _decode_item(how: How, work: Work) -> list[Decoded | Rejected]:
    try:
        return how.decode(work)
    except Rejected as rejected:
        # A new one: this one's traceback holds the picture, in a cycle that lives for a while.
        return [Rejected(rejected.reason, rejected.detail)]


def _outcome(name: str, found: Decoded | Rejected, hashes: Iterator[int | None]) -> Outcome:
    if isinstance(found, Rejected):
        return LeftOutPicture(name, found.reason, found.detail)
    row: dict[str, Any] = {"source": name, "original_size": list(found.original_size)}
    if found.square is not None:
        left, top, side = found.square
        row["box"] = [left, top, side, side]
    digest = sha256(np.ascontiguousarray(found.pixels).data).digest()
    return Picture(found.pixels, row, None, digest, next(hashes))
