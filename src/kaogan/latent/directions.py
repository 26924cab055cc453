"""Directions in the latent space along which one thing changes, and `directions.json`.

`kaogan.latent.finding` finds them.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from kaogan.errors import KaoganError, UsageError
from kaogan.files import write_text
from kaogan.latent.fingerprint import fingerprint
from kaogan.records import Number, Record, Text, Versioned, checked, read_json
from kaogan.version import __version__

FORMAT = 1
NAME = "directions.json"
"""Its name beside a generator."""

Kind = Literal["named", "sefa", "pca"]


@dataclass(frozen=True)
class Direction:
    """A direction: z + s vector is drawn, with s from about -3 to 3."""

    name: str
    """Of the property, or the kind and a number."""
    kind: Kind
    """How it was found."""
    vector: Float[Tensor, "Z"]
    """Of length 1."""
    low: str
    high: str
    """What pictures look like at its ends."""
    r2: float
    """Of a named one, the share of the property's variance over fresh faces that a linear fit on
    the latent explains; of the others, the share of the first layer's variance."""
    per_unit: float
    """The measured change of the property that `low` and `high` describe for a step of 1, in
    standard deviations of that property over random faces."""
    effects: dict[str, float]
    """The same for every property."""


@dataclass(frozen=True)
class SkippedDirection:
    """A direction that does not work, with the reason; None: not measured."""

    name: str
    reason: str
    r2: float | None = None
    per_unit: float | None = None


class DirectionRecord(Record):
    """A `Direction` in the file."""

    name: Text
    kind: Kind
    vector: Annotated[tuple[Number, ...], Field(min_length=1, max_length=4096)]
    low: Text
    high: Text
    r2: Number
    per_unit: Number
    effects: dict[Text, Number]


class SkippedRecord(Record):
    """A `SkippedDirection` in the file."""

    name: Text
    reason: Text
    r2: Number | None = None
    per_unit: Number | None = None


class DirectionsRecord(Record):
    """`directions.json`."""

    generator: Text
    orthogonal: bool
    directions: tuple[DirectionRecord, ...]
    left_out: tuple[SkippedRecord, ...]


@dataclass(frozen=True)
class Directions:
    """The directions of one generator: those that work, and those that were left out."""

    directions: tuple[Direction, ...]
    left_out: tuple[SkippedDirection, ...]
    generator: str
    """Fingerprint of the generator's weights."""
    orthogonal: bool
    """Were the directions of the picture's parts freed from each other?"""

    def __getitem__(self, name: str) -> Direction:
        for direction in self.directions:
            if direction.name == name:
                return direction
        reasons = {each.name: each.reason for each in self.left_out}
        if name in reasons:
            raise UsageError(f"the direction {name!r} was left out: {reasons[name]}")
        names = ", ".join(direction.name for direction in self.directions)
        raise UsageError(f"there is no direction {name!r}; there are: {names or 'none'}")

    def check(self, generator: nn.Module) -> None:
        """Raise a KaoganError unless they belong to this generator."""
        if self.generator != fingerprint(generator):
            raise KaoganError(
                "these directions belong to other weights of the generator; find them anew with: "
                "kaogan directions"
            )

    def write(self, file: Path) -> None:
        """Write `directions.json`, a line for each direction."""
        about = {
            "format": FORMAT,
            "kaogan": __version__,
            "generator": self.generator,
            "orthogonal": self.orthogonal,
            "directions": [as_json(direction) for direction in self.directions],
            "left_out": [asdict(each) for each in self.left_out],
        }
        text = json.dumps(about, ensure_ascii=False).replace('{"name"', '\n{"name"')
        write_text(file, text + "\n")

    @staticmethod
    def read(file: str | Path) -> "Directions":
        """Read `directions.json`. Raises KaoganError if it is missing, damaged or too new."""
        try:
            content = read_json(Path(file), Versioned)
            if content.format > FORMAT:
                raise KaoganError(f"{file} was made by kaogan {content.kaogan}, newer than this")
            about = checked(content.model_dump(), DirectionsRecord)
        except FileNotFoundError:
            raise KaoganError(f"there is no {file}; make it with: kaogan directions") from None
        except ValueError:
            raise KaoganError(f"{file} is damaged; make it anew with: kaogan directions") from None
        directions = tuple(
            Direction(**dict(each) | {"vector": torch.tensor(each.vector)})
            for each in about.directions
        )
        left_out = tuple(SkippedDirection(**dict(each)) for each in about.left_out)
        return Directions(directions, left_out, about.generator, about.orthogonal)


def read_directions(file: Path, generator: nn.Module) -> Directions | None:
    """The directions in `file`; None if there are none, or they belong to other weights.

    Raises KaoganError if the file is damaged.
    """
    if not file.exists():
        return None
    found = Directions.read(file)
    return found if found.generator == fingerprint(generator) else None


def described(directions: Directions) -> list[dict[str, Any]]:
    """Directions as a page and an .onnx file hold them."""
    shown = ("name", "kind", "vector", "low", "high", "r2", "per_unit")
    plain = [as_json(direction) for direction in directions.directions]
    return [{key: direction[key] for key in shown} for direction in plain]


def as_json(direction: Direction) -> dict[str, Any]:
    """A direction for JSON, rounded: more digits of the vector change nothing that is visible."""
    return vars(direction) | {
        "vector": [round(entry, 5) for entry in direction.vector.tolist()],
        "r2": round(direction.r2, 4),
        "per_unit": round(direction.per_unit, 4),
        "effects": {name: round(effect, 4) for name, effect in direction.effects.items()},
    }
