"""Points from a CSV file, drawn by hand or made by a program."""

import csv
import math
from pathlib import Path

import torch
from pydantic import ConfigDict
from torch import Tensor

from kaogan.data.toy.mixtures import Distribution, Points
from kaogan.errors import KaoganError

FEWEST, MOST = 10, 100_000
LARGEST = 100.0
"""Networks with ordinary initial weights do not reach larger coordinates."""


class Drawn(Distribution):
    """One of these points (N x D), each equally likely: normals without width."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str = "drawn"
    points: Tensor
    sigma: float = 0.0

    @property
    def means(self) -> Points:
        return self.points

    @property
    def modes(self) -> None:
        return None

    def sample(self, count: int, rng: torch.Generator) -> Points:
        return self.points[torch.randint(len(self.points), (count,), generator=rng)]

    def log_density(self, x: Points) -> None:
        return None


def read_points(file: Path | str) -> Drawn:
    """The points of a CSV file: one or two numbers in each row; a heading is skipped.

    Raises:
        KaoganError: there is no such file, it is no such table, it has fewer than 10 or more than
            100,000 points, or coordinates beyond -100 to 100.

    """
    file = Path(file)
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = [(number, row) for number, row in enumerate(csv.reader(lines), 1) if any(row)]
    except FileNotFoundError:
        raise KaoganError(f"there is no file {file}; check the path") from None
    except (UnicodeDecodeError, csv.Error):
        raise KaoganError(f"{file} is no CSV file; write a point in each line: 0.5,-1.2") from None
    if table and not any(map(_is_number, table[0][1])):
        del table[0]
    if not FEWEST <= len(table) <= MOST:
        raise KaoganError(f"{file} holds {len(table):,} points; a toy needs {FEWEST} to {MOST:,}")
    width = len(table[0][1])
    if width not in (1, 2):
        raise KaoganError(f"{file} has {width} columns; a point has one or two numbers")
    for number, row in table:
        _check(f"{file}, line {number}", row, width)
    return Drawn(points=torch.tensor([[float(cell) for cell in row] for _, row in table]))


def _check(place: str, row: list[str], width: int) -> None:
    """Raise a KaoganError unless the row has `width` coordinates."""
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


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
