"""Pictures and their rows, stored on the disk until it is known which are kept, in which order.

A spool is a folder of parts of about `SHARD_BYTES`; each becomes a shard of the data set. A part
that is finished survives: a spool that is opened again begins with the finished parts. Only the
pictures asked for are in memory. The files are not memory-mapped, so that a full disk is an error
and not a crash, and memory does not fill with pages that were read once.
"""

import hashlib
import json
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from kaogan.data.hashes import Hashes, perceptual_hash
from kaogan.files import write_text
from kaogan.images import Pixels
from kaogan.records import Count, Record, read_json

SHARD_BYTES = 10**9
"""Pixels of one shard, about."""

CHUNK_BYTES = 4 * 2**20


class PartRecord(Record):
    """How far the source was read when a part was finished."""

    position: Count
    mark: Count


class Spool:
    """An append-only list of (picture, row) on the disk; every picture has the same shape.

    Args:
        folder: of this spool alone.
        shape: of every picture, H x W x C.

    """

    def __init__(self, folder: Path, shape: tuple[int, int, int]) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.shape = folder, shape
        self.picture_bytes = int(np.prod(shape))
        self.chunk = max(1, CHUNK_BYTES // self.picture_bytes)  # pictures to work on together
        self.ends: list[int] = []
        """Of each part: the number of pictures up to its end."""
        self.position, self.mark = 0, 0
        """How far the source has been read: the items up to here are in finished parts."""
        self._row_starts: list[array[int]] = []
        self._writer: _Writer | None = None
        while (done := self._file(len(self.ends), "json")).is_file():
            about = read_json(done, PartRecord)
            self.position, self.mark = about.position, about.mark
            self._add_part(self._starts_of(len(self.ends)))

    def __len__(self) -> int:
        return (self.ends or [0])[-1] + (len(self._writer) if self._writer else 0)

    def append(
        self,
        picture: Pixels,
        row: Mapping[str, Any],
        digest: bytes | None = None,
        hashed: int | None = None,
    ) -> None:
        """Store one picture (uint8, of the spool's shape) and its row, before anything is read.

        The sha256 of its pixels and its perceptual hash may be known already.
        """
        content = np.ascontiguousarray(picture).data
        self._writing().picture(content, row, digest or hashlib.sha256(content).digest(), hashed)

    def leave_out(self, row: Mapping[str, Any]) -> None:
        """Store a row about a picture that is left out."""
        self._writing().left_out(row)

    def reached(self, position: int, mark: int) -> None:
        """All items of the source before `position` are stored; `mark` tells which they were.

        Here a part may end.
        """
        if self._writer and len(self._writer) * self.picture_bytes >= SHARD_BYTES:
            self.finish(position, mark)

    def finish(self, position: int, mark: int) -> None:
        """End the part that is being written, if there is one. Then pictures can be read."""
        if self._writer is None:
            return
        number, starts = len(self.ends), self._writer.starts
        self._writer.close()
        self._writer = None
        write_text(self._file(number, "json"), json.dumps({"position": position, "mark": mark}))
        self._add_part(starts)
        self.position, self.mark = position, mark

    def clear(self) -> None:
        """Delete everything, finished or not."""
        self.close()
        for file in self.folder.iterdir():
            file.unlink()
        self.ends, self._row_starts, self.position, self.mark = [], [], 0, 0

    def close(self) -> None:
        """Close the files; a part that is not finished is lost."""
        if self._writer:
            self._writer.close()
            self._writer = None

    def digests(self) -> npt.NDArray[np.uint8]:
        """The sha256 of every picture's pixels: N x 32."""
        return np.concatenate([np.empty((0, 32), np.uint8), *map(self.digests_of, self._parts())])

    def digests_of(self, part: int) -> npt.NDArray[np.uint8]:
        """The same of the pictures of one part."""
        return np.fromfile(self._file(part, "digests"), np.uint8).reshape(-1, 32)

    def hashes(self) -> Hashes:
        """The perceptual hash of every picture."""
        parts = []
        for part in self._parts():
            stored = np.fromfile(self._file(part, "hashes"), np.uint64)
            begin, end = self.span(part)
            if len(stored) != end - begin:  # whoever made the pictures did not hash them
                stored = np.concatenate(
                    [
                        perceptual_hash(self.pictures(range(at, min(at + self.chunk, end))))
                        for at in range(begin, end, self.chunk)
                    ]
                )
            parts.append(stored)
        return np.concatenate([np.empty(0, np.uint64), *parts])

    def pictures(self, indices: Sequence[int] | npt.NDArray[np.intp]) -> Pixels:
        """The pictures at `indices`: uint8, len(indices) x H x W x C."""
        wanted = np.asarray(indices, np.intp)
        result = np.empty((len(wanted), *self.shape), np.uint8)
        parts = np.searchsorted(self.ends, wanted, "right")
        for part in np.unique(parts).tolist():
            begin = self.span(part)[0]
            with self._file(part, "pixels").open("rb") as file:
                for place in np.flatnonzero(parts == part):
                    file.seek(int(wanted[place] - begin) * self.picture_bytes)
                    file.readinto(result[place].data)
        return result

    def row(self, index: int) -> dict[str, Any]:
        """The row at `index`."""
        part = int(np.searchsorted(self.ends, index, "right"))
        with self._file(part, "rows").open("rb") as file:
            file.seek(self._row_starts[part][index - self.span(part)[0]])
            row: dict[str, Any] = json.loads(file.readline())
        return row

    def source(self, index: int) -> str:
        """The name of the picture at `index`."""
        return str(self.row(index)["row"]["source"])

    def rows(self, part: int) -> list[bytes]:
        """All rows of a part, each a line of JSON."""
        return self._file(part, "rows").read_bytes().splitlines()

    def rejected(self) -> Iterator[str]:
        """The rows about pictures that are left out, each a line of JSON."""
        for part in self._parts():
            with self._file(part, "rejected").open(encoding="utf-8") as lines:
                yield from lines

    def span(self, part: int) -> tuple[int, int]:
        """The indices of a part's pictures: from, to."""
        return (self.ends[part - 1] if part else 0), self.ends[part]

    @property
    def plan(self) -> Path:
        """The file that says what becomes of each picture, once it is known."""
        return self.folder / "plan.npy"

    def drop_pixels(self, part: int) -> None:
        """Delete a part's pixels, which are a shard now."""
        self._file(part, "pixels").unlink(missing_ok=True)

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _parts(self) -> range:
        return range(len(self.ends))

    def _file(self, part: int, what: str) -> Path:
        return self.folder / f"part-{part:05}.{what}"

    def _writing(self) -> "_Writer":
        if self._writer is None:
            number = len(self.ends)
            self._writer = _Writer({what: self._file(number, what) for what in _Writer.FILES})
        return self._writer

    def _add_part(self, starts: "array[int]") -> None:
        self.ends.append((self.ends or [0])[-1] + len(starts))
        self._row_starts.append(starts)

    def _starts_of(self, part: int) -> "array[int]":
        starts, position = array("q"), 0
        with self._file(part, "rows").open("rb") as lines:
            for line in lines:
                starts.append(position)
                position += len(line)
        return starts


class _Writer:
    """The files of a part that is being written."""

    FILES = ("pixels", "rows", "digests", "hashes", "rejected")

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.starts = array("q")
        self._end = 0
        self._stack = ExitStack()
        self._files: dict[str, IO[bytes]] = {
            what: self._stack.enter_context(file.open("wb")) for what, file in files.items()
        }

    def __len__(self) -> int:
        return len(self.starts)

    def picture(
        self, content: memoryview, row: Mapping[str, Any], digest: bytes, hashed: int | None
    ) -> None:
        line = json.dumps(row).encode() + b"\n"
        self._files["pixels"].write(content)
        self._files["rows"].write(line)
        self._files["digests"].write(digest)
        if hashed is not None:
            self._files["hashes"].write(np.uint64(hashed).tobytes())
        self.starts.append(self._end)
        self._end += len(line)

    def left_out(self, row: Mapping[str, Any]) -> None:
        line = json.dumps(row, ensure_ascii=False)  # as in a data set
        self._files["rejected"].write(line.encode() + b"\n")

    def close(self) -> None:
        self._stack.close()
