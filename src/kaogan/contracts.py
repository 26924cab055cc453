"""The nouns of kaogan, and what each promises to the others.

*A GAN is a Generator, a Discriminator, a Loss (with Penalties) and an Augmentation. A Trainer
plays the game.*

Axes, wherever a shape is written:
    N  samples in a batch         Z  entries of a latent vector
    C  channels (1 or 3)          H, W  height and width
    ...  the shape of one sample: `C H W` for a picture, `D` for a toy point
    L  logits: one for each sample, or for each pack of them
    Y  entries of a label         U  random numbers of an augmentation
"""

from abc import abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from kaogan.registry import Component

Latents = Float[Tensor, "N Z"]
Samples = Float[Tensor, "N ..."]
Labels = Float[Tensor, "N Y"]
Logits = Float[Tensor, "L"]
MixingCoefficients = Float[Tensor, "N"]
Scalar = Float[Tensor, ""]

Norm = Literal["batch", "spectral", "none"]


class Model(Component):
    """A pair of networks described by a few numbers. Abstract.

    The generator maps latents z ~ N(0, I), `N Z`, to samples. The discriminator maps samples to
    logits, `L`: positive means "real". Both are `torch.nn.Module`s.
    """

    latent_dim: int = Field(default=100, ge=1, le=4096, description="entries of a latent vector")
    norm: Norm = Field(default="none", description="of D")
    packing: int = Field(
        default=1, ge=1, le=16, description="neighbours in a batch judged by one logit"
    )

    @property
    @abstractmethod
    def sample_shape(self) -> tuple[int, ...]:
        """The shape of one sample without the batch axis, e.g. (3, 64, 64)."""

    @abstractmethod
    def generator(self) -> nn.Module: ...

    @abstractmethod
    def discriminator(self) -> nn.Module: ...

    def exported(self, network: nn.Module, player: str) -> "tuple[Model, nn.Module]":
        """A trained network as exports take it, in PyTorch's own layers, and the model that makes
        such networks. `player` is "generator" or "discriminator".
        """
        return self, network

    @property
    def group(self) -> int | None:
        """How many samples, consecutive in the batch, change each other's logits. None: all that go
        through together (batch norm), or a pass changes the discriminator itself (spectral norm).
        """
        return self.packing if self.norm == "none" else None


class Loss(Component):
    """The adversarial losses, as pure functions of two logit vectors, which both players get.
    Abstract.
    """

    needs_real: ClassVar[bool] = True
    """Does the generator's loss read the real logits? If not, the trainer hands it those of the
    discriminator's turn, and saves a pass through the network."""

    reading: ClassVar[str] = ""
    """What the logit C means, and what is called D(x), in a sentence for reports."""

    @abstractmethod
    def discriminator(self, real: Logits, fake: Logits) -> Scalar: ...

    @abstractmethod
    def generator(self, real: Logits, fake: Logits) -> Scalar: ...

    @abstractmethod
    def real_probabilities(self, real: Logits, fake: Logits) -> tuple[Scalar, Scalar]:
        """Mean D(x) and D(G(z)), 0 to 1: the probability of being real that the discriminator gives
        to each side.
        """


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


class Penalty(Component):
    """A term added to the discriminator's loss; it may differentiate through the discriminator.
    Abstract.

    It is given the passes that the loss was computed from, so that it need not make them again,
    and the discriminator (samples to logits) for passes of its own. `epsilon`, one number from 0
    to 1 for each sample, is all its randomness.
    """

    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False, description="its factor")

    @abstractmethod
    def __call__(
        self,
        discriminator: Callable[[Samples], Logits],
        real: Pass,
        fake: Pass,
        epsilon: MixingCoefficients,
    ) -> Scalar: ...


class Augmentation(Component):
    """A differentiable change T made to real and generated samples before they are judged: both
    players, and the penalties, see D(T(x)). Abstract.

    Its random numbers are drawn beforehand, so that a training step can be recorded.
    """

    @property
    @abstractmethod
    def numbers(self) -> int:
        """How many random numbers, uniform from 0 to 1, each sample takes."""

    @abstractmethod
    def __call__(self, samples: Samples, numbers: Float[Tensor, "N U"]) -> Samples: ...


class Schedule(Component):
    """A factor as a function of the images seen. Abstract."""

    @abstractmethod
    def __call__(self, images_seen: int) -> float: ...


class Batch(NamedTuple):
    """Real samples x, in model space, with their labels c; `N 0` where there are none."""

    x: Samples
    c: Labels


@runtime_checkable
class Batches(Protocol):
    """Real samples on the device, as a pure function of the position in training.

    `batches(start, count)` gives the samples number `start` to `start + count` of an endless
    stream of shuffled epochs. The position is all there is to save, so a resume is exact.
    """

    def __call__(self, start: int, count: int) -> Batch: ...

    def __len__(self) -> int:
        """Samples in one epoch."""
        ...


def unlabelled(x: Samples) -> Batch:
    """Samples that have no labels."""
    return Batch(x, x.new_empty((len(x), 0)))
