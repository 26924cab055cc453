"""Points drawn by hand, or by anything else, from a CSV file."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import torch

from kaogan.data.toy.base import Points
from kaogan.errors import KaoganError

FEWEST, MOST = 10, 100_000
LARGEST = 100.0
"""Networks with ordinary first weights do not reach further."""


@dataclass(frozen=True)
class Drawn:
    """The distribution that draws one of these points, each as likely as the others."""

    points: Points

    @property
    def dim(self) -> int:
        return self.points.shape[1]

    @property
    def modes(self) -> None:
        return None

    def sample(self, count: int, rng: torch.Generator) -> Points:
        return self.points[torch.randint(len(self.points), (count,), generator=rng)]

    def log_density(self, x: Points) -> None:
        return None


def read_points(file: Path | str) -> Drawn:
    """The points of a CSV file: a row each, one or two numbers in it; a heading is skipped.

    Raises:
        KaoganError: no such file, not such a table, or fewer than 10, more than 100,000 points,
            or coordinates beyond -100 to 100.

    """
    file = Path(file)
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = [(number, row) for number, row in enumerate(csv.reader(lines), 1) if any(row)]
    except FileNotFoundError:
        raise KaoganError(f"there is no file {file}; check the path") from None
    except (UnicodeDecodeError, csv.Error):
        raise KaoganError(f"{file} is no CSV file; write a point a line: 0.5,-1.2") from None
    if table and not any(_is_number(cell) for cell in table[0][1]):
        del table[0]
    if not FEWEST <= len(table) <= MOST:
        raise KaoganError(
            f"{file} holds {len(table):,} points; a toy needs {FEWEST} to {MOST:,} of them"
        )
    width = len(table[0][1])
    if width not in (1, 2):
        raise KaoganError(f"{file} has {width} columns; a point has one or two numbers")
    return Drawn(torch.tensor([_coordinates(file, *line, width) for line in table]))


def _coordinates(file: Path, number: int, row: list[str], width: int) -> list[float]:
    """The numbers of a line."""
    place = f"{file}, line {number}"
    if len(row) != width:
        raise KaoganError(f"{place} has {len(row)} columns, the first point has {width}")
    for cell in row:
        if not _is_number(cell):
            raise KaoganError(f"{place}: {cell.strip()[:40]!r} is not a number")
        if abs(float(cell)) > LARGEST:
            raise KaoganError(
                f"{place}: {cell.strip()} is beyond {-LARGEST:g} to {LARGEST:g}; scale the points, "
                "best to about -1 to 1"
            )
    return [float(cell) for cell in row]


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
