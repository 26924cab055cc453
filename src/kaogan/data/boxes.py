"""Where the faces of a picture are: boxes, tables of them, and the squares that are cut out."""

import csv
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ConfigDict

from kaogan.errors import KaoganError, UsageError
from kaogan.limits import LARGEST_BOXES
from kaogan.records import Record, parse_json

COLUMNS = ("name", "left", "top", "width", "height")
SUFFIXES = (".csv", ".jsonl")


class Box(NamedTuple):
    """A rectangle in an upright picture, in pixels from its upper left corner."""

    left: float
    top: float
    width: float
    height: float


class AnyRow(Record):
    """A row of a .jsonl table. `_box` says in words what is wrong in it, as of a .csv table's."""

    model_config = ConfigDict(extra="allow")


Boxes = Mapping[str, tuple[Box, ...]]
"""The boxes of each picture, by its name."""


def read_boxes(file: Path | str) -> Boxes:
    """Read a table of boxes: CSV with a head line, or a JSON object in each line.

    The columns are name, left, top, width and height; others are ignored. A picture with several
    faces has several rows. A name is the path of a picture within its source, such as `a/1.png`.

    Raises:
        UsageError: the file is neither .csv nor .jsonl.
        KaoganError: the file cannot be read, or a row is no box.

    """
    file = Path(file)
    if file.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"crop cannot be {str(file)!r}; use centre, faces, or a table of boxes: a file .csv or "
            ".jsonl"
        )
    boxes: dict[str, list[Box]] = {}
    try:
        if file.stat().st_size > LARGEST_BOXES:
            raise KaoganError(f"{file} has more than {LARGEST_BOXES >> 20} MB; split it")
        for number, row in _rows(file):
            name, box = _box(row, f"{file}, line {number}")
            boxes.setdefault(name, []).append(box)
    except FileNotFoundError:
        raise KaoganError(f"{file} does not exist; check the path") from None
    except PermissionError:
        raise KaoganError(f"no permission to read {file}") from None
    except (OSError, ValueError, csv.Error) as error:
        raise KaoganError(f"{file} cannot be read ({error}); write it as UTF-8") from None
    if not boxes:
        raise KaoganError(f"{file} has no row; its columns are {', '.join(COLUMNS)}")
    return {name: tuple(found) for name, found in boxes.items()}


def boxes_of(name: str, boxes: Boxes) -> tuple[str, tuple[Box, ...]]:
    """The name in the table and the boxes of an item of a source: of all of its name, as the
    manifest has it, or without the source in front. No boxes if the table lacks it.
    """
    within = name.partition("/")[2]
    found = name if name in boxes or not within else within
    return found, boxes.get(found, ())


def square(box: Box, margin: float, width: int, height: int) -> tuple[int, int, int] | None:
    """The square to cut out of a picture of this size: left, top and side, in pixels.

    Its side is the box's longer side, and `margin` of it more on each side. It has the box's
    middle, but where it would leave the picture, it is moved inside or made smaller. None if the
    box's middle lies outside the picture.
    """
    x, y = box.left + box.width / 2, box.top + box.height / 2
    if not (0 <= x <= width and 0 <= y <= height):
        return None
    side = max(1, round(min(max(box.width, box.height) * (1 + 2 * margin), width, height)))
    left = min(max(round(x - side / 2), 0), width - side)
    top = min(max(round(y - side / 2), 0), height - side)
    return left, top, side


def _rows(file: Path) -> Iterator[tuple[int, Any]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        if file.suffix.lower() == ".csv":
            reader = csv.DictReader(lines)
            for row in reader:
                yield reader.line_num, row
            return
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield number, parse_json(line, AnyRow).model_dump()
                except ValueError:
                    raise KaoganError(f"{file}, line {number}: this is no JSON object") from None


def _box(row: Any, where: str) -> tuple[str, Box]:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str) or not row["name"]:
        raise KaoganError(f"{where}: name is missing; the columns are {', '.join(COLUMNS)}")
    numbers = []
    for column in COLUMNS[1:]:
        try:
            number = float(row.get(column))  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        positive = column in ("width", "height")
        if not math.isfinite(number) or (positive and number <= 0):
            wanted = "a number above 0" if positive else "a number"
            raise KaoganError(f"{where}: {column} is {row.get(column)!r}; it must be {wanted}")
        numbers.append(number)
    return row["name"].replace("\\", "/").removeprefix("./"), Box(*numbers)
