"""Toy distributions: points on a line or in a plane, mostly with a known density."""

from pathlib import Path
from typing import cast

from kaogan.data.toy.base import Distribution, Modes, Points, distributions
from kaogan.data.toy.batches import ToyBatches
from kaogan.data.toy.drawn import Drawn, read_points
from kaogan.data.toy.mixtures import Gaussian, Grid, Mixture, Moons, Ring, Spiral

__all__ = [
    "Distribution",
    "Drawn",
    "Gaussian",
    "Grid",
    "Mixture",
    "Modes",
    "Moons",
    "Points",
    "Ring",
    "Spiral",
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
    return cast(Distribution, distributions[name].model_validate({"name": name}))
