"""TAR archives, plain or compressed, read in place and in one pass."""

import bz2
import contextlib
import gzip
import lzma
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from kaogan.data.reasons import Reason, Rejected, in_one_line
from kaogan.data.sources.base import (
    BOMB_BYTES,
    BOMB_RATIO,
    Item,
    check_name,
    check_size,
    is_hidden,
    read_all,
    sources,
)
from kaogan.errors import KaoganError

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tzst")


@sources.register("tar")
class Tar:
    """A TAR archive (also gzip, bzip2, xz, Zstandard), in its own order."""

    def claims(self, path: Path) -> bool:
        return path.name.lower().endswith(SUFFIXES) and os.path.isfile(path)

    def count(self, path: Path) -> int | None:
        return None  # only reading all of it would tell

    def items(self, path: Path) -> Iterator[Item]:
        try:
            with path.open("rb") as raw, _decompress(path, raw) as plain:
                yield from _entries(path, _Guard(path, raw, plain))
        except KaoganError:
            raise
        except PermissionError:
            raise KaoganError(f"no permission to read {path}") from None
        except Exception as error:  # damage shows as a different error in every decompressor
            raise KaoganError(
                f"{path} is not a TAR archive, or a damaged one ({in_one_line(error)}); "
                "download or make it again"
            ) from None


class _Guard:
    """Reads on behalf of tarfile; stops a decompression bomb; remembers where data ended."""

    def __init__(self, path: Path, raw: BinaryIO, plain: BinaryIO) -> None:
        self.path, self.raw, self.plain = path, raw, plain
        self.position = 0
        self.end_of_data = 0  # just past the last byte that was not zero

    def read(self, size: int) -> bytes:
        block = self.plain.read(size)
        content = len(block.rstrip(b"\0"))
        if content:
            self.end_of_data = self.position + content
        self.position += len(block)
        if self.position > max(100 * BOMB_BYTES, BOMB_RATIO * self.raw.tell()):
            raise KaoganError(f"{self.path} is a decompression bomb; it is not read")
        return block


def _entries(path: Path, guard: _Guard) -> Iterator[Item]:
    with tarfile.open(fileobj=cast(BinaryIO, guard), mode="r|") as archive:
        while (entry := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined]  # or they pile up
            if not entry.isdir() and not is_hidden(entry.name):
                yield Item(entry.name.removeprefix("./"), _read(archive, entry))
        # tarfile takes a broken header for the end: but after the end there are only zeros.
        while guard.read(2**20):
            pass
        if guard.end_of_data > archive.offset:
            raise tarfile.ReadError("it breaks off in the middle")


def _read(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes | Rejected:
    try:
        check_name(entry.name)
        check_size(entry.size)
        if not entry.isreg():
            raise Rejected(Reason.UNREADABLE, "not a regular file but a link or a device")
        stream = archive.extractfile(entry)
        assert stream is not None  # only for what is not a regular file
        return read_all(cast(BinaryIO, stream))
    except Rejected as rejected:
        return rejected


def _decompress(path: Path, raw: BinaryIO) -> contextlib.AbstractContextManager[BinaryIO]:
    """The plain stream; how it is compressed is told by its first bytes, not by its name."""
    start = raw.read(6)
    raw.seek(0)
    if start.startswith(b"\x1f\x8b"):
        return cast(contextlib.AbstractContextManager[BinaryIO], gzip.GzipFile(fileobj=raw))
    if start.startswith(b"BZh"):
        return cast(contextlib.AbstractContextManager[BinaryIO], bz2.BZ2File(raw))
    if start.startswith(b"\xfd7zXZ\x00"):
        return cast(contextlib.AbstractContextManager[BinaryIO], lzma.LZMAFile(raw))
    if start.startswith(b"\x28\xb5\x2f\xfd"):
        return _zstandard(path, raw)
    return contextlib.nullcontext(raw)


def _zstandard(path: Path, raw: BinaryIO) -> contextlib.AbstractContextManager[BinaryIO]:
    try:
        import pyarrow
    except ImportError:
        raise KaoganError(
            f'{path} is compressed with Zstandard: run pip install "kaogan[formats]" first'
        ) from None
    stream = pyarrow.CompressedInputStream(pyarrow.PythonFile(raw, mode="r"), "zstd")
    return cast(contextlib.AbstractContextManager[BinaryIO], stream)
