"""What the Hugging Face library `datasets` saves: folders of Arrow files with a picture column."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kaogan.data.sources.base import Item, Source, reading, sources
from kaogan.data.sources.parquet import USUAL_NAMES, _item
from kaogan.errors import KaoganError

STATE, SPLITS = "state.json", "dataset_dict.json"


@sources.register("arrow")
class Arrow(Source):
    """An Arrow file (a stream) whose image column holds bytes, or structs of bytes and path."""

    suffixes = (".arrow",)

    def items(self, path: Path) -> Iterator[Item]:
        pyarrow = _pyarrow(path)
        with reading(path, "an Arrow file"), pyarrow.memory_map(str(path)) as file:
            column = _column(path, pyarrow.ipc.open_stream(file).schema)
            file.seek(0)
            options = pyarrow.ipc.IpcReadOptions(included_fields=[column])
            batches = pyarrow.ipc.open_stream(file, options=options)
            cells = (cell for batch in batches for cell in batch.column(0))
            for row, cell in enumerate(cells):
                yield _item(row, cell.as_py())


@sources.register("datasets")
class DatasetsFolder(Source):
    """A folder of `Dataset.save_to_disk` or `DatasetDict.save_to_disk`: all splits, in order."""

    def claims(self, path: Path) -> bool:
        return any(os.path.isfile(path / name) for name in (STATE, SPLITS))

    def items(self, path: Path) -> Iterator[Item]:
        for name, file in _files(path):
            for item in Arrow().items(file):
                yield Item(f"{name}/{item.name}", item.content)


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """The Arrow files of a folder, of all splits, with their names in it."""
    splits = [""]
    if (path / SPLITS).is_file():
        with reading(path / SPLITS, "a list of splits"):
            splits = [_plain(name) for name in json.loads(_text(path / SPLITS))["splits"]]
    for split in splits:
        with reading(path / split / STATE, "a list of Arrow files"):
            listed = json.loads(_text(path / split / STATE))["_data_files"]
            names = [_plain(entry["filename"]) for entry in listed]
        for name in names:
            yield f"{split}/{name}".lstrip("/"), path / split / name


MOST_TEXT = 2**23
"""Bytes of a list of files."""


def _text(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MOST_TEXT)


def _plain(name: Any) -> str:
    """A name of a file or folder, and no path that leads elsewhere."""
    if not isinstance(name, str) or name in ("", ".", "..") or Path(name).name != name:
        raise ValueError(f"{name!r} is no plain name")
    return name


def _pyarrow(path: Path) -> Any:
    try:
        import pyarrow
    except ImportError:
        raise KaoganError(
            f'{path} is an Arrow file: run pip install "kaogan[formats]" first'
        ) from None
    return pyarrow


def _column(path: Path, schema: Any) -> int:
    """The index of the column of pictures."""
    from pyarrow import types

    def is_bytes(kind: Any) -> bool:
        return bool(types.is_binary(kind) or types.is_large_binary(kind))

    def holds_pictures(kind: Any) -> bool:
        place = kind.get_field_index("bytes") if types.is_struct(kind) else -1
        return is_bytes(kind) or (place >= 0 and is_bytes(kind.field(place).type))

    found = [field.name for field in schema if holds_pictures(field.type)]
    usual = [name for name in USUAL_NAMES if name in found] or found
    if usual and (len(found) == 1 or usual != found):
        return int(schema.get_field_index(usual[0]))
    raise KaoganError(
        f"{path} has {len(found) or 'no'} columns of pictures among {', '.join(schema.names)}; "
        "one is needed, called image, of bytes or of structs with bytes and path"
    )
