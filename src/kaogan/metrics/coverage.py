"""Fidelity and diversity separately: precision and recall, density and coverage.

Both papers put a ball around every point of a set. Its radius is the distance to the k-th nearest
neighbour in the same set. Together, the balls are the region that the set fills.
"""

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from kaogan.metrics.points import CHUNK, distance_blocks

INSIDE = 1 - 1e-9
"""A point is inside below this share of a radius: rounding must not decide at the border."""


def precision_recall(
    real: Float[Tensor, "N F"], fake: Float[Tensor, "M F"], k: int = 3, chunk: int = CHUNK
) -> tuple[float, float]:
    """Improved precision and recall, each from 0 to 1.

    Precision is the share of fake points inside a ball of the real set, recall the share of real
    points inside a ball of the fake set; a ball includes its border. Kynkäänniemi et al., "Improved
    Precision and Recall Metric for Assessing Generative Models" (NeurIPS 2019), equations 1 and 2.

    Raises ValueError for k or fewer points on a side.
    """
    real_radii, fake_radii = radii(real, k, chunk), radii(fake, k, chunk)
    precise = torch.zeros(len(fake), dtype=torch.bool, device=real_radii.device)
    recalled = torch.zeros(len(real), dtype=torch.bool, device=real_radii.device)
    for rows, distances in distance_blocks(fake, real, chunk):
        precise[rows] = (distances <= real_radii).any(dim=1)
        recalled |= (distances <= fake_radii[rows, None]).any(dim=0)
    return _share(precise), _share(recalled)


def density_coverage(
    real: Float[Tensor, "N F"], fake: Float[Tensor, "M F"], k: int = 5, chunk: int = CHUNK
) -> tuple[float, float]:
    """Density (from 0; 1 is expected of equal sets) and coverage (from 0 to 1).

    Density is the number of real balls that contain a fake point, on average and divided by k.
    Coverage is the share of real balls that contain a fake point. Only real points have balls, so
    an outlier among the fake points changes little. Naeem et al., "Reliable Fidelity and Diversity
    Metrics for Generative Models" (ICML 2020), section 3. As in their program a ball excludes its
    border, where only copies of real points can lie; so the density of a set to itself is 1.

    Raises ValueError for k or fewer real points, or no fake ones.
    """
    if len(fake) == 0:
        raise ValueError("there are no fake points")
    real_radii = INSIDE * radii(real, k, chunk)
    hits = torch.zeros_like(real_radii)
    for _, distances in distance_blocks(fake, real, chunk):
        hits += (distances < real_radii).sum(dim=0)
    return float(hits.sum()) / (k * len(fake)), _share(hits > 0)


def radii(points: Float[Tensor, "N F"], k: int, chunk: int = CHUNK) -> Float64[Tensor, "N"]:
    """The distance of each point to its k-th nearest neighbour. Raises ValueError without one."""
    if not 1 <= k < len(points):
        raise ValueError(f"{len(points)} points have no neighbour number {k}")
    # The nearest point is the point itself.
    blocks = distance_blocks(points, points, chunk)
    return torch.cat([distances.kthvalue(k + 1, dim=1).values for _, distances in blocks])


def _share(mask: Tensor) -> float:
    return float(mask.double().mean().item())
