"""The abstract bases of components.

*A GAN has a Generator, a Discriminator, a Loss (with Penalties) and an Augmentation. A Trainer runs
the training steps.*

Axes in shapes:
    N  samples in a batch         Z  entries of a latent vector
    C  channels (1 or 3)          H, W  height and width
    ...  the shape of one sample: `C H W` for a picture, `D` for a toy point
    L  logits: one for each sample, or for each pack of them
    A  attributes                 Y  entries of a label vector (kaogan.labels)
    U  random numbers of an augmentation
"""

from abc import abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from pydantic import Field, model_serializer
from torch import Tensor, nn

from kaogan.labels import MOST_ATTRIBUTES, Attribute
from kaogan.registry import Component

Latents = Float[Tensor, "N Z"]
Samples = Float[Tensor, "N ..."]
Labels = Float[Tensor, "N Y"]
Logits = Float[Tensor, "L"]
MixingCoefficients = Float[Tensor, "N"]
Scalar = Float[Tensor, ""]
Discriminator = Callable[[Samples], Logits]

Norm = Literal["batch", "spectral", "none"]


class Model(Component):
    """A generator and a discriminator, described by a few numbers. Abstract.

    The generator maps latents z ~ N(0, I), `N Z`, to samples. The discriminator maps samples to
    logits, `L`: positive means "real".
    """

    latent_dim: int = Field(default=100, ge=1, le=4096, description="entries of a latent vector")
    norm: Norm = Field(default="none", description="of D")
    packing: int = Field(
        default=1, ge=1, le=16, description="neighbours in a batch judged by one logit"
    )
    attributes: tuple[Attribute, ...] = Field(
        default=(), max_length=MOST_ATTRIBUTES, description="what can be wished for"
    )

    conditional: ClassVar[bool] = False
    """Do its networks take label vectors `N Y` as a second argument, if it has attributes? Without
    it, or where all entries are 0, nothing is wished for or known."""

    @model_serializer(mode="wrap")
    def _short(self, fields: Callable[["Model"], dict[str, Any]]) -> dict[str, Any]:
        """Without an empty list of attributes: few models have some."""
        found = fields(self)
        if not self.attributes:
            found.pop("attributes", None)
        return found

    @property
    @abstractmethod
    def sample_shape(self) -> tuple[int, ...]:
        """The shape of one sample without the batch axis, e.g. (3, 64, 64)."""

    @abstractmethod
    def generator(self) -> nn.Module: ...

    @abstractmethod
    def discriminator(self) -> nn.Module: ...

    def without_labels(self, network: nn.Module, player: str) -> "tuple[Model, nn.Module]":
        """A network as it is without wishes, and the model without attributes that makes such
        networks. `player` is "generator" or "discriminator".
        """
        return self, network

    def exported(self, network: nn.Module, player: str) -> "tuple[Model, nn.Module]":
        """A trained network in PyTorch's own layers, for exports, and the model that makes such
        networks. `player` is "generator" or "discriminator".
        """
        return self, network

    synchronises: ClassVar[bool] = True
    """Can several processes train it together? Not if its batch norm is not PyTorch's."""

    @property
    def neighbours(self) -> int:
        """How many consecutive samples of a batch are judged together, batch norm apart."""
        return self.packing

    @property
    def group(self) -> int | None:
        """How many consecutive samples of a batch influence each other's logits. None: all of them
        do (batch norm), or each pass changes the discriminator itself (spectral norm).
        """
        return self.neighbours if self.norm == "none" else None


