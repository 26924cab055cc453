"""ZIP and TAR archives, read in place, and the checks of their entries.

TAR archives, plain or compressed, are read in one pass.
"""

import bz2
import contextlib
import gzip
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from kaogan.data.reasons import Reason, Rejected, in_one_line
from kaogan.data.sources.base import (
    Item,
    Source,
    check_size,
    is_hidden,
    read_all,
    reading,
    sources,
)
from kaogan.data.sources.webdataset import without_side_files
from kaogan.errors import KaoganError
from kaogan.limits import BOMB_FREE, BOMB_RATIO, LARGEST_TAR_NAME, LONGEST_NAME

ENCRYPTED = 0x1  # bit 0 of a ZIP entry's flags


def check_entry(name: str, size: int) -> None:
    """Refuse an entry that is too large, or has a name that only an attack or an accident makes.

    Nothing is ever written under an entry's name, but manifests and reports contain the names.
    """
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or parts[0].endswith(":"):
        raise Rejected(Reason.UNSAFE_NAME, "it points outside the archive")
    if len(name) > LONGEST_NAME:
        raise Rejected(Reason.UNSAFE_NAME, f"it has {len(name):,} characters")
    if not name.isprintable():
        raise Rejected(Reason.UNSAFE_NAME, "it has control characters")
    check_size(size)


@sources.register("zip")
class Zip(Source):
    """A ZIP archive, in the order of its directory."""

    suffixes = (".zip",)

    def count(self, path: Path) -> int | None:
        with _open_zip(path) as archive:
            return len(_zip_entries(archive))

    def items(self, path: Path) -> Iterator[Item]:
        with _open_zip(path) as archive:
            for entry in _zip_entries(archive):
                if entry.flag_bits & ENCRYPTED:
                    raise KaoganError(
                        f"{path} is encrypted; unpack it with its password and give the folder"
                    )
                yield Item(entry.filename, _read_zip(archive, entry))


def _open_zip(path: Path) -> zipfile.ZipFile:
    with reading(path, "a ZIP file"):
        archive = zipfile.ZipFile(path)
    if sum(entry.compress_size for entry in archive.infolist()) > path.stat().st_size:
        archive.close()
        raise KaoganError(f"{path} is a ZIP bomb: its entries overlap; it is not read")
    return archive


def _zip_entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    # ZipInfo.is_dir fails on an empty name.
    entries = archive.infolist()
    return [e for e in entries if not e.filename.endswith("/") and not is_hidden(e.filename)]


def _read_zip(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes | Rejected:
    try:
        packed, unpacked = entry.compress_size, entry.file_size
        check_entry(entry.filename, unpacked)
        if unpacked > max(BOMB_FREE, BOMB_RATIO * packed):
            raise Rejected(Reason.BOMB, f"{packed:,} bytes unpack to {unpacked:,}")
        with archive.open(entry) as stream:
            return read_all(stream)
    except Rejected as rejected:
        return rejected
    except Exception as error:  # a damaged entry makes zipfile fail in many ways
        return Rejected(Reason.DAMAGED, in_one_line(error))


@sources.register("tar")
class Tar(Source):
    """A TAR archive (also gzip, bzip2, xz, Zstandard), in its own order."""

    suffixes = (
        *(".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2"),
        *(".tar.xz", ".txz", ".tar.zst", ".tzst"),
    )

    def items(self, path: Path) -> Iterator[Item]:
        with reading(path, "a TAR archive"), path.open("rb") as raw, _decompress(raw) as plain:
            yield from without_side_files(_tar_items(_Guard(raw, plain)))


class _Entry(tarfile.TarInfo):
    """An entry's header. tarfile reads names, links and comments in front of it into memory."""

    NAMES = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE,
             tarfile.SOLARIS_XHDTYPE)  # fmt: skip

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Entry":
        entry = super().frombuf(buf, encoding, errors)
        if entry.type in cls.NAMES and not 0 <= entry.size <= LARGEST_TAR_NAME:
            raise tarfile.ReadError(f"a name or comment of {entry.size:,} bytes")
        return entry


class _Guard:
    """Reads for tarfile, stops a decompression bomb, and remembers where the data ends.

    tarfile looks for the end of an entry block by block, as far as the entry's size says. Past the
    archive's end, that would never stop.
    """

    def __init__(self, raw: IO[bytes], plain: IO[bytes]) -> None:
        self.raw, self.plain = raw, plain
        self.position = 0
        self.end_of_data = 0  # just past the last byte that was not zero
        self.ended = False

    def read(self, size: int) -> bytes:
        if self.ended:
            raise tarfile.ReadError("it breaks off in the middle")
        block = self.plain.read(size)
        self.ended = not block
        content = len(block.rstrip(b"\0"))
        if content:
            self.end_of_data = self.position + content
        self.position += len(block)
        if self.position > max(100 * BOMB_FREE, BOMB_RATIO * self.raw.tell()):
            raise KaoganError(f"{self.raw.name} is a decompression bomb; it is not read")
        return block


def _tar_items(guard: _Guard) -> Iterator[Item]:
    with tarfile.open(fileobj=cast(IO[bytes], guard), mode="r|", tarinfo=_Entry) as archive:
        while (entry := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined]  # otherwise they accumulate
            if not entry.isdir() and not is_hidden(entry.name):
                yield Item(entry.name.removeprefix("./"), _read_tar(archive, entry))
        # tarfile takes a broken header for the end, but after the real end there are only zeros.
        while guard.read(2**20):
            pass
        if guard.end_of_data > archive.offset:
            raise tarfile.ReadError("it breaks off in the middle")


def _read_tar(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes | Rejected:
    try:
        check_entry(entry.name, entry.size)
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
