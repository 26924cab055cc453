"""DCGAN: Radford, Metz and Chintala, "Unsupervised Representation Learning with Deep
Convolutional Generative Adversarial Networks" (ICLR 2016), section 3 and figure 1.

The paper's guidelines:

- strided convolutions instead of pooling: `Discriminator`, `_upsampling`
- batch norm in both, but not at the generator's output and the discriminator's input
- no fully connected hidden layers
- ReLU in the generator, tanh at its output; LeakyReLU (slope 0.2) in the discriminator
- all weights from N(0, 0.02): `initialize`

Shapes at 64x64 with width 64; from 32 to 256, the number of stages depends on the size:

    generator       z 100 -> 512x4x4 -> 256x8x8 -> 128x16x16 -> 64x32x32 -> 3x64x64
    discriminator   3x64x64 -> 64x32x32 -> 128x16x16 -> 256x8x8 -> 512x4x4 -> 1 logit

Options change the discriminator:

- `norm`: batch norm as in the paper; spectral norm of the weights (Miyato et al., "Spectral
  Normalization for Generative Adversarial Networks", ICLR 2018, section 2.1); or none, for a loss
  with penalties
- `initialization`: the paper's, or "he": `initialize_he`
- `minibatch_std`: `MinibatchStd`
- `attributes`: see below
- `packing`: one logit for several pictures, stacked as channels (Lin, Khetan, Fanti and Oh,
  "PacGAN: The power of two samples in generative adversarial networks", NeurIPS 2018, section 2)

With attributes, both networks take label vectors y (`kaogan.labels`) as well. The generator's input
is z, then y (Mirza and Osindero, "Conditional Generative Adversarial Nets", 2014, section 3). The
discriminator is a projection discriminator (Miyato and Koyama, "cGANs with Projection
Discriminator", ICLR 2018, equation 3), with the last feature maps as phi:

    C(x, y) = psi(phi(x)) + sum_k y_k <v_k, phi(x)>

Its last layer computes psi and all products. Where nothing is known or wished for, y is 0, and both
are the networks above.
"""

import itertools
import math
from typing import ClassVar, Literal, cast

import torch
from jaxtyping import Float
from pydantic import Field, field_validator
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from kaogan.contracts import Model, Norm
from kaogan.labels import entries
from kaogan.models.registered import models

Upsample = Literal["transposed", "resize"]
Initialization = Literal["normal", "he"]

SLOPE = 0.2
"""Of LeakyReLU, below zero."""


def stage_channels(size: int, width: int) -> list[int]:
    """Channels of the feature maps from size/2 x size/2 down to 4x4: width, 2 width, ... 8 width.

    As in the paper they double at each halving, but at most to 8 x width, so that a 256x256 network
    is not sixteen times as large as a 64x64 one.
    """
    stages = size.bit_length() - 3  # 64 = 2^6 has the four maps 32, 16, 8 and 4
    return [width * min(2**stage, 8) for stage in range(stages)]


