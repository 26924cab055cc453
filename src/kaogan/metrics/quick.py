"""A few cheap metrics, to evaluate a generator while it is trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from kaogan.images import PictureArray
from kaogan.metrics.clouds import CHUNK, PictureSource
from kaogan.metrics.coverage import density_coverage, precision_recall
from kaogan.metrics.features import Extractor
from kaogan.metrics.frechet import Moments, frechet_distance
from kaogan.metrics.kernel import kernel_distance

FIGURE = "fd"
"""The metric that says which of two generators is better: the one with the lower value.

It is the only one that orders all of blurred, noisy, few and mixed pictures
(`benchmarks/ladder.py`).
"""

NAMES = {"fd": "FD", "kid": "KID"}
"""The names of metrics in a line or a legend."""


def deciding(rows: Sequence[dict[str, Any]]) -> str:
    """The metric to compare these rows by: `FIGURE`, or KID if older rows are among them."""
    return FIGURE if all(FIGURE in row for row in rows) else "kid"


def best_of(rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The row with the lowest value of the deciding metric; of equal ones the first."""
    key = deciding(rows)
    return min(rows, key=lambda row: float(row[key]), default=None)


@dataclass(frozen=True)
class Reference:
    """Features of real pictures, computed once."""

    extractor: Extractor
    features: Float[Tensor, "N F"]

    @staticmethod
    def of(
        pictures: PictureArray, extractor: Extractor, count: int = 1000, seed: int = 0
    ) -> "Reference":
        """At most `count` of the pictures (N x H x W x C, uint8), chosen at random."""
        shuffled = PictureSource.shuffled(pictures, seed)
        count = min(count, len(pictures))
        parts = [
            extractor(torch.from_numpy(shuffled.draw(start, min(CHUNK, count - start))))
            for start in range(0, count, CHUNK)
        ]
        return Reference(extractor, torch.cat(parts))

    def __len__(self) -> int:
        return len(self.features)


def quick(reference: Reference, pictures: UInt8[Tensor, "N H W C"]) -> dict[str, float]:
    """`fd`, `kid`, `recall`, `density` and `coverage`; a few seconds on a CPU for 1,000 pictures.

    Both sides are cut to the same number of pictures, because the Fréchet distance `fd` falls with
    their number: give as many as the reference has. `kid` is computed over all of them at once,
    the estimate with the least noise. For the floor, give real pictures that are not in the
    reference.

    Raises ValueError for fewer than 6 pictures on a side.
    """
    return compared(reference.features, reference.extractor(pictures[: len(reference)]))


def compared(real: Float[Tensor, "N F"], fake: Float[Tensor, "M F"]) -> dict[str, float]:
    """The metrics of `quick`, of features."""
    count = min(len(real), len(fake))
    real, fake = real[:count], fake[:count]
    kid, _ = kernel_distance(real, fake, subset=count, subsets=1)
    _, recall = precision_recall(real, fake)
    density, coverage = density_coverage(real, fake)
    return {
        FIGURE: frechet_distance(Moments(real), Moments(fake)),
        "kid": kid,
        "recall": recall,
        "density": density,
        "coverage": coverage,
    }
