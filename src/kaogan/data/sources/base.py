"""A source hands over named pictures, one at a time, without decoding them."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar

from kaogan.data.reasons import Reason, Rejected, in_one_line
from kaogan.errors import KaoganError
from kaogan.images import Pixels
from kaogan.limits import LARGEST_PICTURE, LONGEST_NAME
from kaogan.registry import Registry


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
        """Bytes in memory."""
        if isinstance(self.content, bytes):
            return len(self.content)
        return 0 if isinstance(self.content, Rejected) else self.content.nbytes


class Source(ABC):
    """One kind of source. Nothing is unpacked to the disk, and nothing is read ahead."""

    suffixes: ClassVar[tuple[str, ...]] = ()
    """The ends of the file names that it claims, in lower case."""

    def claims(self, path: Path) -> bool:
        """Is `path` (which exists) of this kind? This never fails, even without permission."""
        return path.name.lower().endswith(self.suffixes) and os.path.isfile(path)

    def count(self, path: Path) -> int | None:
        """The number of items, or None where counting is expensive."""
        return None

    @abstractmethod
    def items(self, path: Path) -> Iterator[Item]:
        """Every entry that is not hidden, always in the same order.

        Raises:
            KaoganError: `path` as a whole cannot be read.

        """


sources: Registry[type[Source]] = Registry("kind of source")


def source_of(path: Path) -> Source | None:
    """The source that claims `path`, if there is one."""
    return next((source for kind in sources if (source := sources[kind]()).claims(path)), None)


@contextmanager
def reading(what: Path | str, kind: str) -> Iterator[None]:
    """Turn every failure to read `what` into one line. `kind` is what it should be: "a ZIP file".

    The parsers of files fail in many ways on damaged files, so every exception counts.
    """
    try:
        yield
    except KaoganError:
        raise
    except PermissionError:
        raise KaoganError(f"no permission to read {what}") from None
    except Exception as error:
        raise KaoganError(
            f"{what} is not {kind}, or a damaged one ({in_one_line(error)}); "
            "download or make it again"
        ) from None


PICTURES = (
    *(".avif", ".bmp", ".dib", ".gif", ".jfif", ".jpe", ".jpeg"),
    *(".jpg", ".png", ".tif", ".tiff", ".webp"),
)
"""The ends of the names of picture files, in lower case."""


def is_hidden(name: str) -> bool:
    """Is it a hidden file, in a hidden folder, or something that macOS adds to archives?"""
    return any(
        part == "__MACOSX" or (part.startswith(".") and part not in (".", ".."))
        for part in name.replace("\\", "/").split("/")
    )


def printable(name: str) -> str:
    """`name` for a manifest: without control characters and lone surrogates, and not too long."""
    if not name.isprintable():
        name = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    return name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "…"


def check_size(size: int) -> None:
    """Refuse a picture of `size` bytes, encoded or in an array, if it is too large."""
    if size > LARGEST_PICTURE:
        raise Rejected(
            Reason.FILE_TOO_LARGE, f"{size / 2**20:,.0f} MiB, at most {LARGEST_PICTURE // 2**20}"
        )


def read_all(stream: IO[bytes]) -> bytes:
    """Read `stream` to its end, but never more than the limit, whatever its header says."""
    content = stream.read(LARGEST_PICTURE + 1)
    check_size(len(content))
    return content
