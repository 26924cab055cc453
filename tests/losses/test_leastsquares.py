"""The least squares loss against its equations."""

import pytest
import torch
from densities import REAL, discriminators_loss, fakes

from kaogan.losses import LeastSquares


def test_it_is_the_mean_squared_error_to_the_labels():
    real, fake = torch.tensor([0.0, 3.0]), torch.tensor([2.0, -1.0])
    loss = LeastSquares()
    assert loss.discriminator(real, fake).item() == pytest.approx((1 + 4) / 4 + (4 + 1) / 4)
    assert loss.generator(real, fake).item() == pytest.approx((1 + 4) / 4)


@pytest.mark.parametrize("fake", fakes())
def test_its_best_discriminator_is_the_share_of_the_real_density(fake):
    """Equation 5 of the paper: C* = (b p + a q) / (p + q), here p / (p + q)."""
    best = (REAL / (REAL + fake)).requires_grad_()
    discriminators_loss(LeastSquares(), fake, best, silent=(1, 0)).backward()
    assert best.grad.abs().max() < 1e-12
    other = torch.full_like(best, 0.5, requires_grad=True)
    discriminators_loss(LeastSquares(), fake, other, silent=(1, 0)).backward()
    assert torch.equal(other.grad.abs().max() > 1e-6, torch.tensor(fake is not REAL))


def test_its_probabilities_are_the_outputs_themselves():
    real, fake = torch.tensor([1.0, 0.5, 1.8]), torch.tensor([0.0, -0.7, 0.3])
    probabilities = LeastSquares().real_probabilities(real, fake)
    assert [probability.item() for probability in probabilities] == pytest.approx([2.5 / 3, 0.1])
