"""Penalties on the slope of the discriminator, added to its loss.

Each looks at the gradient of the logit C by its input. A logit depends on its own samples alone
(which is why batch norm and penalties exclude each other), so the gradients of all logits at once
are that of their sum. The means are over logits: a logit may judge several samples together.

Second derivatives need digits and range, so the trainer calls penalties outside autocast, in
float32, whatever the precision of the run.
"""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from kaogan.contracts import Positions, Samples, Scalar
from kaogan.losses.registered import penalties
from kaogan.registry import Component

__all__ = ["R1", "R2", "GradientPenalty", "penalties"]


def squared_slopes(discriminator: nn.Module, at: Samples) -> Float[Tensor, "L"]:
    """||grad C||^2 of every logit by the samples that it judges; differentiable by the weights."""
    leaf = at.detach().requires_grad_()
    at = leaf.view_as(leaf)  # who counts operations by hooks on leaves would be in the way
    logits = discriminator(at)
    (slopes,) = torch.autograd.grad(logits.sum(), at, create_graph=True)
    return slopes.reshape(len(logits), -1).square().sum(1)


@penalties.register("r1")
class R1(Component):
    """R1 = weight / 2 E_x[||grad C(x)||^2]: flat where real samples are.

    Mescheder, Geiger and Nowozin, "Which Training Methods for GANs do actually Converge?" (ICML
    2018), equation 9.
    """

    name: Literal["r1"] = "r1"
    weight: float = Field(default=10.0, gt=0, allow_inf_nan=False, description="gamma")

    def __call__(
        self, discriminator: nn.Module, real: Samples, fake: Samples, epsilon: Positions
    ) -> Scalar:
        return self.weight / 2 * squared_slopes(discriminator, real).mean()


@penalties.register("r2")
class R2(Component):
    """R2 = weight / 2 E_z[||grad C(G(z))||^2]: flat where generated samples are.

    Equation 10 of the same paper.
    """

    name: Literal["r2"] = "r2"
    weight: float = Field(default=10.0, gt=0, allow_inf_nan=False, description="gamma")

    def __call__(
        self, discriminator: nn.Module, real: Samples, fake: Samples, epsilon: Positions
    ) -> Scalar:
        return self.weight / 2 * squared_slopes(discriminator, fake).mean()


@penalties.register("gradient-penalty")
class GradientPenalty(Component):
    """GP = weight E[(||grad C(y)|| - 1)^2], y = epsilon x + (1 - epsilon) G(z): slope 1 in between.

    Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville, "Improved Training of Wasserstein GANs"
    (NeurIPS 2017), equation 3 and algorithm 1; epsilon ~ U(0, 1) for each pair.
    """

    name: Literal["gradient-penalty"] = "gradient-penalty"
    weight: float = Field(default=10.0, gt=0, allow_inf_nan=False, description="lambda")

    def __call__(
        self, discriminator: nn.Module, real: Samples, fake: Samples, epsilon: Positions
    ) -> Scalar:
        between = torch.lerp(fake, real, epsilon.view(-1, *[1] * (real.ndim - 1)))
        # The root's own slope is infinite at 0, where a discriminator that is flat would stand.
        slopes = (squared_slopes(discriminator, between) + 1e-12).sqrt()
        return self.weight * (slopes - 1).square().mean()
