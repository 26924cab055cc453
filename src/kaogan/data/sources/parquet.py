"""Parquet files with a column of encoded pictures, as on the Hugging Face hub."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kaogan.data.reasons import Reason, Rejected
from kaogan.data.sources.base import Item, Source, check_size, printable, reading, sources
from kaogan.errors import KaoganError

ROWS_AT_ONCE = 32
USUAL_NAMES = ("image", "img", "picture", "photo")


@sources.register("parquet")
class Parquet(Source):
    """A Parquet file whose image column holds bytes, or structs of bytes and path."""

    suffixes = (".parquet", ".pq")

    def count(self, path: Path) -> int | None:
        with reading(path, "a Parquet file"):
            return int(_open(path).metadata.num_rows)

    def items(self, path: Path) -> Iterator[Item]:
        with reading(path, "a Parquet file"):
            file = _open(path)
            column = _image_column(path, file.schema_arrow)
            batches = file.iter_batches(batch_size=ROWS_AT_ONCE, columns=[column])
            cells = (cell for batch in batches for cell in batch.column(0))
            for row, cell in enumerate(cells):
                yield _item(row, cell.as_py())


def _open(path: Path) -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise KaoganError(
            f'{path} is a Parquet file: run pip install "kaogan[formats]" first'
        ) from None
    # With a buffer, a column is read piece by piece and not as a whole.
    return pyarrow.parquet.ParquetFile(path, buffer_size=2**20)


def _image_column(path: Path, schema: Any) -> str:
    import pyarrow

    def holds_images(kind: Any) -> bool:
        if pyarrow.types.is_struct(kind):
            return bool(kind.get_field_index("bytes") >= 0)
        return bool(pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind))

    found = [str(field.name) for field in schema if holds_images(field.type)]
    usual = [name for name in USUAL_NAMES if name in found]
    if usual:
        return usual[0]
    if len(found) == 1:
        return found[0]
    raise KaoganError(
        f"{path} has {len(found) or 'no'} columns of pictures among {', '.join(schema.names)}; "
        "one is needed, called image, of bytes or of structs with bytes and path"
    )


def _item(row: int, cell: Any) -> Item:
    name = f"row {row}"
    content = cell
    if isinstance(cell, dict):
        content = cell["bytes"]
        name += f" {printable(str(cell.get('path')))}" if cell.get("path") else ""
    if not isinstance(content, bytes):
        return Item(name, Rejected(Reason.UNREADABLE, "no bytes in this row"))
    try:
        check_size(len(content))
    except Rejected as rejected:
        return Item(name, rejected)
    return Item(name, content)
