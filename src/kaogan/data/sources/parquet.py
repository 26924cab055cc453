"""Parquet files with a column of encoded pictures, as on the Hugging Face hub."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kaogan.data.reasons import Reason, Rejected
from kaogan.data.sources.base import Item, Source, check_size, printable, reading, sources
from kaogan.data.sources.parquet_pages import largest
from kaogan.errors import KaoganError
from kaogan.limits import LARGEST_PAGE, MOST_ROWS

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
            column, parts = image_column(path, file.schema_arrow)
            columns = [f"{column}.{part}" for part in parts] or [column]
            _largest_page(path, file.metadata, columns)
            # One row at a time: with a dictionary, a small page can be many large pictures.
            batches = file.iter_batches(batch_size=1, columns=columns)
            cells = (cell for batch in batches for cell in batch.column(0))
            for row, cell in enumerate(cells):
                yield item_of(row, cell.as_py())


def pyarrow_for(path: Path, kind: str) -> Any:
    """The library that reads a file of this kind. Raises a KaoganError if it is missing."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise KaoganError(f'{path} is {kind}: run pip install "kaogan[formats]" first') from None
    return pyarrow


def _open(path: Path) -> Any:
    pyarrow = pyarrow_for(path, "a Parquet file")
    # With a buffer, a column is read piece by piece and not as a whole.
    return pyarrow.parquet.ParquetFile(path, buffer_size=2**20)


def plain_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file, without the columns of pictures and lists: text, numbers, flags.

    Raises:
        KaoganError: the file cannot be read.

    """
    with reading(path, "a Parquet file"):
        file = _open(path)
        columns = [field.name for field in file.schema_arrow if _is_plain(field.type)]
        page = _largest_page(path, file.metadata, columns)
        # With a dictionary, each row can be as large as the page.
        rows = max(1, min(1024, LARGEST_PAGE // max(page, 1)))
        for batch in file.iter_batches(batch_size=rows, columns=columns):
            yield from batch.to_pylist()


def _is_plain(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    tests = (types.is_boolean, types.is_integer, types.is_floating)
    texts = (types.is_string, types.is_large_string, types.is_null)
    return any(test(kind) for test in (*tests, *texts))


def _largest_page(path: Path, about: Any, columns: list[str]) -> int:
    """The bytes of memory that the largest pages of these columns need, of any group of rows.

    Refuse a file with pages that need too much, or with rows without end.
    """
    groups = [about.row_group(index) for index in range(about.num_row_groups)]
    rows = max(about.num_rows, sum(group.num_rows for group in groups))
    if rows > MOST_ROWS:
        raise KaoganError(f"{path} has {rows:,} rows, at most {MOST_ROWS:,}; split it")
    most = 0
    with path.open("rb") as stream:
        for group in groups:
            chunks = (group.column(index) for index in range(group.num_columns))
            wanted = [chunk for chunk in chunks if chunk.path_in_schema in columns]
            if (needed := sum(largest(stream, chunk) for chunk in wanted)) > LARGEST_PAGE:
                raise KaoganError(
                    f"{path} has pages of {needed / 2**20:,.0f} MiB, at most "
                    f"{LARGEST_PAGE // 2**20}; write it with fewer rows in a page"
                )
            most = max(most, needed)
    return most


def image_column(path: Path, schema: Any) -> tuple[str, list[str]]:
    """The column of the pictures, and, if they are structs, the parts to read: bytes, and path if
    it is text.
    """
    import pyarrow

    def is_bytes(kind: Any) -> bool:
        return bool(pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind))

    def parts(kind: Any) -> dict[str, Any]:
        return {field.name: field.type for field in kind} if pyarrow.types.is_struct(kind) else {}

    def holds_images(kind: Any) -> bool:
        return is_bytes(kind) or ("bytes" in parts(kind) and is_bytes(parts(kind)["bytes"]))

    found = [str(field.name) for field in schema if holds_images(field.type)]
    usual = [name for name in USUAL_NAMES if name in found]
    if usual or len(found) == 1:
        name = (usual or found)[0]
        inside = parts(schema.field(name).type)
        if not inside:
            return name, []
        named = "path" in inside and pyarrow.types.is_string(inside["path"])
        return name, ["bytes", *(["path"] if named else [])]
    raise KaoganError(
        f"{path} has {len(found) or 'no'} columns of pictures among {', '.join(schema.names)}; "
        "one is needed, called image, of bytes or of structs with bytes and path"
    )


def item_of(row: int, cell: Any) -> Item:
    """The picture in a row: bytes, or a dictionary of bytes and path."""
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
