"""Label vectors, from which networks learn and draw what attributes say (`kaogan.labels`).

In a row of label vectors, `N Y`, each attribute has entries of its own, which sum to 1:

    categories     1 at the value's entry, 0 at the others
    true or false  (1, 0) is false, (0, 1) is true
    numbers        (1 - v, v)

All entries of an attribute are 0 where its value is unknown. So an unknown value adds nothing to a
sum over the entries, which is how networks use them.
"""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from kaogan.errors import UsageError
from kaogan.labels import Attribute, no_attribute

Codes = Float[Tensor, "N A"]


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


def wish(attributes: Sequence[Attribute], wishes: Mapping[str, str]) -> Float[Tensor, "1 Y"]:
    """The label vector of `{"hair-colour": "pink", "smile": "yes"}`.

    Raises:
        UsageError: there is no such attribute, or no such value.

    """
    known = {attribute.name: attribute for attribute in attributes}
    codes = torch.full((1, len(attributes)), torch.nan)
    for name, value in wishes.items():
        if name not in known:
            raise UsageError(no_attribute(name, known))
        codes[0, list(known).index(name)] = known[name].code(value)
    return vectors(attributes, codes)
