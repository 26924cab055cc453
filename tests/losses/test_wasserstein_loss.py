"""The Wasserstein loss against its equations, and the distance it measures."""

import pytest
import torch
from densities import GRID, discriminators_loss, normal

from kaogan.losses import Wasserstein


def test_it_is_a_difference_of_means():
    real, fake = torch.tensor([1.0, 2.0]), torch.tensor([-3.0, 5.0])
    assert Wasserstein().discriminator(real, fake).item() == pytest.approx(1 - 1.5)
    assert Wasserstein().generator(real, fake).item() == pytest.approx(-1)


@pytest.mark.parametrize("shift", [0.0, 0.5, 9.0, -4.0])
def test_the_best_critic_of_slope_1_finds_the_distance(shift):
    """W1 of a normal and its shifted twin is the shift; the critic is linear (equation 2)."""
    critic = GRID * (-1.0 if shift > 0 else 1.0)
    value = discriminators_loss(Wasserstein(), normal(shift, 1.0), critic, silent=(0, 0))
    assert -value.item() == pytest.approx(abs(shift), abs=1e-9)
    for tilt in (0.9, 0.0, -1.0):
        other = discriminators_loss(Wasserstein(), normal(shift, 1.0), tilt * critic, (0, 0))
        assert other >= value - 1e-9


def test_its_losses_are_equation_3_and_theorem_3_over_samples():
    rng = torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, 50_000, generator=rng, dtype=torch.float64)
    fake = fake + 2
    assert Wasserstein().discriminator(-real, -fake).item() == pytest.approx(-2, abs=0.03)
    shift = torch.zeros((), dtype=torch.float64, requires_grad=True)
    Wasserstein().generator(-real, -(fake + shift)).backward()
    assert shift.grad.item() == pytest.approx(1)  # moving the samples away: the distance grows


def test_a_constant_added_to_the_critic_changes_no_gradient():
    real, fake = torch.randn(2, 8, generator=torch.Generator().manual_seed(0))
    loss = Wasserstein()
    torch.testing.assert_close(
        loss.discriminator(real + 5, fake + 5), loss.discriminator(real, fake)
    )
    torch.testing.assert_close(loss.generator(real + 5, fake + 5), loss.generator(real, fake) - 5)
    shifted = loss.real_probabilities(real + 5, fake + 5)
    torch.testing.assert_close(shifted, loss.real_probabilities(real, fake))
