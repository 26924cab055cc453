"""The `.jsonl` files of a run: one JSON object per line, appended while it trains."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kaogan.files import write_text
from kaogan.training.records import RowRecord

Row = dict[str, Any]


def read_rows(file: Path, kind: type[RowRecord] = RowRecord) -> list[Row]:
    """The rows of a file, none if it does not exist.

    Lines that hold no row of this kind are left out, e.g. because a kill or a full disk cut them.
    """
    if not file.exists():
        return []
    rows = []
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            rows.append(kind.model_validate_json(line).model_dump(exclude_unset=True))
        except ValidationError:
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
    with file.open("a", encoding="utf-8") as opened:
        opened.write(_line(row))


def _line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"
