"""Normals and mixtures of them: the distributions whose modes can be counted."""

import math
from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from kaogan.data.toy.base import (
    Modes,
    Points,
    distributions,
    mixture_log_density,
    sample_mixture,
)
from kaogan.registry import Component


class Normals(Component):
    """Equally likely normals of one width. Abstract: a distribution says where their means are."""

    sigma: float = Field(gt=0, le=1e3, description="standard deviation of every mode")

    @property
    def means(self) -> Float[Tensor, "M D"]:
        raise NotImplementedError

    @property
    def dim(self) -> int:
        return self.means.shape[1]

    @property
    def modes(self) -> Modes:
        return Modes(self.means, self.sigma)

    def sample(self, count: int, rng: torch.Generator) -> Points:
        return sample_mixture(count, self.means, self.sigma, rng)

    def log_density(self, x: Points) -> Float[Tensor, "N"]:
        return mixture_log_density(x, self.means, self.sigma)


@distributions.register("gaussian")
class Gaussian(Normals):
    """x ~ N(10, 1): the first example of every course."""

    name: Literal["gaussian"] = "gaussian"
    mean: float = Field(default=10.0, ge=-1e3, le=1e3, description="mean")
    sigma: float = Field(default=1.0, gt=0, le=1e3, description="standard deviation")

    @property
    def means(self) -> Float[Tensor, "1 1"]:
        return torch.tensor([[self.mean]])


@distributions.register("mixture")
class Mixture(Normals):
    """Two normals on a line, around -2 and 2: the smallest distribution with a mode to miss."""

    name: Literal["mixture"] = "mixture"
    distance: float = Field(default=4.0, gt=0, le=1e3, description="between the two means")
    sigma: float = Field(default=0.5, gt=0, le=1e3, description="standard deviation of each")

    @property
    def means(self) -> Float[Tensor, "2 1"]:
        return torch.tensor([[-self.distance / 2], [self.distance / 2]])


@distributions.register("ring")
class Ring(Normals):
    """Eight normals on the unit circle, of standard deviation 0.01: Lin et al., PacGAN (2018)."""

    name: Literal["ring"] = "ring"
    count: int = Field(default=8, ge=1, le=100, description="modes")
    radius: float = Field(default=1.0, gt=0, le=1e3, description="of the circle")
    sigma: float = Field(default=0.01, gt=0, le=1e3, description="standard deviation of each")

    @property
    def means(self) -> Float[Tensor, "M 2"]:
        angles = torch.arange(self.count) * (2 * math.pi / self.count)
        return self.radius * torch.stack([angles.cos(), angles.sin()], 1)


@distributions.register("grid")
class Grid(Normals):
    """Normals on a grid, 5 x 5 at {-4, -2, 0, 2, 4}^2, of standard deviation 0.05: PacGAN too."""

    name: Literal["grid"] = "grid"
    side: int = Field(default=5, ge=1, le=20, description="modes in a row")
    spacing: float = Field(default=2.0, gt=0, le=1e3, description="between neighbours")
    sigma: float = Field(default=0.05, gt=0, le=1e3, description="standard deviation of each")

    @property
    def means(self) -> Float[Tensor, "M 2"]:
        line = (torch.arange(self.side) - (self.side - 1) / 2) * self.spacing
        return torch.cartesian_prod(line, line)
