"""Curves with normal noise across and along them: distributions without modes to count."""

import math
from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from kaogan.data.toy.base import (
    Points,
    distributions,
    mixture_log_density,
    sample_mixture,
)
from kaogan.registry import Component

BEADS = 500
"""A curve is so many points close together; far closer than the noise is wide."""


class Curve(Component):
    """A point of the curve, uniformly by its parameter t in [0, 1), and normal noise. Abstract.

    Sampled and measured as a mixture of `BEADS` normals, so that both agree exactly.
    """

    sigma: float = Field(gt=0, le=1e3, description="standard deviation of the noise")

    def at(self, t: Float[Tensor, "N"]) -> Points:
        """The curve's points for parameters from 0 to 1."""
        raise NotImplementedError

    @property
    def beads(self) -> Float[Tensor, "B 2"]:
        """The curve as points close together."""
        return self.at((torch.arange(BEADS) + 0.5) / BEADS)

    @property
    def dim(self) -> int:
        return 2

    @property
    def modes(self) -> None:
        return None

    def sample(self, count: int, rng: torch.Generator) -> Points:
        return sample_mixture(count, self.beads, self.sigma, rng)

    def log_density(self, x: Points) -> Float[Tensor, "N"]:
        return mixture_log_density(x, self.beads, self.sigma)


@distributions.register("spiral")
class Spiral(Curve):
    """A spiral from the centre to the unit circle, as dense inside as outside."""

    name: Literal["spiral"] = "spiral"
    turns: float = Field(default=2.0, gt=0, le=10, description="times around the centre")
    sigma: float = Field(default=0.02, gt=0, le=1e3, description="standard deviation of the noise")

    def at(self, t: Float[Tensor, "N"]) -> Points:
        # The arm's length grows with the square of its radius: the root makes it uniform.
        radius = t.sqrt()
        angle = 2 * math.pi * self.turns * radius
        return radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1)


@distributions.register("moons")
class Moons(Curve):
    """Two half circles, each opening toward the other."""

    name: Literal["moons"] = "moons"
    sigma: float = Field(default=0.05, gt=0, le=1e3, description="standard deviation of the noise")

    def at(self, t: Float[Tensor, "N"]) -> Points:
        angle = 2 * math.pi * t  # the first half circle above, the second below
        above = angle < math.pi
        shift = torch.where(above, -0.5, 0.5), torch.where(above, -0.25, 0.25)
        return torch.stack([angle.cos() + shift[0], angle.sin() + shift[1]], 1)
