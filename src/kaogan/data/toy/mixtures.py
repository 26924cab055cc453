"""Toy distributions: mixtures of equally likely normals on a line or in a plane.

D  coordinates of a point, 1 or 2        M  normals
"""

import math
from abc import abstractmethod
from typing import Annotated, Literal, NamedTuple

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from kaogan.registry import Component, Registry

Points = Float[Tensor, "N D"]
Length = Annotated[float, Field(gt=0, le=1e3)]
Sigma = Annotated[Length, Field(description="standard deviation of each normal")]

POINTS_ON_CURVE = 500
"""A curve is this many normals; the distance between two is far smaller than their sigma."""


class Modes(NamedTuple):
    """The modes of a mixture: equally likely normals of one width."""

    means: Float[Tensor, "M D"]
    sigma: float


class Distribution(Component):
    """p(x) = sum_m N(x; mean_m, sigma^2 I) / M. Abstract: a subclass has the means and a sigma."""

    sigma: Sigma

    @property
    @abstractmethod
    def means(self) -> Float[Tensor, "M D"]: ...

    @property
    def dim(self) -> int:
        """Coordinates of a point."""
        return self.means.shape[1]

    @property
    def modes(self) -> Modes | None:
        """The modes, if they can be counted."""
        return Modes(self.means, self.sigma)

    def sample(self, count: int, rng: torch.Generator) -> Points:
        """`count` independent points, float32, on the CPU."""
        chosen = torch.randint(len(self.means), (count,), generator=rng)
        return self.means[chosen] + self.sigma * torch.randn(count, self.dim, generator=rng)

    def log_density(self, x: Points) -> Float[Tensor, "N"] | None:
        """The logarithm of p(x) for each point, or None if p is unknown."""
        return mixture_log_density(x, self.means, self.sigma)


def mixture_log_density(x: Points, means: Float[Tensor, "M D"], sigma: float) -> Tensor:
    """The logarithm of p(x) = sum_m N(x; mean_m, sigma^2 I) / M for each point."""
    squares = (x[:, None] - means).div(sigma).square().sum(2)
    constant = x.shape[1] / 2 * math.log(2 * math.pi * sigma**2) + math.log(len(means))
    return torch.logsumexp(-squares / 2, 1) - constant


distributions: Registry[type[Distribution]] = Registry("toy distribution")


@distributions.register("gaussian")
class Gaussian(Distribution):
    """x ~ N(10, 1): the first example of every course."""

    name: Literal["gaussian"] = "gaussian"
    mean: float = Field(default=10.0, ge=-1e3, le=1e3, description="mean")
    sigma: Sigma = 1.0

    @property
    def means(self) -> Float[Tensor, "1 1"]:
        return torch.tensor([[self.mean]])


@distributions.register("mixture")
class Mixture(Distribution):
    """Two normals on a line, around -2 and 2: the simplest distribution that can lose a mode."""

    name: Literal["mixture"] = "mixture"
    distance: Length = Field(default=4.0, description="between the two means")
    sigma: Sigma = 0.5

    @property
    def means(self) -> Float[Tensor, "2 1"]:
        return torch.tensor([[-self.distance / 2], [self.distance / 2]])


@distributions.register("ring")
class Ring(Distribution):
    """Eight normals on the unit circle, of standard deviation 0.01: Lin et al., PacGAN (2018)."""

    name: Literal["ring"] = "ring"
    count: int = Field(default=8, ge=1, le=100, description="modes")
    radius: Length = Field(default=1.0, description="of the circle")
    sigma: Sigma = 0.01

    @property
    def means(self) -> Float[Tensor, "M 2"]:
        angles = torch.arange(self.count) * (2 * math.pi / self.count)
        return self.radius * torch.stack([angles.cos(), angles.sin()], 1)


@distributions.register("grid")
class Grid(Distribution):
    """Normals on a grid, 5 x 5 at {-4, -2, 0, 2, 4}^2, of standard deviation 0.05: PacGAN too."""

    name: Literal["grid"] = "grid"
    side: int = Field(default=5, ge=1, le=20, description="modes in a row")
    spacing: Length = Field(default=2.0, description="between neighbours")
    sigma: Sigma = 0.05

    @property
    def means(self) -> Float[Tensor, "M 2"]:
        line = (torch.arange(self.side) - (self.side - 1) / 2) * self.spacing
        return torch.cartesian_prod(line, line)


class Curve(Distribution):
    """A curve with noise: normals close together, which are not counted as modes. Abstract."""

    @abstractmethod
    def at(self, t: Float[Tensor, "N"]) -> Points:
        """Points of the curve for parameters from 0 to 1; uniform t gives uniform points."""

    @property
    def means(self) -> Float[Tensor, "M 2"]:
        return self.at((torch.arange(POINTS_ON_CURVE) + 0.5) / POINTS_ON_CURVE)

    @property
    def modes(self) -> None:
        return None


@distributions.register("spiral")
class Spiral(Curve):
    """A spiral from the centre to the unit circle, as dense inside as outside."""

    name: Literal["spiral"] = "spiral"
    turns: float = Field(default=2.0, gt=0, le=10, description="times around the centre")
    sigma: Sigma = 0.02

    def at(self, t: Float[Tensor, "N"]) -> Points:
        # The arm's length grows with the square of its radius: the root makes it uniform.
        radius = t.sqrt()
        angle = 2 * math.pi * self.turns * radius
        return radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1)


@distributions.register("moons")
class Moons(Curve):
    """Two half circles, each opening toward the other."""

    name: Literal["moons"] = "moons"
    sigma: Sigma = 0.05

    def at(self, t: Float[Tensor, "N"]) -> Points:
        angle = 2 * math.pi * t  # the first half circle above, the second below
        above = angle < math.pi
        shift = torch.where(above, -0.5, 0.5), torch.where(above, -0.25, 0.25)
        return torch.stack([angle.cos() + shift[0], angle.sin() + shift[1]], 1)
