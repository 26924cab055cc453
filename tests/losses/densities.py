"""Known densities on a line, and expectations by numerical integration."""

import torch
from torch import Tensor

from kaogan.contracts import Loss

GRID = torch.linspace(-12, 18, 2001, dtype=torch.float64)


def normal(mean: float, sigma: float) -> Tensor:
    return torch.distributions.Normal(mean, sigma).log_prob(GRID).exp()


REAL = normal(0.0, 1.0)


def fakes() -> list[Tensor]:
    """Equal, shifted, wider, far away, and of two modes."""
    two = (normal(-2.0, 0.5) + normal(2.0, 0.5)) / 2
    return [REAL, normal(1.0, 1.0), normal(0.0, 2.0), normal(9.0, 1.0), two]


def expectation(density: Tensor, values: Tensor) -> Tensor:
    """The integral of density times values."""
    return torch.trapezoid(density * values, GRID)


def kl(p: Tensor, q: Tensor) -> Tensor:
    return expectation(p, torch.log(p / q))


def jensen_shannon(p: Tensor, q: Tensor) -> Tensor:
    middle = (p + q) / 2
    return (kl(p, middle) + kl(q, middle)) / 2


def discriminators_loss(loss: Loss, fake: Tensor, logits: Tensor, silent: tuple[float, float]):
    """L_D for real samples of density REAL and generated ones of `fake`, by the loss's own code.

    `logits` are C on the grid. `silent` are a real and a generated logit that cost nothing, so that
    each side can be asked alone, point by point.
    """
    free_real, free_fake = torch.tensor(silent, dtype=torch.float64)[:, None]
    of_real = torch.vmap(lambda c: loss.discriminator(c[None], free_fake))(logits)
    of_fake = torch.vmap(lambda c: loss.discriminator(free_real, c[None]))(logits)
    return expectation(REAL, of_real) + expectation(fake, of_fake)
