"""The Fréchet distance between two sets of features, each described as a Gaussian.

Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium"
(NeurIPS 2017), equation 6. With the features of the 2015-12-05 Inception network it is the FID.
"""

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from kaogan.metrics.points import exact


class Moments:
    """Mean and covariance, in float64, of features that arrive in batches and are not kept.

    Batches are merged by the rule of Chan, Golub and LeVeque, "Algorithms for Computing the Sample
    Variance" (1983). Unlike sums of squares, it stays exact where means are far from zero.
    """

    def __init__(self, *batches: Float[Tensor, "_ F"]) -> None:
        self.count = 0
        self._mean = torch.zeros(0, dtype=torch.float64)
        self._scatter = torch.zeros(0, 0, dtype=torch.float64)
        for features in batches:
            self.add(features)

    def add(self, features: Float[Tensor, "N F"]) -> None:
        """Add N points. Raises ValueError for NaN or infinity, or another F than before."""
        if len(features) == 0:
            return
        x = exact(features)
        if not bool(x.isfinite().all()):
            raise ValueError("features must be finite, and there is NaN or infinity")
        if self.count == 0:
            self._mean, self._scatter = x.new_zeros(x.shape[1]), x.new_zeros(x.shape[1], x.shape[1])
        if x.shape[1] != len(self._mean):
            raise ValueError(f"{x.shape[1]} features, and {len(self._mean)} before")
        mean = x.mean(dim=0)
        shift, total = mean - self._mean, self.count + len(x)
        self._scatter += (x - mean).T @ (x - mean)
        self._scatter += torch.outer(shift, shift) * (self.count * len(x) / total)
        self._mean += shift * (len(x) / total)
        self.count = total

    @property
    def mean(self) -> Float64[Tensor, "F"]:
        """The mean m of all points. Raises ValueError if there are none."""
        if self.count == 0:
            raise ValueError("no points, so no mean")
        return self._mean

    @property
    def covariance(self) -> Float64[Tensor, "F F"]:
        """S = sum of (x - m)(x - m)^T / (N - 1), unbiased. Raises ValueError below two points."""
        if self.count < 2:
            raise ValueError(f"a covariance needs two points or more, and there are {self.count}")
        return self._scatter / (self.count - 1)


def frechet_distance(a: Moments, b: Moments) -> float:
    """|m_a - m_b|^2 + tr(A) + tr(B) - 2 tr((A^1/2 B A^1/2)^1/2), with covariances A and B.

    With factors A = P^T P and B = Q^T Q the last trace is the sum of the singular values of P Q^T:
    real, never negative, and exact where covariances are singular, as with fewer points than
    features. The distance is squared, as always with FID, in squared units of the features.

    Raises ValueError for fewer than two points on a side, or different features.
    """
    if a.mean.shape != b.mean.shape:
        raise ValueError(f"{len(a.mean)} features on one side, {len(b.mean)} on the other")
    device = a.mean.device
    cov_a, cov_b = a.covariance, b.covariance.to(device)
    between = (a.mean - b.mean.to(device)).square().sum()
    common = torch.linalg.svdvals(_factor(cov_a) @ _factor(cov_b).T).sum()
    distance = between + cov_a.trace() + cov_b.trace() - 2 * common
    return max(0.0, float(distance))  # rounding may leave -1e-12


def _factor(covariance: Float64[Tensor, "F F"]) -> Float64[Tensor, "R F"]:
    """P with P^T P = the covariance, with as many rows as its numerical rank.

    Eigenvalues below F eps times the largest are rounding errors of zero. They are left out,
    because the square root would turn each 1e-16 into 1e-8.
    """
    values, vectors = torch.linalg.eigh(covariance)
    kept = values > len(values) * torch.finfo(values.dtype).eps * values[-1]
    factor: Tensor = values[kept].sqrt()[:, None] * vectors.T[kept]
    return factor
