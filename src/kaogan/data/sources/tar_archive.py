"""TAR archives, plain or compressed, read in place and in one pass."""

import bz2
import contextlib
import gzip
import lzma
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from kaogan.data.reasons import Reason, Rejected
from kaogan.data.sources.base import (
    BOMB_BYTES,
    BOMB_RATIO,
    Item,
    Source,
    check_name,
    check_size,
    is_hidden,
    read_all,
    reading,
    sources,
)
from kaogan.errors import KaoganError


@sources.register("tar")
class Tar(Source):
    """A TAR archive (also gzip, bzip2, xz, Zstandard), in its own order."""

    suffixes = (
        *(".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2"),
        *(".tar.xz", ".txz", ".tar.zst", ".tzst"),
    )

    def items(self, path: Path) -> Iterator[Item]:
        with reading(path, "a TAR archive"), path.open("rb") as raw, _decompress(raw) as plain:
            yield from _entries(_Guard(raw, plain))


class _Guard:
    """Reads for tarfile, stops a decompression bomb, and remembers where the data ends."""

    def __init__(self, raw: IO[bytes], plain: IO[bytes]) -> None:
        self.raw, self.plain = raw, plain
        self.position = 0
        self.end_of_data = 0  # just past the last byte that was not zero

    def read(self, size: int) -> bytes:
        block = self.plain.read(size)
        content = len(block.rstrip(b"\0"))
        if content:
            self.end_of_data = self.position + content
        self.position += len(block)
        if self.position > max(100 * BOMB_BYTES, BOMB_RATIO * self.raw.tell()):
            raise KaoganError(f"{self.raw.name} is a decompression bomb; it is not read")
        return block


def _entries(guard: _Guard) -> Iterator[Item]:
    with tarfile.open(fileobj=cast(IO[bytes], guard), mode="r|") as archive:
        while (entry := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined]  # otherwise they accumulate
            if not entry.isdir() and not is_hidden(entry.name):
                yield Item(entry.name.removeprefix("./"), _read(archive, entry))
        # tarfile takes a broken header for the end, but after the real end there are only zeros.
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
        assert stream is not None  # it is a regular file
        return read_all(stream)
    except Rejected as rejected:
        return rejected


def _zstandard(raw: IO[bytes]) -> Any:
    try:
        import pyarrow
    except ImportError:
        raise KaoganError(
            f'{raw.name} is compressed with Zstandard: run pip install "kaogan[formats]" first'
        ) from None
    return pyarrow.CompressedInputStream(pyarrow.PythonFile(raw, mode="r"), "zstd")


_DECOMPRESSORS: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"\x28\xb5\x2f\xfd": _zstandard,
}


def _decompress(raw: IO[bytes]) -> contextlib.AbstractContextManager[IO[bytes]]:
    """The plain stream. The first bytes tell how it is compressed, not the file's name."""
    start = raw.read(6)
    raw.seek(0)
    for magic, decompressor in _DECOMPRESSORS.items():
        if start.startswith(magic):
            return cast(contextlib.AbstractContextManager[IO[bytes]], decompressor(raw))
    return contextlib.nullcontext(raw)
