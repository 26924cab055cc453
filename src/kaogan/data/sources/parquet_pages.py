"""How much memory the pages of a Parquet column need, before anything is unpacked.

pyarrow unpacks a page as a whole, whatever its size. That size stands in the page's header, a
structure in Thrift's compact protocol, which pyarrow does not show. So the headers are read here.
"""

from collections.abc import Iterator
from typing import IO, Any, NamedTuple

MOST_PAGES = 100_000
"""Pages of one chunk of a column; usually one is a megabyte or more."""
DEEPEST = 8
"""Structures inside structures; headers have three."""

DICTIONARY = 2
"""A page's type."""
STOP, BYTE, DOUBLE, BINARY, STRUCT = 0, 3, 7, 8, 12
BOOLEANS, INTEGERS = (1, 2), (4, 5, 6)
"""Types of fields in Thrift's compact protocol."""


class Page(NamedTuple):
    """What a page's header says."""

    kind: int
    unpacked: int
    packed: int


def largest(file: IO[bytes], column: Any) -> int:
    """Bytes that a chunk of a column (a pyarrow ColumnChunkMetaData) has in memory at once: its
    dictionary and its largest page, unpacked.

    Raises:
        ValueError: a header is damaged, or there are too many.

    """
    start = column.data_page_offset
    if column.dictionary_page_offset:
        start = min(start, column.dictionary_page_offset)
    dictionary = most = 0
    for page in _pages(file, start, start + column.total_compressed_size):
        if page.kind == DICTIONARY:
            dictionary += page.unpacked
        else:
            most = max(most, page.unpacked)
    return dictionary + most


def _pages(file: IO[bytes], start: int, end: int) -> Iterator[Page]:
    for _ in range(MOST_PAGES):
        if start >= end:
            return
        file.seek(start)
        numbers = _numbers(file)
        try:
            page = Page(numbers[1], numbers[2], numbers[3])
        except KeyError:
            raise ValueError("a page without its sizes") from None
        if page.unpacked < 0 or page.packed < 0:
            raise ValueError("a page of a negative size")
        yield page
        start = file.tell() + page.packed
    raise ValueError(f"more than {MOST_PAGES:,} pages")


def _numbers(file: IO[bytes]) -> dict[int, int]:
    """The integers of a structure by their fields' numbers; the rest is skipped."""
    numbers = {}
    for field, kind in _fields(file):
        if kind in INTEGERS:
            numbers[field] = _zigzag(file)
        else:
            _skip(file, kind, DEEPEST)
    return numbers


def _fields(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    field = 0
    while (head := _byte(file)) & 0x0F != STOP:
        field = field + (head >> 4) if head >> 4 else _zigzag(file)
        yield field, head & 0x0F


def _skip(file: IO[bytes], kind: int, depth: int) -> None:
    if depth == 0:
        raise ValueError("a page's header is nested too deeply")
    if kind in INTEGERS:
        _varint(file)
    elif kind == BYTE:
        _byte(file)
    elif kind == DOUBLE:
        file.seek(8, 1)
    elif kind == BINARY:
        file.seek(_varint(file), 1)
    elif kind == STRUCT:
        for _, inner in _fields(file):
            _skip(file, inner, depth - 1)
    elif kind not in BOOLEANS:  # headers have no lists and no maps
        raise ValueError("a page's header is damaged")


def _varint(file: IO[bytes]) -> int:
    number = 0
    for shift in range(0, 70, 7):
        byte = _byte(file)
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number
    raise ValueError("a page's header is damaged")


def _zigzag(file: IO[bytes]) -> int:
    number = _varint(file)
    return (number >> 1) ^ -(number & 1)


def _byte(file: IO[bytes]) -> int:
    byte = file.read(1)
    if not byte:
        raise ValueError("it breaks off in a page's header")
    return byte[0]
