"""Precision, recall, density and coverage against `prdc` and the definitions, and their sense."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from prdc import compute_prdc

from kaogan.metrics.coverage import density_coverage, precision_recall, radii


def cloud(count, features=8, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(count, features, generator=rng)


def everything(real, fake, k, chunk=512):
    return *precision_recall(real, fake, k, chunk), *density_coverage(real, fake, k, chunk)


# References


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(
    ("count", "other", "features"), [(100, 100, 2), (400, 250, 8), (90, 600, 64), (8, 7, 3)]
)
def test_prdc_says_the_same(count, other, features, k):
    real, fake = cloud(count, features), 0.8 * cloud(other, features, seed=1) + 0.2
    expected = compute_prdc(real.numpy(), fake.numpy(), nearest_k=k)
    names = ("precision", "recall", "density", "coverage")
    assert everything(real, fake, k) == pytest.approx([expected[n] for n in names], rel=1e-9)


def test_prdc_says_the_same_of_a_generator_that_copies():
    real = cloud(200)
    fake = torch.cat([real[:100], cloud(100, seed=1)])
    expected = compute_prdc(real.double().numpy(), fake.double().numpy(), nearest_k=5)
    density, coverage = density_coverage(real, fake)
    assert density == pytest.approx(expected["density"], rel=1e-3)
    assert coverage == expected["coverage"]


# On a grid many distances are equal, and points coincide.
grids = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=5, max_size=15)


@given(real=grids, fake=grids, k=st.integers(1, 4))
def test_the_definitions_hold_at_borders_too(real, fake, k):
    x, y = (np.array(points, dtype=float) for points in (real, fake))

    def between(a, b):
        return np.linalg.norm(a[:, None] - b, axis=2)

    r, s = (np.sort(between(p, p), axis=1)[:, k] for p in (x, y))
    d = between(x, y)
    precision, recall = (d <= r[:, None]).any(axis=0).mean(), (d <= s).any(axis=1).mean()
    density = (d < r[:, None]).sum() / (k * len(y))
    coverage = (d.min(axis=1) < r).mean()
    found = everything(torch.tensor(x), torch.tensor(y), k)
    assert found == pytest.approx((precision, recall, density, coverage), rel=1e-9)


def test_radii_reach_to_the_kth_neighbour():
    points = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
    assert radii(points, 1).tolist() == [1, 1, 2, 4]
    assert radii(points, 2).tolist() == [3, 2, 3, 6]


# Laws


@given(seed=st.integers(0, 2**32), count=st.integers(6, 40), features=st.integers(1, 10))
def test_a_cloud_has_all_of_itself(seed, count, features):
    x = cloud(count, features, seed)
    assert everything(x, x.clone(), 5) == (1, 1, 1, 1)


def test_repeated_points_are_inside_their_own_cloud():
    x = cloud(10).repeat(6, 1)
    assert precision_recall(x, x.clone()) == (1, 1)


@given(seed=st.integers(0, 2**32))
def test_what_is_real_and_what_is_not_can_be_swapped(seed):
    a, b = cloud(50, 3, seed), 0.7 * cloud(60, 3, seed + 1)
    assert precision_recall(a, b) == precision_recall(b, a)[::-1]


@settings(max_examples=20)
@given(chunk=st.integers(1, 30), seed=st.integers(0, 2**32))
def test_chunks_order_and_rotation_change_nothing(chunk, seed):
    real, fake = cloud(20, 4, seed), 0.7 * cloud(15, 4, seed + 1)
    expected = pytest.approx(everything(real, fake, 3), rel=1e-9)
    rng = torch.Generator().manual_seed(seed)
    turn = torch.linalg.qr(torch.randn(4, 4, generator=rng).double())[0]
    shuffle = torch.randperm(20, generator=rng)
    assert everything(real, fake, 3, chunk) == expected
    assert everything(real[shuffle], fake.flip(0), 3) == expected
    assert everything(5 * real.double() @ turn + 2, 5 * fake.double() @ turn + 2, 3) == expected


# Orientation


@pytest.fixture(scope="module")
def modes():
    """Ten modes: 600 real points of them, and 600 others."""
    centres = 6 * cloud(10, 16, seed=1)
    return [centres[torch.arange(600) % 10] + cloud(600, 16, seed) for seed in (2, 3)]


def test_a_good_generator(modes):
    precision, recall, density, coverage = everything(*modes, 5)
    assert min(precision, recall, coverage) > 0.85
    assert density == pytest.approx(1, abs=0.1)


def test_a_collapsed_generator_is_precise_and_covers_little(modes):
    real, other = modes
    fake = other[:1] + 0.3 * cloud(600, 16, seed=4)  # one face, again and again
    precision, recall, density, coverage = everything(real, fake, 5)
    assert precision > 0.95
    assert density > 0.95
    assert recall < 0.02
    assert coverage < 0.1


def test_dropped_modes_lower_recall_and_coverage_alone(modes):
    real, other = modes
    of_mode = torch.arange(600) % 10
    found = [everything(real, other[of_mode < kept], 5) for kept in (10, 7, 4, 1)]
    precision, recall, density, coverage = zip(*found, strict=True)
    for shares in (recall, coverage):
        assert [*shares] == sorted(shares, reverse=True)
        assert shares == pytest.approx([1, 0.7, 0.4, 0.1], abs=0.15)
    assert min(precision) > 0.85
    assert min(density) > 0.85


def test_noise_lowers_precision_and_density(modes):
    real, other = modes
    found = [everything(real, other + s * cloud(600, 16, seed=4), 5) for s in (0, 0.5, 1, 3)]
    precision, _, density, coverage = zip(*found, strict=True)
    for shares in (precision, density, coverage):
        assert [*shares] == sorted(shares, reverse=True)
    assert precision[-1] < 0.05


def test_a_few_stray_fake_points_raise_recall_but_not_coverage(modes):
    # What Naeem et al. hold against recall, and why density and coverage are given as well.
    real, other = modes
    fake = torch.cat([other[:1] + 0.3 * cloud(600, 16, seed=4), 100 * cloud(8, 16, seed=5)])
    assert precision_recall(real, fake)[1] > 0.8
    assert density_coverage(real, fake)[1] < 0.1


# Limits


def test_too_few_points_are_refused():
    with pytest.raises(ValueError, match="3 points have no neighbour number 3"):
        precision_recall(cloud(50), cloud(3))
    with pytest.raises(ValueError, match="5 points have no neighbour number 5"):
        density_coverage(cloud(5), cloud(50))
    with pytest.raises(ValueError, match="no fake points"):
        density_coverage(cloud(10), cloud(0))
    with pytest.raises(ValueError, match="no neighbour number 0"):
        radii(cloud(10), 0)


@pytest.mark.skipif(sys.platform == "win32", reason="resource is for Unix")
def test_memory_is_bounded():
    # 5,000 x 5,000 distances are 200 MB, of which there is never more than a part.
    program = """
        import resource, sys, torch
        from kaogan.metrics.coverage import precision_recall
        torch.set_num_threads(1)
        def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        x, y = torch.randn(2, 5000, 16)
        precision_recall(x[:100], y[:100])
        before = peak()
        precision_recall(x, y)
        print((peak() - before) * (1 if sys.platform == "darwin" else 1024))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 150e6
