"""Multi-layer perceptrons for points.

The discriminator's hidden layers have LeakyReLU, or maxout with several pieces: Goodfellow et al.,
"Maxout Networks" (ICML 2013), equations 1 and 2.

Several independent pairs can be trained at once, as copies in one model: a batched product of small
matrices takes little longer than a single one. Inside, activations are `K W N` (copies, width,
batch), so that a layer is one batched product, and batch norm has a channel for each unit of each
copy. A loss is a mean over the logits of all copies, so a copy's gradient is that of a separate run
divided by the number of copies. Adam's steps do not depend on this factor.
"""

import itertools
import math
from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field, model_validator
from torch import Tensor, nn

from kaogan.contracts import Logits, Model
from kaogan.models.registered import models

SLOPE = 0.2


class Linears(nn.Module):
    """A linear layer for each of K copies: `K I N` to `K O N`."""

    def __init__(
        self, copies: int, inputs: int, outputs: int, initial_std: float | None, bias: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(copies, outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(copies * outputs)) if bias else None
        # Default: He et al. 2015, equation 10, and biases that spread the kinks over the inputs.
        nn.init.normal_(self.weight, 0.0, initial_std or math.sqrt(2 / inputs))
        if self.bias is not None and initial_std is None:
            nn.init.uniform_(self.bias, -1 / math.sqrt(inputs), 1 / math.sqrt(inputs))

    def forward(self, inputs: Float[Tensor, "K I N"]) -> Float[Tensor, "K O N"]:
        if self.bias is None:
            return torch.bmm(self.weight, inputs)
        return torch.baddbmm(self.bias.view(len(inputs), -1, 1), self.weight, inputs)


class BatchNorms(nn.BatchNorm1d):
    """Batch norm of every unit of every copy: `K W N` to `K W N`."""

    def __init__(self, copies: int, width: int) -> None:
        super().__init__(copies * width)

    def forward(self, inputs: Float[Tensor, "K W N"]) -> Float[Tensor, "K W N"]:
        # As one sample of K * W channels: statistics are over the last axis.
        return super().forward(inputs.flatten(0, 1)[None])[0].view_as(inputs)


class Maxout(nn.Module):
    """The largest of `pieces` neighbours: `K (W P) N` to `K W N`."""

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces

    def forward(self, inputs: Float[Tensor, "K WP N"]) -> Float[Tensor, "K W N"]:
        copies, _, batch = inputs.shape
        return inputs.view(copies, -1, self.pieces, batch).amax(2)


class Generator(nn.Module):
    """Latents `N Z`, split among K copies, to points `N K D`."""

    def __init__(self, model: "MLP") -> None:
        super().__init__()
        self.copies = copies = model.copies
        widths = [model.latent_dim // copies, *[model.width] * model.depth]
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(widths):
            normed = model.generator_norm == "batch"
            layers.append(Linears(copies, inputs, outputs, model.initial_std, bias=not normed))
            layers += [BatchNorms(copies, outputs), nn.ReLU()] if normed else [nn.ReLU()]
        layers.append(Linears(copies, widths[-1], model.data_dim, model.initial_std))
        self.layers = nn.Sequential(*layers)

    def forward(self, latents: Float[Tensor, "N Z"]) -> Float[Tensor, "N K D"]:
        points: Tensor = self.layers(latents.view(len(latents), self.copies, -1).permute(1, 2, 0))
        return points.permute(2, 0, 1)


class Discriminator(nn.Module):
    """Points `N K D` to logits, `N/packing * K` of them: log-odds of being real."""

    def __init__(self, model: "MLP") -> None:
        super().__init__()
        copies, self.packing = model.copies, model.packing
        width, pieces = model.discriminator_width, model.pieces
        widths = [model.data_dim * model.packing, *[width] * model.discriminator_depth]
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(widths):
            layers.append(Linears(copies, inputs, outputs * pieces, model.initial_std))
            layers.append(Maxout(pieces) if pieces > 1 else nn.LeakyReLU(SLOPE))
        layers.append(Linears(copies, widths[-1], 1, model.initial_std))
        self.layers = nn.Sequential(*layers)

    def forward(self, points: Float[Tensor, "N K D"]) -> Logits:
        packs = points.reshape(-1, self.packing, *points.shape[1:])  # N/P P K D
        logits: Tensor = self.layers(packs.permute(2, 1, 3, 0).flatten(1, 2))
        return logits[:, 0].T.flatten()


@models.register("mlp")
class MLP(Model):
    """Multi-layer perceptrons, in one pair of networks or several."""

    name: Literal["mlp"] = "mlp"
    norm: Literal["none"] = Field(default="none", description="the discriminator has none")
    data_dim: int = Field(default=2, ge=1, le=64, description="coordinates of a point")
    latent_dim: int = Field(
        default=2, ge=1, le=4096, description="entries of a latent vector, of all copies together"
    )
    width: int = Field(default=64, ge=1, le=1024, description="the generator's hidden units")
    depth: int = Field(default=3, ge=0, le=8, description="the generator's hidden layers")
    generator_norm: Literal["batch", "none"] = Field(
        default="none", description="'batch': batch norm in the generator's hidden layers"
    )
    discriminator_width: int = Field(default=64, ge=1, le=1024, description="its hidden units")
    discriminator_depth: int = Field(default=3, ge=0, le=8, description="its hidden layers")
    pieces: int = Field(
        default=1, ge=1, le=16, description="1: LeakyReLU; more: maxout of so many pieces"
    )
    initial_std: float | None = Field(
        default=None, gt=0, description="of all first weights; None: He et al. 2015"
    )
    copies: int = Field(default=1, ge=1, le=64, description="independent pairs trained at once")

    @model_validator(mode="after")
    def _latents_can_be_split(self) -> "MLP":
        if self.latent_dim % self.copies:
            raise ValueError(f"latent_dim must be a multiple of {self.copies}, the copies")
        return self

    @property
    def sample_shape(self) -> tuple[int, int]:
        return (self.copies, self.data_dim)

    def generator(self) -> Generator:
        return Generator(self)

    def discriminator(self) -> Discriminator:
        return Discriminator(self)
