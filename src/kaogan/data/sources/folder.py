"""Folders of pictures, and single picture files."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from kaogan.data.reasons import Reason, Rejected
from kaogan.data.sources.base import (
    PICTURES,
    Item,
    Source,
    check_size,
    is_hidden,
    read_all,
    source_of,
    sources,
)
from kaogan.errors import KaoganError


def natural_key(name: str) -> list[tuple[int, str]]:
    """Sort key that puts 2.jpg before 10.jpg; the name itself breaks ties."""
    pieces = re.split(r"([0-9]+)", name)
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in pieces] + [(-1, name)]


@sources.register("folder")
class Folder(Source):
    """A folder tree, in natural order; archives and arrays inside are read as well."""

    def claims(self, path: Path) -> bool:
        return os.path.isdir(path)

    def count(self, path: Path) -> int | None:
        count = 0
        for _, found in _walk(path, ""):
            if isinstance(found, Path) and _archive(found):
                return None  # counting the pictures in an archive may be expensive
            count += 1
        return count

    def items(self, path: Path) -> Iterator[Item]:
        try:
            next(os.scandir(path), None)
        except OSError as error:
            raise KaoganError(f"cannot read the folder {path}: {error.strerror}") from None
        for name, found in _walk(path, ""):
            if isinstance(found, Rejected):
                yield Item(name, found)
                continue
            archive = _archive(found)
            if archive is None:
                yield Item(name, _read(found))
                continue
            try:
                for item in archive.items(found):
                    yield Item(f"{name}/{item.name}", item.content)
            except KaoganError as error:
                yield Item(name, Rejected(Reason.UNREADABLE, str(error)))


@sources.register("picture")
class PictureFile(Source):
    """One picture file, so that `prepare faces/*.jpg` works."""

    suffixes = PICTURES

    def count(self, path: Path) -> int | None:
        return 1

    def items(self, path: Path) -> Iterator[Item]:
        yield Item("", _read(path))


def _archive(path: Path) -> Source | None:
    """The source for an archive inside a folder; None for pictures and everything else."""
    return None if path.suffix.lower() in PictureFile.suffixes else source_of(path)


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, Path | Rejected]]:
    try:
        with os.scandir(folder) as entries:
            names = sorted((entry.name for entry in entries), key=natural_key)
    except OSError as error:
        yield prefix.rstrip("/"), Rejected(Reason.UNREADABLE, error.strerror or str(error))
        return
    for entry in names:
        if is_hidden(entry):
            continue
        path, name = folder / entry, prefix + entry
        if not os.path.isdir(path):
            yield name, path
        elif os.path.islink(path):  # it might lead back to this folder
            yield name, Rejected(Reason.UNREADABLE, "a link to a folder; name it as a source")
        else:
            yield from _walk(path, name + "/")


def _read(path: Path) -> bytes | Rejected:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # reading a pipe or a device might never end
            return Rejected(Reason.UNREADABLE, "not a regular file")
        check_size(status.st_size)
        with path.open("rb") as stream:
            return read_all(stream)
    except Rejected as rejected:
        return rejected
    except OSError as error:
        return Rejected(Reason.UNREADABLE, error.strerror or str(error))
