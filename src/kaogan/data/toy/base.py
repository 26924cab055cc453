"""The interface of a toy distribution, and the registry of them.

D  coordinates of a point, 1 or 2        M  modes
"""

import math
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from kaogan.registry import Component, Registry

Points = Float[Tensor, "N D"]

distributions: Registry[type[Component]] = Registry("toy distribution")


class Modes(NamedTuple):
    """The modes of a mixture: equally likely normals of one width."""

    means: Float[Tensor, "M D"]
    sigma: float


@runtime_checkable
class Distribution(Protocol):
    """A distribution of points on a line or in a plane."""

    @property
    def dim(self) -> int:
        """Coordinates of a point."""

    @property
    def modes(self) -> Modes | None:
        """The modes of a mixture of normals; None for other distributions."""

    def sample(self, count: int, rng: torch.Generator) -> Points:
        """`count` independent points, float32, on the CPU."""

    def log_density(self, x: Points) -> Float[Tensor, "N"] | None:
        """The logarithm of p(x) for each point, or None if p is unknown."""


def mixture_log_density(x: Points, means: Float[Tensor, "M D"], sigma: float) -> Tensor:
    """The logarithm of p(x) = sum_m N(x; mean_m, sigma^2 I) / M for each point."""
    squares = (x[:, None] - means).div(sigma).square().sum(2)
    constant = x.shape[1] / 2 * math.log(2 * math.pi * sigma**2) + math.log(len(means))
    return torch.logsumexp(-squares / 2, 1) - constant
