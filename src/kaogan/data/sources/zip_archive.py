"""ZIP archives, read in place."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from kaogan.data.reasons import Reason, Rejected, in_one_line
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

ENCRYPTED = 0x1  # bit 0 of an entry's flags


@sources.register("zip")
class Zip(Source):
    """A ZIP archive, in the order of its directory."""

    suffixes = (".zip",)

    def count(self, path: Path) -> int | None:
        with _open(path) as archive:
            return len(_entries(archive))

    def items(self, path: Path) -> Iterator[Item]:
        with _open(path) as archive:
            for entry in _entries(archive):
                if entry.flag_bits & ENCRYPTED:
                    raise KaoganError(
                        f"{path} is encrypted; unpack it with its password and give the folder"
                    )
                yield Item(entry.filename, _read(archive, entry))


def _open(path: Path) -> zipfile.ZipFile:
    with reading(path, "a ZIP file"):
        archive = zipfile.ZipFile(path)
    if sum(entry.compress_size for entry in archive.infolist()) > path.stat().st_size:
        archive.close()
        raise KaoganError(f"{path} is a ZIP bomb: its entries overlap; it is not read")
    return archive


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [e for e in archive.infolist() if not e.is_dir() and not is_hidden(e.filename)]


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes | Rejected:
    try:
        check_name(entry.filename)
        check_size(entry.file_size)
        if entry.file_size > max(BOMB_BYTES, BOMB_RATIO * entry.compress_size):
            raise Rejected(
                Reason.BOMB, f"{entry.compress_size:,} bytes unpack to {entry.file_size:,}"
            )
        with archive.open(entry) as stream:
            return read_all(stream)
    except Rejected as rejected:
        return rejected
    except Exception as error:  # a damaged entry makes zipfile fail in many ways
        return Rejected(Reason.DAMAGED, in_one_line(error))
