import math

import pytest
import torch

from kaogan.data.toy import Gaussian, Grid, Ring
from kaogan.metrics.modes import score_modes


def draw(target, count, seed=0):
    return target.sample(count, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("target", [Ring(), Grid()], ids=["ring", "grid"])
def test_the_distribution_itself_fills_every_mode_and_hits_as_often_as_a_normal_does(target):
    score = score_modes(draw(target, 200_000), *target.modes)
    assert score.covered == len(target.modes.means)
    assert score.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.001)
    assert score.reverse_kl == pytest.approx(0, abs=0.001)


def test_on_a_line_the_share_is_that_of_three_standard_deviations():
    score = score_modes(draw(Gaussian(), 200_000), *Gaussian().modes)
    assert score.high_quality == pytest.approx(math.erf(3 / math.sqrt(2)), abs=0.0005)


def test_points_are_counted_where_they_are():
    means, sigma = Ring().modes
    inside, outside = 0.029 * torch.tensor([1.0, 0.0]), 0.031 * torch.tensor([1.0, 0.0])
    points = torch.stack(
        [means[0], means[0] + inside, means[0] - inside, means[3], means[5] + outside]
    )
    score = score_modes(points, means, sigma)
    assert score.covered == 2
    assert score.high_quality == pytest.approx(4 / 5)
    shares = (3 / 4, 1 / 4)
    assert score.reverse_kl == pytest.approx(sum(q * math.log(8 * q) for q in shares))


def test_one_mode_alone_is_as_far_away_as_can_be():
    means, sigma = Grid().modes
    score = score_modes(means[:1].expand(10, 2), means, sigma)
    assert (score.covered, score.high_quality) == (1, 1.0)
    assert score.reverse_kl == pytest.approx(math.log(25))


def test_no_good_point_at_all():
    means, sigma = Ring().modes
    assert score_modes(torch.zeros(5, 2), means, sigma) == (0, 0.0, math.inf)
