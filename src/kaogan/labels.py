"""Labels of pictures, and wishes for pictures to be drawn: values of named attributes.

An attribute is one of categories ("hair-colour": "pink"), true or false ("smile"), or a number from
0 to 1 ("lightness"). A row of codes, `N A`, has one number for each attribute: the index of the
category, 0 or 1, or the number; NaN where the value is unknown, or there is no wish.

Networks take label vectors, `N Y`, in which each attribute has entries of its own that sum to 1:

    categories     1 at the value's entry, 0 at the others
    true or false  (1, 0) is false, (0, 1) is true
    numbers        (1 - v, v)

All entries of an attribute are 0 where its value is unknown. So an unknown value adds nothing to a
sum over the entries, which is how networks use them.
"""

import difflib
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
import torch
from jaxtyping import Float, Int64
from pydantic import Field, StringConstraints, model_validator
from torch import Tensor

from kaogan.errors import UsageError
from kaogan.records import Record

Codes = Float[Tensor, "N A"]
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


class Vectors:
    """From codes to label vectors, on a device, in a handful of kernels for all attributes."""

    def __init__(self, attributes: Sequence[Attribute], device: torch.device | str = "cpu") -> None:
        rows = [
            (place, float(entry), attribute.kind == "number")
            for place, attribute in enumerate(attributes)
            for entry in range(attribute.entries)
        ]
        owners, entries, numbers = zip(*rows, strict=True) if rows else ((), (), ())
        self.owner: Int64[Tensor, Y] = torch.tensor(owners, dtype=torch.long, device=device)
        """The attribute of each entry."""
        self._entry = torch.tensor(entries, device=device)
        self._number = torch.tensor(numbers, dtype=torch.bool, device=device)

    def __call__(self, codes: Codes) -> Float[Tensor, "N Y"]:
        """The label vectors of rows of codes, in float32."""
        own = codes.float()[:, self.owner]
        number = torch.where(self._entry == 0, 1 - own, own)
        return torch.where(self._number, number, (own == self._entry).float()).nan_to_num(0.0)


def vectors(attributes: Sequence[Attribute], codes: Codes) -> Float[Tensor, "N Y"]:
    """The label vectors of rows of codes, in float32 on their device."""
    return Vectors(attributes, codes.device)(codes)


def forgotten(
    codes: Codes, kept: Float[Tensor, "N"], each: Float[Tensor, "N A"]
) -> Float[Tensor, "N A"]:
    """Codes of which some are made unknown: those where the number `each` is not below `kept`.

    With all numbers uniform in [0, 1), every number of known attributes from 0 to A is equally
    likely for a row: the probability of k is the integral of (A over k) p^k (1 - p)^(A - k) over p,
    which is 1 / (A + 1). So a generator that is trained with them learns to draw with any number of
    wishes, also with none.
    """
    return codes.where(each < kept[:, None], torch.nan)


def random_codes(attributes: Sequence[Attribute], count: int, rng: torch.Generator) -> Codes:
    """Rows of codes as in the training: each attribute as often as in the data, and `forgotten`.

    `rng` is on the CPU.
    """
    drawn = [torch.rand(count, generator=rng) for _ in attributes]
    codes = [
        number
        if attribute.kind == "number"
        else torch.bucketize(number, torch.tensor(attribute.edges), right=True).float()
        for attribute, number in zip(attributes, drawn, strict=True)
    ]
    kept = torch.rand(count, generator=rng)
    each = torch.rand(count, len(attributes), generator=rng)
    return forgotten(torch.stack(codes, 1) if codes else torch.zeros(count, 0), kept, each)


def with_shares(attribute: Attribute, codes: np.ndarray) -> Attribute:
    """The attribute with the shares of its values among these codes (N)."""
    known = codes[~np.isnan(codes)].astype(int)
    if attribute.kind == "number" or not len(known):
        return attribute
    counts = np.bincount(known, minlength=attribute.entries)
    shares = tuple(round(float(count) / len(known), 4) for count in counts)
    return attribute.model_copy(update={"shares": shares})


def wish(attributes: Sequence[Attribute], wishes: Mapping[str, str]) -> Float[Tensor, "1 Y"]:
    """The label vector of `{"hair-colour": "pink", "smile": "yes"}`.

    Raises:
        UsageError: there is no such attribute, or no such value.

    """
    known = {attribute.name: attribute for attribute in attributes}
    codes = torch.full((1, len(attributes)), torch.nan)
    for name, value in wishes.items():
        if name not in known:
            raise UsageError(_unknown(name, known))
        codes[0, list(known).index(name)] = known[name].code(value)
    return vectors(attributes, codes)


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
            raise UsageError(_unknown(name, known))
    return [place for place, name in enumerate(known) if name in names]


def _unknown(name: str, known: Sequence[str] | Mapping[str, Attribute]) -> str:
    if not known:
        return f"there is no attribute {name}: nothing is known of the pictures but how they look"
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return f"there is no attribute {name}; {hint}"
