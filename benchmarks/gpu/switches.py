"""What a GPU's step could do besides: each is measured as a contender, and kept where it pays.

A switch changes the layers of a trainer's networks, and keeps their parameters.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from kaogan.contracts import Pass
from kaogan.convolutions import PRODUCTS, Plan, use
from kaogan.training.run_log import RunLog
from kaogan.training.trainer import StepInputs, Trainer

CHANNELS = 8
"""Tensor cores take numbers of two bytes in eights; the pictures have three channels."""


def products(trainer: Trainer, _: RunLog) -> None:
    """The generator's first layer and the discriminator's last one as products of matrices."""
    for network in players(trainer):
        use(network, Plan(), PRODUCTS)


def padded(trainer: Trainer, _: RunLog) -> None:
    """Layers that read or write pictures, with zeros in more channels."""
    for network in players(trainer):
        for parent in list(network.modules()):
            for name, layer in list(parent.named_children()):
                if type(layer) is nn.Conv2d and layer.in_channels < CHANNELS:
                    setattr(parent, name, Padded(layer))
                if type(layer) is nn.ConvTranspose2d and layer.out_channels < CHANNELS:
                    setattr(parent, name, Padded(layer))


class Padded(nn.Module):
    """A convolution of pictures, or a transposed one to pictures, padded to `CHANNELS`."""

    def __init__(self, layer: nn.Conv2d | nn.ConvTranspose2d) -> None:
        super().__init__()
        self.weight, self.bias = layer.weight, layer.bias
        self.few = self.weight.shape[1]
        self.reads = isinstance(layer, nn.Conv2d)
        function: Callable[..., Tensor] = torch.conv2d if self.reads else torch.conv_transpose2d
        self.convolve = partial(function, stride=layer.stride, padding=layer.padding)

    def forward(self, inputs: Tensor) -> Tensor:
        zeros = (0, 0, 0, 0, 0, CHANNELS - self.few)
        weight, bias = pad(self.weight, zeros), self.bias
        if self.reads:
            return self.convolve(pad(inputs, zeros), weight, bias)
        wide = None if bias is None else pad(bias, zeros[-2:])
        return self.convolve(inputs, weight, wide)[:, : self.few]


def joined(trainer: Trainer, _: RunLog) -> None:
    """Real and generated pictures through the discriminator in one pass in spite of batch norm.

    Without batch norm, the trainer does so anyway.
    """
    discriminator = trainer.state.discriminator
    for parent in list(discriminator.modules()):
        for name, layer in list(parent.named_children()):
            if type(layer) is nn.BatchNorm2d:
                setattr(parent, name, NormOfHalves(layer, 2 * trainer.recipe.batch))
    apart = trainer.passes

    def passes(inputs: StepInputs, fake: Tensor, penalised: bool) -> tuple[Pass, Pass]:
        if penalised:
            return apart(inputs, fake, penalised)
        both = torch.cat([inputs.x, fake.detach()])
        labels = torch.cat([inputs.c, inputs.c])
        return Pass(both, trainer.logits(both, labels, inputs.augmentation_d)).halves()

    trainer.passes = passes  # type: ignore[method-assign]


class NormOfHalves(nn.BatchNorm2d):
    """Batch norm; of a batch of `two` times the size, with statistics of each half."""

    def __init__(self, norm: nn.BatchNorm2d, two: int) -> None:
        super().__init__(norm.num_features)
        self.__dict__.update(norm.__dict__)
        self.two = two

    def forward(self, maps: Tensor) -> Tensor:
        if len(maps) != self.two:
            return super().forward(maps)
        return torch.cat([super(NormOfHalves, self).forward(half) for half in maps.chunk(2)])


def players(trainer: Trainer) -> tuple[nn.Module, nn.Module]:
    """The networks that are trained."""
    return trainer.state.generator, trainer.state.discriminator
