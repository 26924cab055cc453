"""Mixtures of normals: which modes does a generator reach, and how near does it hit?

The rules of Lin et al., "PacGAN: The power of two samples in generative adversarial networks"
(NeurIPS 2018), section 4.1, as in the authors' program.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

WITHIN = 3.0
"""A point nearer to its mode than so many standard deviations is of high quality."""


class ModeScore(NamedTuple):
    """How well generated points fill the modes of a mixture."""

    covered: int
    """Modes that at least one point of high quality belongs to."""
    high_quality: float
    """The share of points of high quality. In the plane, the mixture itself gives
    1 - exp(-9 / 2) = 98.9 %; on a line 99.7 %."""
    reverse_kl: float
    """KL(q || uniform) in nats, q the share of each mode among the points of high quality; 0 is
    best. It is log(modes) - H(q), and infinite without any such point."""


def score_modes(
    points: Float[Tensor, "N D"], means: Float[Tensor, "M D"], sigma: float
) -> ModeScore:
    """Give every point to its nearest mode, by Mahalanobis' distance, and count.

    Args:
        points: generated points.
        means: of the modes, each as likely as the others.
        sigma: standard deviation of each mode along each axis.

    """
    distances, nearest = (torch.cdist(points, means) / sigma).min(1)
    good = distances < WITHIN
    counts = torch.bincount(nearest[good], minlength=len(means)).double()
    if not good.any():
        return ModeScore(0, 0.0, float("inf"))
    shares = counts / counts.sum()
    divergence = torch.special.xlogy(shares, shares * len(means)).sum()
    return ModeScore(
        covered=int((counts > 0).sum()),
        high_quality=float(good.double().mean()),
        reverse_kl=max(0.0, float(divergence)),
    )
