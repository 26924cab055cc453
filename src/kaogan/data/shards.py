"""Shards: the files that a data set's pictures lie in, and reading several of them as one array."""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import numpy as np
import numpy.lib.format as npy
import numpy.typing as npt

from kaogan.data.spool import Spool
from kaogan.files import atomic_file
from kaogan.images import PictureArray, Pixels

IMAGES = "images.npy"
"""The name of the pictures' file where there is only one."""

TRAIN, HELD_OUT = 1, 2
"""What becomes of a picture of a spool; 0: it is left out."""

Plan = npt.NDArray[np.int8]


class Part(NamedTuple):
    """Part `number` (from 0) of `parts`: the shards that one machine of several holds."""

    number: int
    parts: int

    def of(self, shards: Sequence["Shard"]) -> list["Shard"]:
        """The shards of this part: every `parts`-th one."""
        return list(shards[self.number :: self.parts])


@dataclass(frozen=True)
class Shard:
    """A file of pictures: the training pictures, then the held-out ones.

    Raises:
        ValueError: the name is none of a shard, or a number is negative.

    """

    images: str
    train: int
    held_out: int

    def __post_init__(self) -> None:
        if not re.fullmatch(r"images(-[0-9]{5,8})?\.npy", self.images):
            raise ValueError(f"{self.images!r} is no name of a shard")
        if any(type(count) is not int or count < 0 for count in (self.train, self.held_out)):
            raise ValueError("impossible values")

    @staticmethod
    def name(number: int) -> str:
        """The name of shard `number` of several."""
        return f"images-{number:05}.npy"

    @property
    def manifest(self) -> str:
        """The file with a row for each picture, in the same order."""
        return self._beside("manifest", ".jsonl")

    @property
    def attributes(self) -> str:
        """The file with the attributes of each picture, in the same order, if they have any."""
        return self._beside("attributes", ".jsonl")

    @property
    def labels(self) -> str:
        """The file with the labels of each picture, in the same order, if they have any."""
        return self._beside("labels", ".npy")

    def _beside(self, what: str, suffix: str) -> str:
        return self.images.replace("images", what, 1).replace(".npy", suffix)

    def open(self, folder: Path, shape: tuple[int, ...]) -> Pixels:
        """The pictures of this shape, memory-mapped. Raises a ValueError if the file is another."""
        images = mapped(folder / self.images)
        if images.dtype != np.uint8 or images.shape != (self.train + self.held_out, *shape):
            raise ValueError(f"{images.dtype} {images.shape}")
        return cast(Pixels, images)


def mapped(file: Path) -> npt.NDArray[Any]:
    """The array in a .npy file, memory-mapped. Raises an OSError or ValueError if it cannot be."""
    try:
        array: npt.NDArray[Any] = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        raise
    except Exception as error:  # NumPy reads the header with Python's own parser
        raise ValueError(f"a damaged header: {type(error).__name__}") from None
    return array


def write_shards(folder: Path, spool: Spool, plan: Plan, first: int = 0) -> list[Shard]:
    """Write the pictures of a spool, as the plan says, each part as a shard.

    Shards that are there are not written again. The pixels of a part are deleted when its shard is
    complete.
    """
    spans = [spool.span(part) for part in range(len(spool.ends))]
    filled = [part for part, (begin, end) in enumerate(spans) if plan[begin:end].any()]
    shards = []
    for number, part in enumerate(filled, first):
        begin, end = spans[part]
        order = begin + np.concatenate(
            [np.flatnonzero(plan[begin:end] == split) for split in (TRAIN, HELD_OUT)]
        )
        train = int((plan[begin:end] == TRAIN).sum())
        name = Shard.name(number) if first or len(filled) > 1 else IMAGES
        shards.append(Shard(name, train, len(order) - train))
        if not (folder / name).is_file():
            _write_shard(folder, shards[-1], spool, part, order)
        spool.drop_pixels(part)
    return shards


def _write_shard(
    folder: Path, shard: Shard, spool: Spool, part: int, order: npt.NDArray[np.intp]
) -> None:
    """Write images, manifest and attributes in this order. The images are complete at the end."""
    begin = spool.span(part)[0]
    rows, digests = spool.rows(part), spool.digests_of(part)
    with contextlib.ExitStack() as stack:
        manifest = stack.enter_context(new_text(folder / shard.manifest))
        attributes = None
        for place, index in enumerate((order - begin).tolist()):
            entry = json.loads(rows[index])
            split = "train" if place < shard.train else "held_out"
            write_row(
                manifest, {**entry["row"], "sha256": digests[index].tobytes().hex(), "split": split}
            )
            if entry["attributes"] is not None:
                attributes = attributes or stack.enter_context(new_text(folder / shard.attributes))
                write_row(attributes, entry["attributes"])
    with atomic_file(folder / shard.images) as partial, partial.open("wb") as images:
        header = {"descr": "|u1", "fortran_order": False, "shape": (len(order), *spool.shape)}
        npy.write_array_header_1_0(images, header)
        for start in range(0, len(order), spool.chunk):
            images.write(spool.pictures(order[start : start + spool.chunk]).data)


