"""Schedules: factors of learning rates and of penalties, as functions of the images seen."""

import math
from typing import Literal

from pydantic import Field

from kaogan.contracts import Schedule
from kaogan.registry import Registry

schedules: Registry[type[Schedule]] = Registry("schedule")


@schedules.register("constant")
class Constant(Schedule):
    """f(n) = 1."""

    name: Literal["constant"] = "constant"

    def __call__(self, images_seen: int) -> float:
        return 1.0


@schedules.register("cosine")
class Cosine(Schedule):
    """f(n) = f_end + (1 - f_end) (1 + cos(pi n / N)) / 2 up to n = N images, then f_end.

    Half a cosine: Loshchilov and Hutter, "SGDR" (ICLR 2017), equation 5. R3GAN's learning rates and
    penalties fall like this (Huang et al. 2024). With a constant rate the networks stay at a
    distance from the equilibrium. With a constant penalty real modes stay blurred.
    """

    name: Literal["cosine"] = "cosine"
    images: int = Field(ge=1, description="N, images over which the factor falls")
    end: float = Field(default=0.05, ge=0, le=1, description="f_end, what is left then")

    def __call__(self, images_seen: int) -> float:
        share = min(1.0, images_seen / self.images)
        return self.end + (1 - self.end) * (1 + math.cos(math.pi * share)) / 2
