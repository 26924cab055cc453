"""Addresses such as s3://BUCKET/FOLDER: pictures and archives, read through fsspec.

Who may read them is the matter of the package behind the address, and of its own settings.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from kaogan.data.reasons import Reason, Rejected, in_one_line
from kaogan.data.sources.base import (
    PICTURES,
    Item,
    Source,
    check_size,
    is_hidden,
    read_all,
    source_of,
)
from kaogan.data.sources.folder import natural_key
from kaogan.errors import KaoganError, UsageError

PACKAGES = {
    "file": "kaogan[remote]",
    "memory": "kaogan[remote]",
    "s3": "kaogan[remote]",
    "gs": "gcsfs",
    "hf": "kaogan[hub]",
    "az": "adlfs",
}
"""The kinds of addresses, and what to install for each."""

COPY_BYTES = 2**20


@dataclass(frozen=True)
class Address:
    """An address that fsspec understands.

    Raises:
        UsageError: it is of another kind.

    """

    text: str

    def __post_init__(self) -> None:
        if self.protocol not in PACKAGES or "::" in self.text:
            known = ", ".join(f"{protocol}://" for protocol in PACKAGES)
            raise UsageError(f"{self.text} is no address of pictures; known are {known}")

    @property
    def protocol(self) -> str:
        return self.text.partition("://")[0]

    @property
    def name(self) -> str:
        """The last part."""
        return PurePosixPath(self.text.partition("://")[2]).name

    def __str__(self) -> str:
        return self.text


class Remote:
    """A folder, an archive or a picture at an address.

    A folder is read in natural order. An archive is copied into a temporary file while it is read.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        with self._reading():
            self._files, self._root = _open(address)
            if not self._files.exists(self._root):
                raise KaoganError(f"{address} does not exist; check the address")

    def items(self) -> Iterator[Item]:
        """Every entry that is not hidden, always in the same order.

        Raises:
            KaoganError: the address as a whole cannot be read.

        """
        with self._reading():
            about = self._files.info(self._root)
            if about["type"] == "file":
                yield from self._file("", about)
            else:
                yield from self._folder(self._root, "")

    def _folder(self, folder: str, prefix: str) -> Iterator[Item]:
        entries = {
            PurePosixPath(about["name"]).name: about
            for about in self._files.ls(folder, detail=True)
            if about["name"].strip("/") != folder.strip("/")
        }
        for name in sorted(entries, key=natural_key):
            if is_hidden(name):
                continue
            about = entries[name]
            if about["type"] == "directory":
                yield from self._folder(about["name"], f"{prefix}{name}/")
            else:
                yield from self._file(prefix + name, about)

    def _file(self, name: str, about: dict[str, Any]) -> Iterator[Item]:
        path = PurePosixPath(about["name"])
        if path.suffix.lower() in PICTURES:
            yield Item(name, self._picture(about))
            return
        with tempfile.TemporaryDirectory(prefix="kaogan-") as folder:
            copy = Path(folder) / f"copy{_ending(path)}"  # a name could lead elsewhere
            copy.touch()
            archive = source_of(copy)
            if archive is None:
                yield Item(name, self._picture(about))
                return
            with self._files.open(about["name"], "rb") as stream, copy.open("wb") as file:
                _copy(stream, file)
            yield from self._archive(archive, copy, name)

    def _archive(self, archive: Source, copy: Path, name: str) -> Iterator[Item]:
        try:
            for item in archive.items(copy):
                yield Item(f"{name}/{item.name}".lstrip("/"), item.content)
        except KaoganError as error:
            words = str(error).replace(str(copy), name or str(self.address))
            if not name:
                raise KaoganError(words) from None
            yield Item(name, Rejected(Reason.UNREADABLE, words))

    def _picture(self, about: dict[str, Any]) -> bytes | Rejected:
        try:
            check_size(about.get("size") or 0)
            with self._files.open(about["name"], "rb") as stream:
                return read_all(stream)
        except Rejected as rejected:
            return rejected
        except FileNotFoundError as error:
            return Rejected(Reason.UNREADABLE, in_one_line(error))

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Turn every failure into one line. The packages behind addresses fail in many ways."""
        try:
            yield
        except (KaoganError, GeneratorExit):
            raise
        except ImportError:
            package = PACKAGES[self.address.protocol]
            raise KaoganError(
                f'{self.address} needs a package: run pip install "{package}" first'
            ) from None
        except PermissionError as error:
            raise KaoganError(
                f"no permission to read {self.address} ({in_one_line(error)}); see to the "
                f"credentials of {self.address.protocol}://"
            ) from None
        except Exception as error:
            raise KaoganError(
                f"cannot read {self.address} ({in_one_line(error)}); check the address, the "
                "network and the credentials"
            ) from None


def _open(address: Address) -> tuple[Any, str]:
    """The file system of an address, and the path in it."""
    import fsspec

    files, root = fsspec.core.url_to_fs(address.text)
    return files, str(root)


def _ending(path: PurePosixPath) -> str:
    """What tells the kind of an archive, such as ".tar.gz"."""
    return "".join(suffix for suffix in path.suffixes[-2:] if suffix[1:].isalnum())


def _copy(stream: IO[bytes], file: IO[bytes]) -> None:
    while block := stream.read(COPY_BYTES):
        file.write(block)
