"""What a source is: something that hands over named pictures, one at a time, undecoded."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from kaogan.data.reasons import Reason, Rejected
from kaogan.registry import Registry

Pixels = npt.NDArray[np.uint8]

MAX_BYTES = 64 * 2**20  # the largest encoded picture that is read
MAX_NAME = 1000  # characters
# An archive that unpacks to more than this many times its size holds no pictures: those are
# compressed already. Small content may be as repetitive as it likes.
BOMB_RATIO = 100
BOMB_BYTES = 2**20


@dataclass(frozen=True)
class Item:
    """One entry of a source.

    `content` is an encoded picture, decoded pixels (uint8, H x W or H x W x C), or the reason
    why it could not be read.
    """

    name: str
    content: bytes | Pixels | Rejected

    @property
    def size(self) -> int:
        """How many bytes it takes in memory."""
        if isinstance(self.content, bytes):
            return len(self.content)
        return 0 if isinstance(self.content, Rejected) else self.content.nbytes


class Source(Protocol):
    """One kind of source. Nothing is unpacked to the disk, and nothing is read ahead."""

    def claims(self, path: Path) -> bool:
        """Is `path` (which exists) of this kind? No error, even if it may not be read."""

    def count(self, path: Path) -> int | None:
        """How many items there are, where that is cheap to know."""

    def items(self, path: Path) -> Iterator[Item]:
        """Every entry but hidden ones, always in the same order.

        Raises:
            KaoganError: `path` as a whole cannot be read.

        """


sources: Registry[type[Source]] = Registry("kind of source")


def is_hidden(name: str) -> bool:
    """Hidden files and folders, and what a Mac adds to archives, are nobody's pictures."""
    return any(
        part == "__MACOSX" or (part.startswith(".") and part not in (".", ".."))
        for part in name.replace("\\", "/").split("/")
    )


def check_name(name: str) -> None:
    """Refuse entry names that only an attack or an accident makes.

    Nothing is ever written under an entry's name; but names travel on into manifests and reports.
    """
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or parts[0].endswith(":"):
        raise Rejected(Reason.UNSAFE_NAME, "it points outside the archive")
    if len(name) > MAX_NAME:
        raise Rejected(Reason.UNSAFE_NAME, f"it has {len(name):,} characters")
    if not name.isprintable():
        raise Rejected(Reason.UNSAFE_NAME, "it has control characters")


def printable(name: str) -> str:
    """`name` fit for a manifest: no control characters, no lone surrogates, not endless."""
    if not name.isprintable():
        name = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    return name if len(name) <= MAX_NAME else name[:MAX_NAME] + "…"


def check_size(size: int) -> None:
    """Refuse an encoded picture of `size` bytes that is too large to be one."""
    if size > MAX_BYTES:
        raise Rejected(
            Reason.FILE_TOO_LARGE, f"{size / 2**20:,.0f} MiB, at most {MAX_BYTES // 2**20}"
        )


def read_all(stream: BinaryIO) -> bytes:
    """Read `stream` to its end, but never more than the limit, whatever its header promised."""
    content = stream.read(MAX_BYTES + 1)
    check_size(len(content))
    return content
