"""Penalties on the slope of the discriminator, added to its loss.

Each uses the gradient of the logit C by its input. A logit depends on its own samples only (so
batch norm and penalties exclude each other), and the gradient of the sum of logits contains those
of all of them. The means are over logits: a logit may judge a pack of samples. (With a minibatch
standard deviation a logit depends slightly on the other samples of its group. As in StyleGAN2, the
gradient of the sum is penalised then.)

The gradients come from the passes of the loss, with products in their number format. Samples and
their gradients are float32, so squares are summed in float32.
"""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from kaogan.contracts import Discriminator, MixingCoefficients, Pass, Penalty, Samples, Scalar
from kaogan.losses.registered import penalties

__all__ = ["R1", "R2", "GradientPenalty", "differentiable", "penalties"]


def differentiable(samples: Samples) -> Samples:
    """The samples, detached, as inputs by which logits can be differentiated."""
    leaf = samples.detach().requires_grad_()
    return leaf.view_as(leaf)  # the hooks of FlopCounterMode do not work on leaves


def squared_slopes(at: Pass) -> Float[Tensor, "L"]:
    """||grad C||^2 of every logit by its own samples; differentiable by the weights."""
    return at.slopes.reshape(len(at.logits), -1).square().sum(1)


@penalties.register("r1")
class R1(Penalty):
    """R1 = weight / 2 E_x[||grad C(x)||^2]: flat where real samples are.

    Mescheder, Geiger and Nowozin, "Which Training Methods for GANs do actually Converge?" (ICML
    2018), equation 9.
    """

    name: Literal["r1"] = "r1"
    weight: float = Field(default=10.0, gt=0, allow_inf_nan=False, description="gamma")

    def __call__(
        self, discriminator: Discriminator, real: Pass, fake: Pass, epsilon: MixingCoefficients
    ) -> Scalar:
        return self.weight / 2 * squared_slopes(real).mean()


@penalties.register("r2")
class R2(Penalty):
    """R2 = weight / 2 E_z[||grad C(G(z))||^2]: flat where generated samples are.

    Equation 10 of the same paper.
    """

    name: Literal["r2"] = "r2"
    weight: float = Field(default=10.0, gt=0, allow_inf_nan=False, description="gamma")

    def __call__(
        self, discriminator: Discriminator, real: Pass, fake: Pass, epsilon: MixingCoefficients
    ) -> Scalar:
        return self.weight / 2 * squared_slopes(fake).mean()


@penalties.register("gradient-penalty")
class GradientPenalty(Penalty):
    """GP = weight E[(||grad C(y)|| - 1)^2], y = epsilon x + (1 - epsilon) G(z): slope 1 in between.

    Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville, "Improved Training of Wasserstein GANs"
    (NeurIPS 2017), equation 3 and algorithm 1; epsilon ~ U(0, 1) for each pair.
    """

    name: Literal["gradient-penalty"] = "gradient-penalty"
    weight: float = Field(default=10.0, gt=0, allow_inf_nan=False, description="lambda")
    interpolates: ClassVar[bool] = True

    def __call__(
        self, discriminator: Discriminator, real: Pass, fake: Pass, epsilon: MixingCoefficients
    ) -> Scalar:
        weights = epsilon.view(-1, *[1] * (real.samples.ndim - 1))
        between = differentiable(torch.lerp(fake.samples, real.samples, weights))
        squares = squared_slopes(Pass(between, discriminator(between)))
        # The slope of the root is infinite at 0, the value for a flat discriminator.
        slopes = (squares + 1e-12).sqrt()
        return self.weight * (slopes - 1).square().mean()
