"""The kernel distance between two sets of features (KID, if these are Inception's).

Binkowski et al., "Demystifying MMD GANs" (ICLR 2018): the squared maximum mean
discrepancy with the kernel k(x, y) = (x.y / F + 1)^3. Unlike the Fréchet distance its expectation
does not depend on the number of samples, and it assumes no Gaussians.
"""

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from kaogan.metrics.points import exact


def kernel_distance(
    real: Float[Tensor, "N F"],
    fake: Float[Tensor, "M F"],
    subset: int = 1000,
    subsets: int = 100,
    seed: int = 0,
) -> tuple[float, float]:
    """The squared MMD: mean and standard deviation over random subsets, without a unit.

    Each of the `subsets` draws `subset` points from each side without replacement. The mean may be
    slightly below 0 for similar sets. The standard deviation is that of one subset's estimate, as
    is usual in reports; the error of the mean is smaller.

    Raises ValueError for a subset larger than a side or smaller than 2, or no subset.
    """
    smaller = min(len(real), len(fake))
    if not 2 <= subset <= smaller:
        raise ValueError(f"subsets of {subset} points cannot be drawn from {smaller}")
    if subsets < 1:
        raise ValueError(f"{subsets} subsets give no mean")
    rng = torch.Generator().manual_seed(seed)
    sides = (exact(real), exact(fake))
    values = []
    for _ in range(subsets):
        x, y = (
            side[torch.randperm(len(side), generator=rng)[:subset].to(side.device)]
            for side in sides
        )
        values.append(squared_mmd(x, y))
    estimates = torch.stack(values)
    return float(estimates.mean()), float(estimates.std(correction=0))


def squared_mmd(x: Float64[Tensor, "N F"], y: Float64[Tensor, "M F"]) -> Float64[Tensor, ""]:
    """The mean of k(x, x') over x != x', plus that of k(y, y'), minus twice that of k(x, y).

    Without the pairs of a point with itself the estimate is unbiased: Gretton et al., "A Kernel
    Two-Sample Test" (JMLR 2012), equation 3.
    """
    return _mean_of_pairs(_kernel(x, x)) + _mean_of_pairs(_kernel(y, y)) - 2 * _kernel(x, y).mean()


def _kernel(x: Float64[Tensor, "N F"], y: Float64[Tensor, "M F"]) -> Float64[Tensor, "N M"]:
    return (x @ y.T).div_(x.shape[1]).add_(1).pow_(3)


def _mean_of_pairs(kernel: Float64[Tensor, "N N"]) -> Float64[Tensor, ""]:
    """The mean outside the diagonal."""
    count = len(kernel)
    return (kernel.sum() - kernel.trace()) / (count * (count - 1))
