"""The hinge loss against its equations."""

import pytest
import torch
from densities import GRID, REAL, discriminators_loss, fakes

from kaogan.losses import Hinge


def test_it_is_equations_16_and_17():
    real, fake = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-3.0, 0.0, 1.0])
    # V_D = E[min(0, -1 + D(x))] + E[min(0, -1 - D(G(z)))], which D maximises
    value = (0 - 0.5 - 2) / 3 + (0 - 1 - 2) / 3
    assert Hinge().discriminator(real, fake).item() == pytest.approx(-value)
    assert Hinge().generator(real, fake).item() == pytest.approx(-(-3 + 0 + 1) / 3)


def test_beyond_the_margin_nothing_is_learned():
    real = torch.tensor([1.5, 0.5], requires_grad=True)
    fake = torch.tensor([-1.5, -0.5], requires_grad=True)
    Hinge().discriminator(real, fake).backward()
    assert real.grad.tolist() == [0, -0.5]
    assert fake.grad.tolist() == [0, 0.5]


@pytest.mark.parametrize("fake", fakes())
def test_at_its_best_it_is_twice_what_the_densities_share(fake):
    """C* = sign(p - q); then the loss is 2 * integral of min(p, q)."""

    def loss(logits):
        return discriminators_loss(Hinge(), fake, logits, silent=(1, -1))

    best = torch.where(fake > REAL, -1.0, 1.0).double()
    shared = 2 * torch.trapezoid(torch.minimum(REAL, fake), GRID)
    torch.testing.assert_close(loss(best), shared)
    for other in (0.5 * best, 2 * best, torch.zeros_like(best), -best):
        assert loss(other) >= shared - 1e-9


def test_it_is_sure_at_the_margins():
    real, fake = torch.tensor([1.0, 4.0, 0.0]), torch.tensor([-1.0, -4.0, 0.5])
    probabilities = Hinge().real_probabilities(real, fake)
    assert [probability.item() for probability in probabilities] == pytest.approx([2.5 / 3, 0.25])