def initialize(module: nn.Module) -> None:
    """Weights ~ N(0, 0.02), batch norm's gain ~ N(1, 0.02), biases 0, as in the authors' code."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def initialize_he(layers: nn.Sequential) -> None:
    """Weights ~ N(0, 2 / ((1 + 0.2^2) fan_in)), those of the logit multiplied by 1/2; biases 0.

    They keep the scale of the activations without a norm: He, Zhang, Ren and Sun, "Delving Deep
    into Rectifiers" (ICCV 2015), equation 15.
    """
    convolutions = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
    for convolution in convolutions:
        nn.init.kaiming_normal_(convolution.weight, SLOPE)
    with torch.no_grad():
        convolutions[-1].weight.mul_(0.5)


def _upsampling(channels_in: int, channels_out: int, upsample: Upsample) -> nn.Module:
    """Double height and width."""
    if upsample == "transposed":
        return nn.ConvTranspose2d(channels_in, channels_out, 4, stride=2, padding=1, bias=False)
    # Odena, Dumoulin and Olah, "Deconvolution and Checkerboard Artifacts" (Distill, 2016).
    return nn.Sequential(
        nn.Upsample(scale_factor=2, mode="nearest"),
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
    )


class Generator(nn.Module):
    """Latents `N Z`, and label vectors `N Y` if it has attributes, to pictures `N C H W` in
    [-1, 1].
    """

    def __init__(self, model: "DCGAN") -> None:
        super().__init__()
        widths = stage_channels(model.size, model.width)[::-1]
        self.attributes = model.attributes
        self.entries = entries(model.attributes)
        # A 4x4 transposed convolution of a 1x1 map is the paper's "project and reshape".
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(model.latent_dim + self.entries, widths[0], 4, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(inplace=True),
        ]
        for channels_in, channels_out in itertools.pairwise(widths):
            layers += [
                _upsampling(channels_in, channels_out, model.upsample),
                nn.BatchNorm2d(channels_out),
                nn.ReLU(inplace=True),
            ]
        layers += [_upsampling(widths[-1], model.channels, model.upsample), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        self.apply(initialize)

    def forward(
        self, latents: Float[Tensor, "N Z"], labels: Float[Tensor, "N Y"] | None = None
    ) -> Float[Tensor, "N C H W"]:
        if self.entries:
            nothing = latents.new_zeros((len(latents), self.entries))
            latents = torch.cat([latents, nothing if labels is None else labels], 1)
        pictures: Tensor = self.layers(latents[:, :, None, None])
        return pictures


def _halving(channels_in: int, channels_out: int, norm: Norm | None) -> list[nn.Module]:
    """Halve height and width. Before batch norm, which has a bias, the convolution has none."""
    bias = norm in ("spectral", "none")
    convolution = nn.Conv2d(channels_in, channels_out, 4, stride=2, padding=1, bias=bias)
    norms = [nn.BatchNorm2d(channels_out)] if norm == "batch" else []
    return [convolution, *norms, nn.LeakyReLU(SLOPE, inplace=True)]


class MinibatchStd(nn.Module):
    """Adds a constant channel: how much the feature maps of a group differ.

        s = mean over c, h, w of sqrt(Var_group(x[c, h, w]) + 1e-8)

    With it, the discriminator recognises a generator that always draws the same picture. Karras,
    Aila, Laine and Lehtinen, "Progressive Growing of GANs" (ICLR 2018), section 3; in groups, as in
    their later papers. Neighbours in the batch are a group. If the batch is no multiple of its
    size, the greatest common divisor is used.
    """

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group

    def forward(self, maps: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C1 H W"]:
        n, channels, height, width = maps.shape
        group = math.gcd(n, self.group)
        groups = maps.float().reshape(-1, group, channels, height, width)
        # `var` over an inner axis takes ten times as long on a CPU.
        variance = (groups - groups.mean(1, keepdim=True)).square().mean(1)
        deviation = (variance + 1e-8).sqrt().mean((1, 2, 3)).to(maps.dtype)
        channel = deviation.repeat_interleave(group).view(n, 1, 1, 1).expand(n, 1, height, width)
        return torch.cat([maps, channel], 1)


class Discriminator(nn.Module):
    """Pictures `N C H W` in [-1, 1] to logits `N / packing`: log-odds of being real; with label
    vectors `N Y`, of being real and what the labels say.
    """

    def __init__(self, model: "DCGAN") -> None:
        super().__init__()
        self.packing = model.packing
        widths = stage_channels(model.size, model.width)
        # The paper has no batch norm at the input.
        first_norm = None if model.norm == "batch" else model.norm
        layers = _halving(model.packing * model.channels, widths[0], first_norm)
        for channels_in, channels_out in itertools.pairwise(widths):
            layers += _halving(channels_in, channels_out, model.norm)
        if model.minibatch_std:
            layers.append(MinibatchStd(model.minibatch_std))
        outputs = 1 + entries(model.attributes)
        layers.append(nn.Conv2d(widths[-1] + bool(model.minibatch_std), outputs, 4, bias=False))
        self.layers = nn.Sequential(*layers)
        self.apply(initialize)
        if model.initialization == "he":
            initialize_he(self.layers)
        with torch.no_grad():
            cast(nn.Conv2d, layers[-1]).weight[1:].zero_()  # the game without labels, at first
        if model.norm == "spectral":
            for layer in self.layers:
                if isinstance(layer, nn.Conv2d):
                    spectral_norm(layer)

    def forward(
        self, pictures: Float[Tensor, "N C H W"], labels: Float[Tensor, "N Y"] | None = None
    ) -> Float[Tensor, "L"]:
        _, channels, height, width = pictures.shape
        packs = pictures.reshape(-1, self.packing * channels, height, width)
        outputs: Tensor = self.layers(packs).flatten(1)
        logits = outputs[:, 0]
        return logits if labels is None else logits + (outputs[:, 1:] * labels).sum(1)


class DCGANFields(Model):
    """The fields of a DCGAN in any framework. Abstract."""

    size: int = Field(default=64, ge=32, le=256, description="pixels, 32 to 256")
    channels: Literal[1, 3] = Field(default=3, description="1 for grey, 3 for colour")
    width: int = Field(default=64, ge=4, le=512, description="channels of largest map")
    upsample: Upsample = Field(default="transposed", description="no checkerboards")
    initialization: Initialization = Field(default="normal", description="of D")
    minibatch_std: int = Field(
        default=0, ge=0, le=64, description="neighbours whose spread D sees, 0: none"
    )
    norm: Norm = Field(default="batch", description="of D")

    @field_validator("size")
    @classmethod
    def _power_of_two(cls, size: int) -> int:
        if size & (size - 1):
            raise ValueError("must be a power of two: 32, 64, 128 or 256")
        return size

    @property
    def sample_shape(self) -> tuple[int, int, int]:
        return (self.channels, self.size, self.size)

    @property
    def neighbours(self) -> int:
        return self.packing * max(1, self.minibatch_std)


@models.register("dcgan")
class DCGAN(DCGANFields):
    """The networks in PyTorch."""

    name: Literal["dcgan"] = "dcgan"
    conditional: ClassVar[bool] = True

    def without_labels(self, network: nn.Module, player: str) -> tuple[Model, nn.Module]:
        from kaogan.weights import filled  # reads files, which a model need not

        if not self.attributes:
            return self, network
        plain = self.model_copy(update={"attributes": ()})
        state, sequence = dict(network.state_dict()), cast(nn.Sequential, network.layers)
        generates = player == "generator"
        name = f"layers.{0 if generates else len(sequence) - 1}.weight"
        state[name] = state[name][: self.latent_dim if generates else 1]
        return plain, filled(plain.generator if generates else plain.discriminator, state)

    def generator(self) -> Generator:
        return Generator(self)

    def discriminator(self) -> Discriminator:
        return Discriminator(self)
