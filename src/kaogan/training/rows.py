"""The `.jsonl` files of a run: one JSON object per line, appended while it trains."""

import contextlib
import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kaogan.files import write_text
from kaogan.records import parse_json, read_lines
from kaogan.training.records import RowRecord

Row = dict[str, Any]


def read_rows(file: Path, kind: type[RowRecord] = RowRecord) -> list[Row]:
    """The rows of a file, none if it does not exist.

    Lines that hold no row of this kind are left out, e.g. because a kill or a full disk cut them.
    """
    if not file.exists():
        return []
    rows = []
    for line in read_lines(file):
        try:
            rows.append(parse_json(line, kind).model_dump(exclude_unset=True))
        except ValueError:
            continue
    return rows


def keep_rows(
    file: Path, wanted: Callable[[Row], bool], kind: type[RowRecord] = RowRecord
) -> list[Row]:
    """Rewrite a file with only the wanted rows, and return them.

    Steps after a checkpoint are repeated when a run is resumed, so their rows are cut off first.
    """
    rows = [row for row in read_rows(file, kind) if wanted(row)]
    write_text(file, "".join(map(_line, rows)))
    return rows


def append_row(file: Path, row: Row) -> None:
    """Write one more row, or, if that fails, nothing: a part of it would spoil the next row, too.

    Raises an OSError, e.g. if the disk is full.
    """
    with file.open("ab", buffering=0) as opened:
        size = opened.tell()
        line = _line(row).encode()
        try:
            if opened.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
        except OSError:
            with contextlib.suppress(OSError):
                opened.truncate(size)
            raise


def _line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"
