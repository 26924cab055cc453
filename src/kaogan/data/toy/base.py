"""What a toy distribution promises, and the registry of them.

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
    """The modes of a mixture: normals of one width, each as likely as the others."""

    means: Float[Tensor, "M D"]
    sigma: float


@runtime_checkable
class Distribution(Protocol):
    """A distribution of points on a line or in a plane, known as exactly as a formula can say."""

    @property
    def dim(self) -> int:
        """Coordinates of a point."""
        ...

    @property
    def modes(self) -> Modes | None:
        """Its modes, if it is a mixture of normals."""
        ...

    def sample(self, count: int, rng: torch.Generator) -> Points:
        """`count` independent points, float32, on the CPU."""
        ...

    def log_density(self, x: Points) -> Float[Tensor, "N"] | None:
        """The logarithm of p(x) for each point; None if nobody knows it."""
        ...


def mixture_log_density(x: Points, means: Float[Tensor, "M D"], sigma: float) -> Tensor:
    """The logarithm of p(x) = sum_m N(x; mean_m, sigma^2 I) / M, for equally likely normals."""
    squares = (x[:, None] - means).div(sigma).square().sum(2)
    constant = x.shape[1] / 2 * math.log(2 * math.pi * sigma**2) + math.log(len(means))
    return torch.logsumexp(-squares / 2, 1) - constant


def sample_mixture(
    count: int, means: Float[Tensor, "M D"], sigma: float, rng: torch.Generator
) -> Points:
    """Points of equally likely normals."""
    chosen = torch.randint(len(means), (count,), generator=rng)
    return means[chosen] + sigma * torch.randn(count, means.shape[1], generator=rng)
