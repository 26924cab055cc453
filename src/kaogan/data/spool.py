"""Pictures and their rows, stored on the disk until it is known which are kept, in which order.

Only the pictures asked for are in memory. The files are not memory-mapped, so that a full disk is
an error and not a crash, and memory does not fill with pages that were read once.
"""

import hashlib
import json
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kaogan.images import Pixels

CHUNK_BYTES = 4 * 2**20


class Spool:
    """An append-only list of (picture, row) on the disk; every picture has the same shape."""

    def __init__(self, folder: Path, shape: tuple[int, int, int]) -> None:
        self.shape = shape
        self.picture_bytes = int(np.prod(shape))
        self.chunk = max(1, CHUNK_BYTES // self.picture_bytes)  # pictures to work on together
        self._pictures = (folder / "spool.pixels").open("w+b")
        self._rows = (folder / "spool.rows").open("w+b")
        self._row_starts = array("q", [0])
        self._digests = bytearray()

    def __len__(self) -> int:
        return len(self._row_starts) - 1

    def append(self, picture: Pixels, row: dict[str, Any]) -> None:
        """Store one picture (uint8, of the spool's shape) and its row, before anything is read."""
        content = np.ascontiguousarray(picture).data
        line = json.dumps(row).encode() + b"\n"
        self._pictures.write(content)
        self._rows.write(line)
        self._row_starts.append(self._row_starts[-1] + len(line))
        self._digests += hashlib.sha256(content).digest()

    def digests(self) -> npt.NDArray[np.uint8]:
        """The sha256 of every picture's pixels: N x 32."""
        return np.frombuffer(bytes(self._digests), np.uint8).reshape(-1, 32)

    def pictures(self, indices: Sequence[int] | npt.NDArray[np.intp]) -> Pixels:
        """The pictures at `indices`: uint8, len(indices) x H x W x C."""
        result = np.empty((len(indices), *self.shape), np.uint8)
        for place, index in enumerate(indices):
            self._pictures.seek(int(index) * self.picture_bytes)
            self._pictures.readinto(result[place].data)
        return result

    def chunks(self) -> Iterator[Pixels]:
        """All pictures in order, `chunk` at a time."""
        for start in range(0, len(self), self.chunk):
            yield self.pictures(range(start, min(start + self.chunk, len(self))))

    def row(self, index: int) -> dict[str, Any]:
        """The row at `index`."""
        self._rows.seek(self._row_starts[index])
        row: dict[str, Any] = json.loads(self._rows.readline())
        return row

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        """Close and delete the files."""
        for file in (self._pictures, self._rows):
            file.close()
            Path(file.name).unlink()
