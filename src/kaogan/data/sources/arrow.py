"""What the Hugging Face library `datasets` saves: folders of Arrow files with a picture column."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from kaogan.data.reasons import Rejected
from kaogan.data.sources.base import Item, Source, check_size, reading, sources
from kaogan.data.sources.parquet import image_column, item_of, pyarrow_for
from kaogan.errors import KaoganError
from kaogan.records import Record, Text, read_json

STATE, SPLITS = "state.json", "dataset_dict.json"


class SplitsRecord(Record):
    """`dataset_dict.json`."""

    splits: list[Text]


class FileRecord(Record):
    """A file in `state.json`."""

    filename: Text


class FilesRecord(Record):
    """`state.json` of a split."""

    files: list[FileRecord] = Field(alias="_data_files")


@sources.register("arrow")
class Arrow(Source):
    """An Arrow file (a stream) whose image column holds bytes, or structs of bytes and path."""

    suffixes = (".arrow",)

    def items(self, path: Path) -> Iterator[Item]:
        pyarrow = pyarrow_for(path, "an Arrow file")
        with reading(path, "an Arrow file"), pyarrow.memory_map(str(path)) as file:
            for message in pyarrow.ipc.MessageReader.open_stream(file):
                if is_compressed(message.metadata.to_pybytes()):
                    raise KaoganError(
                        f"{path} is compressed; write it without compression, as "
                        "Dataset.save_to_disk does"
                    )
            file.seek(0)
            schema = pyarrow.ipc.open_stream(file).schema
            column, parts = image_column(path, schema)
            file.seek(0)
            wanted = [schema.get_field_index(column)]
            options = pyarrow.ipc.IpcReadOptions(included_fields=wanted)
            batches = pyarrow.ipc.open_stream(file, options=options)
            cells = (cell for batch in batches for cell in batch.column(0))
            for row, cell in enumerate(cells):
                yield _item(row, cell, parts)


def is_compressed(metadata: bytes) -> bool:
    """Are the columns of this message compressed? They would be unpacked without a limit.

    The metadata are a FlatBuffers table, as the Arrow columnar format says under "Encapsulated
    message format": a message has its kind in field 1 and its content in field 2. A record batch
    (kind 3) has its compression in field 3; a dictionary batch (2) has a record batch in field 1.
    """

    def number(kind: str, place: int) -> int:
        return int(struct.unpack_from(f"<{kind}", metadata, place)[0])

    def field(table: int, index: int) -> int:
        """The place of a table's field; 0: it has none."""
        places = table - number("i", table)
        within = 4 + 2 * index
        offset = number("H", places + within) if within < number("H", places) else 0
        return table + offset if offset else 0

    def content(table: int, index: int) -> int:
        place = field(table, index)
        return place + number("I", place)

    message = number("I", 0)
    place = field(message, 1)
    kind = number("B", place) if place else 0
    if kind not in (2, 3):
        return False
    batch = content(message, 2)
    return bool(field(content(batch, 1) if kind == 2 else batch, 3))


@sources.register("datasets")
class DatasetsFolder(Source):
    """A folder of `Dataset.save_to_disk` or `DatasetDict.save_to_disk`: all splits, in order."""

    def claims(self, path: Path) -> bool:
        return any(os.path.isfile(path / name) for name in (STATE, SPLITS))

    def items(self, path: Path) -> Iterator[Item]:
        for name, file in _files(path):
            for item in Arrow().items(file):
                yield Item(f"{name}/{item.name}", item.content)


def _item(row: int, cell: Any, parts: list[str]) -> Item:
    """The picture in a cell, whose bytes are copied if they are not too many."""
    content = cell["bytes"] if parts and cell.is_valid else cell
    if content.is_valid:
        try:
            check_size(content.as_buffer().size)
        except Rejected as rejected:
            return Item(f"row {row}", rejected)
    if not parts:
        return item_of(row, content.as_py())
    return item_of(row, {part: cell[part].as_py() for part in parts} if cell.is_valid else None)


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """The Arrow files of a folder, of all splits, with their names in it."""
    splits = [""]
    if (path / SPLITS).is_file():
        with reading(path / SPLITS, "a list of splits"):
            splits = [_plain(name) for name in read_json(path / SPLITS, SplitsRecord).splits]
    for split in splits:
        with reading(path / split / STATE, "a list of Arrow files"):
            listed = read_json(path / split / STATE, FilesRecord).files
            names = [_plain(entry.filename) for entry in listed]
        for name in names:
            yield f"{split}/{name}".lstrip("/"), path / split / name


def _plain(name: str) -> str:
    """A name of a file or folder, and no path that leads elsewhere."""
    if name in ("", ".", "..") or Path(name).name != name:
        raise ValueError(f"{name!r} is no plain name")
    return name
