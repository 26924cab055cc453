"""The kernel distance against a closed form and against torchmetrics."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torchmetrics.image.kid import KernelInceptionDistance, poly_mmd

from kaogan.metrics.kernel import kernel_distance, squared_mmd


def cloud(count, features, seed=0, shift=0.0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(count, features, generator=rng).add(0.3 + shift).relu()


def rotation(features):
    rng = torch.Generator().manual_seed(0)
    return torch.linalg.qr(torch.randn(features, features, generator=rng))[0]


def test_the_estimate_is_its_equation():
    x, y = cloud(5, 3).double(), cloud(4, 3, seed=1).double()

    def k(a, b):
        return ((a @ b).item() / 3 + 1) ** 3

    within = [
        sum(k(p[i], p[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
        for p, n in ((x, 5), (y, 4))
    ]
    between = sum(k(a, b) for a in x for b in y) / 20
    assert squared_mmd(x, y).item() == pytest.approx(sum(within) - 2 * between, rel=1e-12)


def test_gaussians_on_a_line():
    # (xy + 1)^3 = x^3 y^3 + 3 x^2 y^2 + 3 xy + 1: the moments' differences, squared and weighted.
    m, s = 0.5, 1.1
    expected = (m**3 + 3 * m * s * s) ** 2 + 3 * (m * m + s * s - 1) ** 2 + 3 * m * m
    x = torch.special.ndtri((torch.arange(2000.0).double() + 0.5) / 2000)[:, None]
    mean, _ = kernel_distance(x, m + s * x, subset=2000, subsets=1)
    assert mean == pytest.approx(expected, rel=0.02)  # quantiles in place of chance


class Given(nn.Module):
    def forward(self, x):
        return x


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance`")
@pytest.mark.parametrize(("count", "features"), [(50, 8), (300, 64), (60, 500)])
def test_torchmetrics_says_the_same(count, features):
    # In subsets of everything chance has no say.
    x, y = cloud(count, features), cloud(count, features, seed=1, shift=0.2)
    reference = KernelInceptionDistance(feature=Given(), subsets=3, subset_size=count)
    reference.update(x.double(), real=True)
    reference.update(y.double(), real=False)
    mean, deviation = kernel_distance(x, y, subset=count, subsets=3)
    assert mean == pytest.approx(reference.compute()[0].item(), rel=1e-6)
    assert deviation == pytest.approx(0, abs=1e-9)


def test_the_deviation_is_that_of_torchmetrics_over_its_own_subsets():
    x, y = cloud(500, 16), cloud(400, 16, seed=1, shift=0.2)
    rng = torch.Generator().manual_seed(0)
    values = torch.stack(
        [
            poly_mmd(
                x[torch.randperm(500, generator=rng)[:50]],
                y[torch.randperm(400, generator=rng)[:50]],
            )
            for _ in range(2000)
        ]
    )
    mean, deviation = kernel_distance(x, y, subset=50, subsets=2000, seed=1)
    assert mean == pytest.approx(values.mean().item(), abs=4 * deviation * (2 / 2000) ** 0.5)
    assert deviation == pytest.approx(values.std().item(), rel=0.1)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), count=st.integers(2, 40), features=st.integers(1, 30))
def test_laws(seed, count, features):
    x, y = cloud(count, features, seed).double(), cloud(count, features, seed + 1, 0.5).double()
    between = squared_mmd(x, y).item()
    close = {"rel": 1e-5, "abs": 1e-9}
    turn = rotation(features).double()
    assert squared_mmd(y, x).item() == pytest.approx(between, **close)
    assert squared_mmd(x.flip(0), y).item() == pytest.approx(between, **close)
    assert squared_mmd(x @ turn, y @ turn).item() == pytest.approx(between, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("count", [20, 1000])
def test_equal_laws_are_at_distance_0_on_average_however_few_the_samples(count):
    x, y = cloud(4000, 16), cloud(4000, 16, seed=1)
    subsets = 20_000 // count
    mean, deviation = kernel_distance(x, y, count, subsets)
    assert abs(mean) < 4 * deviation / (4000 / count) ** 0.5  # as many subsets share no point


def test_a_seed_is_a_result():
    x, y = cloud(100, 4), cloud(100, 4, seed=1)
    results = [kernel_distance(x, y, 20, 5, seed) for seed in (0, 0, 1)]
    assert results[0] == results[1] != results[2]


def test_the_worse_cloud_is_farther():
    real, other = cloud(600, 20), cloud(600, 20, seed=1)
    noise = torch.randn(600, 20, generator=torch.Generator().manual_seed(2))
    noisy = [kernel_distance(real, other + s * noise, 500, 4)[0] for s in (0, 0.3, 0.6, 1)]
    collapsed = [
        kernel_distance(real, other[torch.arange(600) % modes], 500, 4)[0] for modes in (600, 20, 1)
    ]
    assert noisy == sorted(noisy)
    assert collapsed == sorted(collapsed)


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="subsets of 1000 points cannot be drawn from 30"):
        kernel_distance(cloud(2000, 4), cloud(30, 4))
    with pytest.raises(ValueError, match="subsets of 1 points"):
        kernel_distance(cloud(20, 4), cloud(30, 4), subset=1)
    with pytest.raises(ValueError, match="0 subsets"):
        kernel_distance(cloud(20, 4), cloud(30, 4), subset=10, subsets=0)
