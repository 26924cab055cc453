"""What every toy distribution promises: its samples follow its density, which integrates to one."""

import math

import pytest
import torch

from kaogan.data.toy import Distribution, Gaussian, Grid, Mixture, Moons, Ring, distribution
from kaogan.data.toy import distributions as registry
from kaogan.errors import UsageError


@pytest.fixture(params=list(registry))
def target(request):
    return distribution(request.param)


def draw(target, count, seed=0):
    return target.sample(count, torch.Generator().manual_seed(seed))


def box(target):
    """A box that holds as good as all of the distribution, and its volume."""
    points = draw(target, 20_000)
    low, high = points.amin(0), points.amax(0)
    margin = 0.05 * (high - low).max()
    low, high = low - margin, high + margin
    return low, high, float((high - low).prod())


def test_it_is_a_distribution_under_its_own_name(target):
    assert isinstance(target, Distribution)
    assert registry[target.name] is type(target)
    assert type(target).model_validate_json(target.model_dump_json()) == target


def test_samples_are_points_of_the_law_and_a_seed_gives_them_again(target):
    points = draw(target, 100)
    assert points.shape == (100, target.dim)
    assert points.dtype == torch.float32
    assert torch.equal(points, draw(target, 100))
    assert not torch.equal(points, draw(target, 100, seed=1))


def test_the_density_integrates_to_one(target):
    """By a sum over a lattice; narrower than the noise, its cells are as good as none."""
    low, high, volume = box(target)
    cells = int(1.5 * float((high - low).max()) / target.sigma)
    middles = (torch.arange(cells) + 0.5) / cells
    axes = [a + (b - a) * middles for a, b in zip(low, high, strict=True)]
    lattice = torch.cartesian_prod(*axes).view(-1, target.dim)
    total = sum(float(target.log_density(at).exp().sum()) for at in lattice.split(1000))
    assert total * volume / len(lattice) == pytest.approx(1, abs=0.002)


def test_the_samples_follow_the_density(target):
    """E[f / p] over samples is the integral of f: here f = 1 in a box around one sample."""
    points = draw(target, 200_000)
    centre, half = points[0], 0.01 if target.dim == 1 else 0.03
    inside = (points - centre).abs().amax(1) < half
    axes = [c + half * torch.linspace(-39 / 40, 39 / 40, 40) for c in centre]
    lattice = torch.cartesian_prod(*axes).view(-1, target.dim)
    expected = float(target.log_density(lattice).exp().mean()) * (2 * half) ** target.dim
    spread = math.sqrt(expected / len(points))
    assert float(inside.float().mean()) == pytest.approx(expected, abs=5 * spread)


def test_the_mean_log_density_of_samples_is_minus_the_entropy_of_a_normal():
    target = Gaussian(mean=3.0, sigma=2.0)
    entropy = 0.5 * math.log(2 * math.pi * math.e * 2.0**2)
    assert float(-target.log_density(draw(target, 100_000)).mean()) == pytest.approx(
        entropy, abs=0.01
    )


def test_ring_and_grid_are_those_of_the_paper():
    ring, grid = Ring().modes, Grid().modes
    angle = 2 * math.pi * 3 / 8
    torch.testing.assert_close(ring.means[3], torch.tensor([math.cos(angle), math.sin(angle)]))
    assert (len(ring.means), ring.sigma) == (8, 0.01)
    assert {tuple(mean) for mean in grid.means.tolist()} == {
        (float(x), float(y)) for x in range(-4, 5, 2) for y in range(-4, 5, 2)
    }
    assert grid.sigma == 0.05


def test_the_moons_lie_around_the_origin_and_do_not_touch():
    points = draw(Moons(sigma=1e-6), 4000)
    assert points.mean(0).abs().max() < 0.05
    above = points[:, 1] > 0.25 - 1e-3
    assert 0.25 < above.float().mean() < 0.5
    assert Mixture().modes.means.tolist() == [[-2.0], [2.0]]


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'ring'"):
        distribution("rings")