def new_text(file: Path) -> IO[str]:
    """A new text file, the same on every system."""
    return file.open("w", encoding="utf-8", newline="\n")


def write_row(file: IO[str], row: Mapping[str, Any]) -> None:
    """A row of a .jsonl file."""
    file.write(json.dumps(row, ensure_ascii=False) + "\n")


def joined(arrays: Sequence[PictureArray]) -> PictureArray:
    """Arrays of pictures (N x H x W x C each) or labels, one behind the other, without copying.

    One array is returned as it is; several as `Shards`, which read like an array.
    """
    filled = [array for array in arrays if len(array)] or list(arrays[:1])
    return filled[0] if len(filled) == 1 else Shards(filled)


class Shards:
    """Several arrays of pictures that read like one, N x H x W x C, uint8; or of labels, N x A,
    float32.

    It has what readers of arrays use: `len`, `shape`, `dtype`, `nbytes`, indexing along N by a
    number, a slice, an array of indices or a mask, iteration, and `numpy.asarray`. Indexing by a
    number or inside one shard gives a view; otherwise the pictures asked for are copied.
    """

    def __init__(self, arrays: Sequence[PictureArray]) -> None:
        self.arrays = list(arrays)
        self._ends = np.cumsum([len(array) for array in arrays])
        self.shape: tuple[int, ...] = (int(self._ends[-1]), *arrays[0].shape[1:])
        self.dtype = np.asarray(arrays[0][:0]).dtype
        self.ndim = len(self.shape)
        self.size = int(np.prod(self.shape, dtype=np.int64))
        self.nbytes = self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Pixels]:
        for array in self.arrays:
            yield from array

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("the pictures lie in several files; they must be copied")
        whole: npt.NDArray[Any] = np.asarray(self[:], dtype)
        return whole

    def __getitem__(self, index: Any) -> Pixels:
        if isinstance(index, tuple):
            chosen, *rest = index
            whole = () if isinstance(chosen, int | np.integer) else (slice(None),)
            return cast(Pixels, self[chosen][(*whole, *rest)])
        if isinstance(index, slice):
            return self._slice(*index.indices(len(self)))
        chosen = np.asarray(index)
        if chosen.dtype == np.bool_:
            if chosen.shape != (len(self),):
                raise IndexError(f"a mask of {chosen.shape} for {len(self)} pictures")
            chosen = np.flatnonzero(chosen)
        if chosen.size == 0:
            chosen = chosen.astype(np.intp)
        if chosen.dtype.kind not in "iu":
            raise IndexError("pictures are chosen by whole numbers, slices and masks")
        outside = (chosen < -len(self)) | (chosen >= len(self))
        if outside.any():
            raise IndexError(f"picture {chosen[outside].flat[0]} of {len(self)}")
        places = np.where(chosen < 0, chosen + len(self), chosen).astype(np.intp)
        return self._one(int(places)) if places.ndim == 0 else self._many(places)

    def _one(self, place: int) -> Pixels:
        shard = int(np.searchsorted(self._ends, place, "right"))
        return cast(Pixels, self.arrays[shard][place - self._begin(shard)])

    def _many(self, places: npt.NDArray[np.intp]) -> Pixels:
        result = np.empty((*places.shape, *self.shape[1:]), self.dtype)
        shards = np.searchsorted(self._ends, places, "right")
        for shard in np.unique(shards).tolist():
            here = shards == shard
            result[here] = self.arrays[shard][places[here] - self._begin(shard)]
        return result

    def _slice(self, start: int, stop: int, step: int) -> Pixels:
        if step == 1 and start < stop:
            first, last = np.searchsorted(self._ends, [start, stop - 1], "right").tolist()
            if first == last:
                begin = self._begin(first)
                return cast(Pixels, self.arrays[first][start - begin : stop - begin])
        return self._many(np.arange(start, stop, step))

    def _begin(self, shard: int) -> int:
        return int(self._ends[shard - 1]) if shard else 0
