"""Mixtures of normal distributions: which modes a generator covers, and how precisely.

The rules of Lin et al., "PacGAN: The power of two samples in generative adversarial networks"
(NeurIPS 2018), section 4.1, as in the authors' program.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

WITHIN = 3.0
"""A point is of high quality within so many standard deviations of its mode."""


class ModeScore(NamedTuple):
    """How well generated points cover the modes of a mixture."""

    covered: int
    """Modes with at least one point of high quality."""
    high_quality: float
    """The share of points of high quality. In the plane, the mixture itself gives
    1 - exp(-9 / 2) = 98.9 %; on a line 99.7 %."""
    reverse_kl: float
    """KL(q || uniform) in nats, q the share of each mode among the points of high quality; 0 is
    best. It is log(modes) - H(q), and infinite without any such point."""


def score_modes(
    points: Float[Tensor, "N D"], means: Float[Tensor, "M D"], sigma: float
) -> ModeScore:
    """Assign every point to its nearest mode, by Mahalanobis distance, and count.

    The modes have these means, are equally likely, and have the standard deviation `sigma` along
    each axis.
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
