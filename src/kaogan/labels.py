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
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from jaxtyping import Float
from pydantic import Field, StringConstraints, model_validator

from kaogan.errors import UsageError
from kaogan.records import Record

if TYPE_CHECKING:
    from torch import Tensor
else:
    Tensor = Any  # data sets have labels, and do without torch, whose import takes a second

Codes = Float[Tensor, "N A"]
Kind = Literal["categories", "flag", "number"]

WORD = re.compile(r"[^\s=,]{1,60}")
"""Names of attributes and values: what the command line can take them apart by is not in them."""

Word = Annotated[str, StringConstraints(pattern=rf"^{WORD.pattern}$")]

FLAG = ("no", "yes")
MOST_VALUES, MOST_ATTRIBUTES = 200, 200


class Attribute(Record):
    """A named property of pictures."""

    name: Word
    kind: Kind
    values: tuple[Word, ...] = Field(default=(), max_length=MOST_VALUES)
    """Of categories, two or more."""

    @model_validator(mode="after")
    def _fits(self) -> "Attribute":
        if self.kind == "categories" and len(set(self.values)) < max(2, len(self.values)):
            raise ValueError("needs two or more values, each once")
        if self.kind != "categories" and self.values:
            raise ValueError("only categories have values")
        return self

    @property
    def entries(self) -> int:
        """Of the label vector."""
        return len(self.values) if self.kind == "categories" else 2

    def code(self, value: str) -> float:
        """The code of a value as people write it. Raises a UsageError if it is none."""
        if self.kind == "number":
            return self._number(value)
        known = FLAG if self.kind == "flag" else self.values
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
        return (FLAG if self.kind == "flag" else self.values)[int(code)]

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


def vectors(attributes: Sequence[Attribute], codes: Codes) -> Float[Tensor, "N Y"]:
    """The label vectors of rows of codes, in float32 on their device."""
    import torch

    parts = [
        _vector(attribute, codes[:, place].float()) for place, attribute in enumerate(attributes)
    ]
    return torch.cat([codes.new_zeros((len(codes), 0), dtype=torch.float32), *parts], 1)


def _vector(attribute: Attribute, codes: Float[Tensor, "N"]) -> Float[Tensor, "N V"]:
    import torch

    known = ~codes.isnan()
    codes = torch.where(known, codes, 0.0)
    if attribute.kind == "number":
        found = torch.stack([1 - codes, codes], 1)
    else:
        places = torch.arange(attribute.entries, device=codes.device)
        found = (codes[:, None] == places).float()
    return found * known[:, None]


def wish(attributes: Sequence[Attribute], wishes: Mapping[str, str]) -> Float[Tensor, "1 Y"]:
    """The label vector of `{"hair-colour": "pink", "smile": "yes"}`.

    Raises:
        UsageError: there is no such attribute, or no such value.

    """
    import torch

    known = {attribute.name: attribute for attribute in attributes}
    codes = torch.full((1, len(attributes)), torch.nan)
    for name, value in wishes.items():
        if name not in known:
            raise UsageError(no_attribute(name, known))
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
            raise UsageError(no_attribute(name, known))
    return [place for place, name in enumerate(known) if name in names]


def no_attribute(name: str, known: Sequence[str] | Mapping[str, Attribute]) -> str:
    """Say that there is no attribute of this name among the known ones, and which was meant."""
    if not known:
        return f"there is no attribute {name}: nothing is known of the pictures but how they look"
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return f"there is no attribute {name}; {hint}"
