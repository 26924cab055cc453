"""The nouns of kaogan, and what each promises to the others.

*A GAN is a Generator, a Discriminator, a Loss (with Penalties) and an Augmentation. A Trainer
plays the game.*

Axes, wherever a shape is written:
    N  samples in a batch         Z  entries of a latent vector
    C  channels (1 or 3)          H, W  height and width
    ...  the shape of one sample: `C H W` for a picture, `D` for a toy point
    L  logits: one for each sample, or for each pack of them
"""

from collections.abc import Callable
from functools import cached_property
from typing import ClassVar, Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

Latents = Float[Tensor, "N Z"]
Samples = Float[Tensor, "N ..."]
Logits = Float[Tensor, "L"]
Positions = Float[Tensor, "N"]
Scalar = Float[Tensor, ""]

Norm = Literal["batch", "spectral", "none"]


@runtime_checkable
class Model(Protocol):
    """A pair of networks described by a few numbers; frozen, and part of a recipe.

    The generator maps latents z ~ N(0, I), `N Z`, to samples. The discriminator maps samples to
    logits, `L`: positive means "real". Both are `torch.nn.Module`s.
    """

    @property
    def latent_dim(self) -> int: ...

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The shape of one sample without the batch axis, e.g. (3, 64, 64)."""
        ...

    @property
    def norm(self) -> Norm:
        """What normalises the discriminator: features over the batch, weights, or nothing."""
        ...

    @property
    def packing(self) -> int:
        """How many samples, consecutive in the batch, the discriminator judges by one logit."""
        ...

    @property
    def group(self) -> int | None:
        """How many samples, consecutive in the batch, change each other's logits. None: all that go
        through together, or a pass changes the discriminator itself.
        """
        ...

    def generator(self) -> nn.Module: ...

    def discriminator(self) -> nn.Module: ...


@runtime_checkable
class Loss(Protocol):
    """The game, as pure functions of two logit vectors, which both players get."""

    needs_real: ClassVar[bool]
    """Does the generator's loss read the real logits? If not, the trainer hands it those of the
    discriminator's turn, and saves a pass through the network."""

    def discriminator(self, real: Logits, fake: Logits) -> Scalar: ...

    def generator(self, real: Logits, fake: Logits) -> Scalar: ...

    def beliefs(self, real: Logits, fake: Logits) -> tuple[Scalar, Scalar]:
        """Mean D(x) and D(G(z)), 0 to 1: how real the discriminator holds each side to be."""
        ...


class Pass:
    """One pass through the discriminator: the samples that went in, the logits that came out.

    Where penalties follow, the logits can be differentiated by the samples, twice.
    """

    def __init__(self, samples: Samples, logits: Logits) -> None:
        self.samples = samples
        self.logits = logits

    @cached_property
    def slopes(self) -> Samples:
        """∇C(x) at every sample x. Differentiable by the discriminator's weights."""
        (slopes,) = torch.autograd.grad(self.logits.sum(), self.samples, create_graph=True)
        return slopes

    def halves(self) -> "tuple[Pass, Pass]":
        """What went in first and what went in second, as if each had a pass of its own."""
        return _Half(self, 0), _Half(self, 1)


class _Half(Pass):
    """Half a pass. Its slopes are a part of the whole's, so that both halves cost one backward."""

    def __init__(self, whole: Pass, half: int) -> None:
        super().__init__(whole.samples.chunk(2)[half], whole.logits.chunk(2)[half])
        self._whole, self._half = whole, half

    @cached_property
    def slopes(self) -> Samples:
        return self._whole.slopes.chunk(2)[self._half]


@runtime_checkable
class Penalty(Protocol):
    """A term added to the discriminator's loss; it may differentiate through the discriminator.

    It is given the passes that the loss was computed from, so that it need not make them again,
    and the discriminator (samples to logits) for passes of its own. `epsilon`, one number from 0
    to 1 for each sample, is all its randomness.
    """

    def __call__(
        self,
        discriminator: Callable[[Samples], Logits],
        real: Pass,
        fake: Pass,
        epsilon: Positions,
    ) -> Scalar: ...


@runtime_checkable
class Augmentation(Protocol):
    """A differentiable change made to real and generated samples before they are judged."""

    def __call__(self, samples: Samples, rng: torch.Generator) -> Samples: ...


@runtime_checkable
class Batches(Protocol):
    """Real samples on the device, in model space, as a pure function of the position in training.

    `batches(start, count)` gives the samples number `start` to `start + count` of an endless
    stream of shuffled epochs. The position is all there is to save, so a resume is exact.
    """

    def __call__(self, start: int, count: int) -> Samples: ...

    def __len__(self) -> int:
        """Samples in one epoch."""
        ...
