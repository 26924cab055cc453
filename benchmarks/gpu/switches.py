"""What a GPU's step could do besides: each is measured as a contender, and kept where it pays.

A switch changes the layers of a trainer's networks, and keeps their parameters; or it changes what
a recording has in it.
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from kaogan.contracts import Batch, Pass
from kaogan.convolutions import PRODUCTS, Plan, use
from kaogan.training.accelerate import Replay, cuda_graph, unchanged
from kaogan.training.run_log import RunLog
from kaogan.training.trainer import Factors, StepInputs, StepStats, Trainer

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


class Record(Protocol):
    """`cuda_graph`, or what takes its place in tests."""

    def __call__(
        self, step: Callable[[], StepStats], rng: torch.Generator | None = None
    ) -> tuple[StepStats, Replay]: ...


def drawn_inside(trainer: Trainer, _: RunLog, record: Record = cuda_graph) -> None:
    """Draw random numbers, and mirror, inside the recording.

    Each replay is given the position's seed, so the numbers are those of `Trainer.draw_inputs`.
    """
    samples = Batch(*(tensor.clone() for tensor in trainer.next_samples()))
    factors = Factors(*(number.clone() for number in trainer.next_factors()))
    kept, mirrors = [*samples, *factors], trainer.mirrors

    def whole(penalised: bool) -> StepStats:
        return trainer.train_step(trainer.draw_numbers(samples, mirrors, factors), penalised)

    with unchanged(trainer.state):
        recordings = {
            penalised: record(partial(whole, penalised), rng=trainer.rng)
            for penalised in trainer.recipe.kinds_of_steps
        }

    def step() -> StepStats:
        torch._foreach_copy_(kept, [*trainer.next_samples(), *trainer.next_factors()])
        trainer.seed_numbers()
        stats, replay = recordings[trainer.penalised()]
        replay()
        trainer.state.images_seen += trainer.recipe.batch
        return stats

    trainer.step = step  # type: ignore[method-assign]


def together(trainer: Trainer, _: RunLog, record: Record = cuda_graph) -> None:
    """All steps from one with penalties to the next in one recording.

    The steps wait for the last of them, so the state is that of a training only then.
    """
    count = trainer.recipe.penalty_interval if trainer.recipe.penalties else 4
    kept = [[tensor.clone() for tensor in trainer.draw_inputs()] for _ in range(count)]
    inputs = [StepInputs(*tensors) for tensors in kept]
    penalised = [bool(trainer.recipe.penalties) and place == 0 for place in range(count)]
    waiting: list[StepInputs] = []

    def all_steps() -> StepStats:
        for each, kind in zip(inputs, penalised, strict=True):
            stats = trainer.train_step(each, kind)
        return stats

    with unchanged(trainer.state):
        stats, replay = record(all_steps)

    def step(new: StepInputs, _: bool) -> StepStats:
        waiting.append(new)
        if len(waiting) == count:
            for old, ready in zip(kept, waiting, strict=True):
                torch._foreach_copy_(old, [*ready])
            waiting.clear()
            replay()
        return stats

    trainer.compiled_step = step


def players(trainer: Trainer) -> tuple[nn.Module, nn.Module]:
    """The networks that are trained."""
    return trainer.state.generator, trainer.state.discriminator
