"""The Fréchet distance against closed forms and against torchmetrics."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance

from kaogan.metrics.frechet import Moments, frechet_distance

seeds = st.integers(0, 2**32)


def cloud(count, features, seed=0):
    """Correlated points, not Gaussian and not around zero, like the features of a network."""
    rng = torch.Generator().manual_seed(seed)
    mixing = torch.randn(features, features, generator=rng) / math.sqrt(features)
    return (torch.randn(count, features, generator=rng) @ mixing + 0.3).relu().double()


def gaussian(mean, covariance, seed=0, count=50):
    """Points with exactly this mean and covariance."""
    mean, covariance = (torch.tensor(v, dtype=torch.float64) for v in (mean, covariance))
    x = torch.randn(count, len(mean), generator=torch.Generator().manual_seed(seed)).double()
    x = x - x.mean(dim=0)
    factor = torch.linalg.cholesky(x.T @ x / (count - 1))
    white = torch.linalg.solve_triangular(factor, x.T, upper=False).T
    return white @ torch.linalg.cholesky(covariance).T + mean


def moments(*batches):
    result = Moments()
    for batch in batches:
        result.add(batch)
    return result


def distance(x, y):
    return frechet_distance(moments(x), moments(y))


def rotation(features, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(features, features, generator=rng).double())[0]


# Moments


@given(cuts=st.lists(st.integers(0, 60), max_size=8), offset=st.sampled_from([0.0, 1e6]))
def test_moments_in_batches_are_those_of_the_whole(cuts, offset):
    x = cloud(60, 5) + offset
    streamed = moments(*torch.tensor_split(x, sorted(cuts)))
    assert streamed.count == 60
    np.testing.assert_allclose(streamed.mean, x.numpy().mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(streamed.covariance, np.cov(x.T.numpy()), rtol=1e-7, atol=1e-9)


def test_moments_are_float64_whatever_comes_in():
    streamed = moments(cloud(10, 3).float(), cloud(10, 3).half())
    assert streamed.mean.dtype == streamed.covariance.dtype == torch.float64


def test_moments_of_too_few_points_are_refused():
    with pytest.raises(ValueError, match="no points"):
        _ = Moments().mean
    with pytest.raises(ValueError, match="two points or more, and there are 1"):
        _ = moments(cloud(1, 3)).covariance
    with pytest.raises(ValueError, match="two points or more"):
        distance(cloud(1, 3), cloud(10, 3))


def test_senseless_features_are_refused():
    with pytest.raises(ValueError, match="NaN or infinity"):
        moments(torch.tensor([[1.0, float("nan")]]))
    with pytest.raises(ValueError, match="4 features, and 3 before"):
        moments(cloud(5, 3), cloud(5, 4))
    with pytest.raises(ValueError, match="3 features on one side, 4 on the other"):
        distance(cloud(5, 3), cloud(5, 4))


# Closed forms


@given(m=st.floats(-5, 5), s=st.floats(0.01, 10), t=st.floats(0.01, 10))
def test_on_a_line(m, s, t):
    found = distance(gaussian([m], [[s * s]]), gaussian([0.0], [[t * t]], seed=1))
    assert found == pytest.approx(m * m + (s - t) ** 2, rel=1e-9, abs=1e-9)


def test_gaussians_in_the_plane():
    # The 2 x 2 matrix A B has eigenvalues p, q: sqrt(p) + sqrt(q) = sqrt(tr + 2 sqrt(det)).
    a, b = np.array([[2.0, 0.7], [0.7, 1.0]]), np.array([[0.5, -0.3], [-0.3, 3.0]])
    root = math.sqrt(np.trace(a @ b) + 2 * math.sqrt(np.linalg.det(a @ b)))
    expected = (1 + 2) ** 2 + (0.5 - 4) ** 2 + np.trace(a) + np.trace(b) - 2 * root
    found = distance(gaussian([1, 0.5], a.tolist()), gaussian([-2, 4.0], b.tolist(), seed=1))
    assert found == pytest.approx(expected, rel=1e-12)


def test_covariances_with_common_axes():
    s, t, turn = [0.1, 1.0, 2.0, 5.0], [3.0, 1.0, 0.5, 4.0], rotation(4)
    x = gaussian([0.0] * 4, np.diag(np.square(s)).tolist()) @ turn
    y = gaussian([0.0] * 4, np.diag(np.square(t)).tolist(), seed=1) @ turn
    expected = sum((i - j) ** 2 for i, j in zip(s, t, strict=True))
    assert distance(x, y) == pytest.approx(expected, rel=1e-12)


def test_a_shift_costs_its_square():
    x = cloud(40, 6)
    assert distance(x, x + 3) == pytest.approx(6 * 9, rel=1e-9)


def test_two_points_of_many_features():
    # Covariances u u^T and v v^T have the trace of the root |u.v|.
    x, y = cloud(2, 400), cloud(2, 400, seed=1)
    u, v = ((p[0] - p[1]) / math.sqrt(2) for p in (x, y))
    between = (x.mean(dim=0) - y.mean(dim=0)).square().sum()
    expected = between + u @ u + v @ v - 2 * (u @ v).abs()
    assert distance(x, y) == pytest.approx(expected.item(), rel=1e-9)


@pytest.mark.parametrize("count", [3, 20, 64])
def test_ranks_that_are_not_full(count):
    # Turning points into a space of more features changes nothing between them.
    x, y = cloud(count, 40), cloud(count + 7, 40, seed=1)
    turn = rotation(200)[:40]
    assert distance(x @ turn, y @ turn) == pytest.approx(distance(x, y), rel=1e-9)


# The reference


class Given(nn.Module):
    """The "network" whose features are what it is given."""

    def __init__(self, features):
        super().__init__()
        self.num_features = features

    def forward(self, x):
        return x


@pytest.mark.parametrize(
    ("count", "other", "features"), [(500, 500, 16), (2000, 700, 64), (100, 300, 256), (9, 9, 64)]
)
def test_torchmetrics_says_the_same(count, other, features):
    x, y = cloud(count, features), 1.2 * cloud(other, features, seed=1)
    reference = FrechetInceptionDistance(feature=Given(features), normalize=True)
    reference.update(x, real=True)
    reference.update(y, real=False)
    assert distance(x, y) == pytest.approx(reference.compute().item(), rel=1e-4)


# Laws


@settings(max_examples=30)
@given(seed=seeds, count=st.integers(2, 40), features=st.integers(1, 30))
def test_laws(seed, count, features):
    x, y = cloud(count, features, seed), 2 * cloud(count + 3, features, seed + 1)
    between = distance(x, y)
    close = {"rel": 1e-6, "abs": 1e-6}
    shuffle = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    turn = rotation(features, seed)
    assert between >= 0
    assert distance(x, x) == pytest.approx(0, abs=1e-6)
    assert distance(y, x) == pytest.approx(between, **close)
    assert distance(x[shuffle], y) == pytest.approx(between, **close)
    assert distance(x @ turn, y @ turn) == pytest.approx(between, **close)
    assert distance(3 * x, 3 * y) == pytest.approx(9 * between, **close)


def test_the_worse_cloud_is_farther():
    real, other = cloud(1000, 20)[:500], cloud(1000, 20)[500:]
    rng = torch.Generator().manual_seed(1)
    noise = torch.randn(500, 20, generator=rng)
    noisy = [distance(real, other + strength * noise) for strength in (0, 0.2, 0.5, 1)]
    collapsed = [distance(real, other[torch.arange(500) % modes]) for modes in (500, 50, 5)]
    assert noisy == sorted(noisy)
    assert collapsed == sorted(collapsed)
