"""A plugin as a user writes it: one component of each kind, in one file outside the package."""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import nn
from torch.nn.functional import softplus

from kaogan.augmentations import augmentations
from kaogan.contracts import Augmentation, Loss, Model, Penalty, Schedule
from kaogan.losses import losses
from kaogan.losses.penalties import penalties, squared_slopes
from kaogan.models import models
from kaogan.schedules import schedules


@losses.register("margin")
class Margin(Loss):
    """L_D = E[log(1 + e^(m - C(x)))] + E[log(1 + e^(m + C(G(z))))],    L_G = -E_z[C(G(z))].

    A hinge without a kink.
    """

    name: Literal["margin"] = "margin"
    margin: float = Field(default=0.0, ge=0, le=10, description="m, how sure D has to be")
    needs_real: ClassVar[bool] = False

    def discriminator(self, real, fake):
        return softplus(self.margin - real).mean() + softplus(self.margin + fake).mean()

    def generator(self, real, fake):
        return -fake.mean()

    def real_probabilities(self, real, fake):
        return real.sigmoid().mean(), fake.sigmoid().mean()


@penalties.register("slope-above")
class SlopeAbove(Penalty):
    """R1 = weight E_x[max(0, ||grad C(x)||^2 - f)]: flat slopes are free."""

    name: Literal["slope-above"] = "slope-above"
    floor: float = Field(default=0.0, ge=0, description="f, the square of a slope that is free")

    def __call__(self, discriminator, real, fake, epsilon):
        return self.weight * (squared_slopes(real) - self.floor).relu().mean()


@augmentations.register("brightness")
class Brightness(Augmentation):
    """T(x) = x + s (2 u - 1), u ~ U(0, 1) for each picture."""

    name: Literal["brightness"] = "brightness"
    strength: float = Field(default=0.2, ge=0, le=1, description="s")

    @property
    def numbers(self):
        return 1

    def __call__(self, samples, numbers):
        return samples + self.strength * (2 * numbers - 1).view(-1, 1, 1, 1)


@schedules.register("steps")
class Steps(Schedule):
    """f(n) = 0.5^floor(n / N)."""

    name: Literal["steps"] = "steps"
    images: int = Field(default=1000, ge=1, description="N, images until it is halved")

    def __call__(self, images_seen):
        return 0.5 ** (images_seen // self.images)


class Residual(nn.Module):
    """x + f(x), with f two convolutions."""

    def __init__(self, channels):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return x + self.second(torch.relu(self.first(torch.relu(x)))) / 2


class Generator(nn.Module):
    def __init__(self, latent_dim, blocks):
        super().__init__()
        self.begin = nn.Linear(latent_dim, blocks * 16)
        self.residuals = nn.ModuleList(Residual(blocks) for _ in range(3))
        self.end = nn.Conv2d(blocks, 3, 3, padding=1)

    def forward(self, z):
        x = self.begin(z).reshape(z.shape[0], -1, 4, 4)
        for residual in self.residuals:
            x = nn.functional.interpolate(residual(x), scale_factor=2, mode="nearest")
        return torch.tanh(self.end(x))


class Discriminator(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.begin = nn.Conv2d(3, blocks, 3, padding=1)
        self.residuals = nn.ModuleList(Residual(blocks) for _ in range(3))
        self.end = nn.Linear(blocks * 16, 1)

    def forward(self, x):
        x = self.begin(x)
        for residual in self.residuals:
            x = nn.functional.avg_pool2d(residual(x), 2)
        return self.end(x.flatten(1)).flatten()


@models.register("residual")
class ResNet(Model):
    """Small residual networks for 32 x 32 pixels in colour, without any norm."""

    name: Literal["residual"] = "residual"
    latent_dim: int = Field(default=8, ge=1, le=4096, description="entries of a latent vector")
    blocks: int = Field(default=4, ge=1, le=64, description="channels in every block")

    @property
    def sample_shape(self):
        return (3, 32, 32)

    def generator(self):
        return Generator(self.latent_dim, self.blocks)

    def discriminator(self):
        return Discriminator(self.blocks)
