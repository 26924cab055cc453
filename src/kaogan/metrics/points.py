"""Points in a feature space: exact numbers, distances block by block, nearest neighbours.

Axes, wherever a shape is written:
    N, M  points: pictures, each with its features or its pixels
    F     features of a point
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float64, Int64, Real
from torch import Tensor

CHUNK = 512
"""Points compared at a time. Results do not depend on it, memory does."""

ROUNDING = 1e-12
"""Squared distances below this share of |x|^2 + |y|^2 are rounding errors: the points are equal."""


def exact(values: Tensor) -> Tensor:
    """The values in float64; on the CPU if the device has no float64 (MPS)."""
    return (values.cpu() if values.device.type == "mps" else values).to(torch.float64)


def distance_blocks(
    queries: Real[Tensor, "N F"], references: Real[Tensor, "M F"], chunk: int = CHUNK
) -> Iterator[tuple[slice, Float64[Tensor, "n M"]]]:
    """Euclidean distances from some queries to all references, with the slice of these queries.

    A block takes 8 `chunk` M bytes and, for the points themselves in float64, 16 `chunk` F. Points
    may have any number type, such as uint8 pixels.
    """
    for start in range(0, len(queries), chunk):
        rows = slice(start, min(start + chunk, len(queries)))
        x = exact(queries[rows])
        block = torch.cat([_distances(x, exact(y)) for y in torch.split(references, chunk)], dim=1)
        yield rows, block


def _distances(x: Float64[Tensor, "n F"], y: Float64[Tensor, "m F"]) -> Float64[Tensor, "n m"]:
    """|x - y| = sqrt(|x|^2 + |y|^2 - 2 x.y), and exactly 0 for equal points."""
    norms = x.square().sum(dim=1)[:, None] + y.square().sum(dim=1)
    squared = torch.addmm(norms, x, y.T, alpha=-2)
    return squared.masked_fill_(squared < ROUNDING * norms, 0).sqrt_()


def nearest(
    queries: Real[Tensor, "N F"], references: Real[Tensor, "M F"], chunk: int = CHUNK
) -> tuple[Float64[Tensor, "N"], Int64[Tensor, "N"]]:
    """The Euclidean distance from each query to its nearest reference, and the reference's index.

    Points may be features, or pixels as they are: `pictures.flatten(1)` of uint8.

    Raises ValueError for no references, or no queries.
    """
    if len(queries) == 0 or len(references) == 0:
        raise ValueError(f"{len(queries)} queries and {len(references)} references: none is near")
    found = [distances.min(dim=1) for _, distances in distance_blocks(queries, references, chunk)]
    return torch.cat([each.values for each in found]), torch.cat([each.indices for each in found])
