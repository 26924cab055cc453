"""Attributes, whose values are the labels of pictures, and wishes for pictures to be drawn.

An attribute is one of categories ("hair-colour": "pink"), true or false ("smile"), or a number from
0 to 1 ("lightness"). A row of codes, `N A`, has one number for each attribute: the index of the
category, 0 or 1, or the number; NaN where the value is unknown, or there is no wish.

Networks take label vectors: `kaogan.label_vectors`.
"""

import difflib
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, StringConstraints, model_validator

from kaogan.errors import UsageError
from kaogan.records import Record

Kind = Literal["categories", "flag", "number"]

WORD = re.compile(r"[^\s=,]{1,60}")
"""Names of attributes and values: what the command line can take them apart by is not in them."""

Share = Annotated[float, Field(ge=0, le=1)]
Word = Annotated[str, StringConstraints(pattern=rf"^{WORD.pattern}$")]

FLAG = ("no", "yes")
MOST_VALUES, MOST_ATTRIBUTES = 200, 200


class Attribute(Record):
    """A named property of pictures."""

    name: Word
    kind: Kind
    values: tuple[Word, ...] = Field(default=(), max_length=MOST_VALUES)
    """Of categories, two or more."""
    shares: tuple[Share, ...] = Field(default=(), max_length=MOST_VALUES)
    """How often each value is among the known ones of the training pictures; of categories and
    flags. Nothing: all are equally frequent."""

    @model_validator(mode="after")
    def _fits(self) -> "Attribute":
        if self.kind == "categories" and len(set(self.values)) < max(2, len(self.values)):
            raise ValueError("needs two or more values, each once")
        if self.kind != "categories" and self.values:
            raise ValueError("only categories have values")
        expected = 0 if self.kind == "number" else self.entries
        if self.shares and (len(self.shares) != expected or not 0.98 < sum(self.shares) < 1.02):
            raise ValueError("needs a share for each value, of 1 in all")
        return self

    @property
    def words(self) -> tuple[str, ...]:
        """The values as people write them, of categories and flags."""
        return FLAG if self.kind == "flag" else self.values

    @property
    def named(self) -> tuple[str, ...]:
        """The names of the entries of the label vector."""
        return (f"1 - {self.name}", self.name) if self.kind == "number" else self.words

    @property
    def edges(self) -> list[float]:
        """Where the value changes if a uniform number in [0, 1) chooses one; of no number."""
        shares = self.shares or (1 / self.entries,) * self.entries
        return list(itertools.accumulate(shares))[:-1]

    @property
    def entries(self) -> int:
        """Of the label vector."""
        return len(self.values) if self.kind == "categories" else 2

    def code(self, value: str) -> float:
        """The code of a value as people write it. Raises a UsageError if it is none."""
        if self.kind == "number":
            return self._number(value)
        known = self.words
        word = {"true": "yes", "false": "no"}.get(value, value) if self.kind == "flag" else value
        if word in known:
            return float(known.index(word))
        near = difflib.get_close_matches(value, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"use {', '.join(known)}"
        raise UsageError(f"{self.name} cannot be {value}; {hint}")

    def value(self, code: float) -> str:
        """The value of a code as people write it. NaN is "unknown"."""
        if code != code:
            return "unknown"
        if self.kind == "number":
            return f"{code:.2f}"
        return self.words[int(code)]

    def _number(self, value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number <= 1:
            raise UsageError(f"{self.name} cannot be {value}; use a number from 0 to 1")
        return number


Attributes = Annotated[tuple[Attribute, ...], Field(max_length=MOST_ATTRIBUTES)]


def entries(attributes: Sequence[Attribute]) -> int:
    """The length Y of their label vectors."""
    return sum(attribute.entries for attribute in attributes)


def with_shares(attribute: Attribute, codes: np.ndarray) -> Attribute:
    """The attribute with the shares of its values among these codes (N)."""
    known = codes[~np.isnan(codes)].astype(int)
    if attribute.kind == "number" or not len(known):
        return attribute
    counts = np.bincount(known, minlength=attribute.entries)
    shares = tuple(round(float(count) / len(known), 4) for count in counts)
    return attribute.model_copy(update={"shares": shares})


def chosen(attributes: Sequence[Attribute], names: Sequence[str]) -> list[int]:
    """The places of these attributes; of all for "all".

    Raises:
        UsageError: there is no such attribute.

    """
    known = [attribute.name for attribute in attributes]
    if list(names) == ["all"] and "all" not in known:
        return list(range(len(known)))
    for name in names:
        if name not in known:
            raise UsageError(no_attribute(name, known))
    return [place for place, name in enumerate(known) if name in names]


def no_attribute(name: str, known: Sequence[str] | Mapping[str, Attribute]) -> str:
    """Say that there is no attribute of this name among the known ones, and which was meant."""
    if not known:
        return f"there is no attribute {name}: nothing is known of the pictures but how they look"
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return f"there is no attribute {name}; {hint}"
