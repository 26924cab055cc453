"""Toy distributions: points on a line or in a plane, mostly with a known density."""

from pathlib import Path

from kaogan.data.toy.batches import ToyBatches
from kaogan.data.toy.drawn import read_points
from kaogan.data.toy.mixtures import (
    Distribution,
    Gaussian,
    Grid,
    Mixture,
    Moons,
    Points,
    Ring,
    distributions,
)

__all__ = [
    "Distribution",
    "Gaussian",
    "Grid",
    "Mixture",
    "Moons",
    "Points",
    "Ring",
    "ToyBatches",
    "distribution",
    "distributions",
    "read_points",
]


def distribution(name: str) -> Distribution:
    """The toy distribution of this name, or the points of this CSV file.

    Raises:
        UsageError: no distribution has this name.
        KaoganError: the file cannot be used.

    """
    if name.lower().endswith(".csv") or Path(name).is_file():
        return read_points(name)
    return distributions[name].model_validate({"name": name})