class Loss(Component):
    """Losses of discriminator and generator, pure functions of real and fake logits. Abstract."""

    needs_real: ClassVar[bool] = True
    """Does the generator's loss use the real logits? If not, the trainer passes those of the
    discriminator's turn, and saves a pass through the network."""

    needs_bounded_slope: ClassVar[bool] = False
    """Is the loss unbounded unless penalties or spectral norm bound the discriminator's slope?"""

    reading: ClassVar[str] = ""
    """For reports: what the logit C means, and how D(x) is computed from it, in a sentence."""

    @abstractmethod
    def discriminator(self, real: Logits, fake: Logits) -> Scalar: ...

    @abstractmethod
    def generator(self, real: Logits, fake: Logits) -> Scalar: ...

    @abstractmethod
    def real_probabilities(self, real: Logits, fake: Logits) -> tuple[Scalar, Scalar]:
        """Mean D(x) and D(G(z)), 0 to 1: the probabilities of being real."""


class Pass:
    """One pass through the discriminator: its input samples and its logits.

    In steps with penalties, the logits are twice differentiable by the samples.
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
        """The first and the second half of the samples, each as a pass."""
        return _Half(self, 0), _Half(self, 1)


class _Half(Pass):
    """Half a pass. Both halves share the slopes of the whole, which take one backward pass."""

    def __init__(self, whole: Pass, half: int) -> None:
        super().__init__(whole.samples.chunk(2)[half], whole.logits.chunk(2)[half])
        self._whole, self._half = whole, half

    @cached_property
    def slopes(self) -> Samples:
        return self._whole.slopes.chunk(2)[self._half]


class Penalty(Component):
    """A term of the discriminator's loss; it may differentiate through the discriminator. Abstract.

    It gets the two passes from which the loss is computed, and the discriminator (samples to
    logits) for further passes. `epsilon`, one number from 0 to 1 for each sample, is its only
    source of randomness.
    """

    interpolates: ClassVar[bool] = False
    """Does it look at points between a generated and a real sample? Packs have none."""

    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False, description="its factor")

    @abstractmethod
    def __call__(
        self, discriminator: Discriminator, real: Pass, fake: Pass, epsilon: MixingCoefficients
    ) -> Scalar: ...


class Augmentation(Component):
    """A differentiable change T of real and generated samples in front of the discriminator: both
    losses and the penalties are computed from D(T(x)). Abstract.

    Its random numbers are drawn beforehand, so that a training step can be recorded as a CUDA
    graph. For the same reason, what it adapts during a training is in tensors, e.g. the probability
    of Karras et al., "Training Generative Adversarial Networks with Limited Data" (ADA, 2020).
    """

    @property
    @abstractmethod
    def numbers(self) -> int:
        """How many random numbers, uniform from 0 to 1, each sample takes."""

    def state(self) -> dict[str, Tensor]:
        """The tensors that it adapts, by name, with their first values. Most have none.

        The TrainState holds them and checkpoints contain them. `__call__` and `update` get them as
        keyword arguments of these names.
        """
        return {}

    # `*args: Any, **state: Any` lets a type checker accept any arguments after the first two.
    @abstractmethod
    def __call__(
        self, samples: Samples, numbers: Float[Tensor, "N U"], *args: Any, **state: Any
    ) -> Samples: ...

    def update(self, real: Logits, fake: Logits, *args: Any, **state: Any) -> None:
        """Adapt the tensors of the state in place, at the end of each step.

        The logits are those of the discriminator's turn.
        """


class Schedule(Component):
    """A factor as a function of the images seen. Abstract."""

    @abstractmethod
    def __call__(self, images_seen: int) -> float: ...


class Batch(NamedTuple):
    """Real samples and the codes of their labels (`kaogan.labels`), `N 0` without labels."""

    x: Samples
    codes: Float[Tensor, "N A"]


@runtime_checkable
class Batches(Protocol):
    """Real samples on the device, as a pure function of the position in training.

    `batches(start, count)` returns the samples number `start` to `start + count` of an endless
    stream of shuffled epochs. So a resume needs only the position.
    """

    def __call__(self, start: int, count: int) -> Batch: ...

    def __len__(self) -> int:
        """Samples in one epoch."""
        ...


def unlabelled(x: Samples) -> Batch:
    """Samples that have no labels."""
    return Batch(x, x.new_empty((len(x), 0)))
