"""Relativistic pairing against its equation, and what it is invariant to."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kaogan.losses import NonSaturating, Relativistic

logits = st.lists(st.floats(-30, 30), min_size=4, max_size=4).map(
    lambda values: torch.tensor(values, dtype=torch.float64)
)
CLOSE = {"rtol": 1e-9, "atol": 3e-9}  # torch's softplus is linear above 20


@given(logits, logits)
def test_it_is_its_equation(real, fake):
    pairing = Relativistic()
    for loss, gap in (
        (pairing.discriminator(real, fake), real - fake),
        (pairing.generator(real, fake), fake - real),
    ):
        torch.testing.assert_close(loss, -torch.log(torch.sigmoid(gap)).mean(), **CLOSE)


@given(logits, logits, st.floats(-1e3, 1e3))
def test_only_differences_count(real, fake, shift):
    loss = Relativistic()
    for side in (loss.discriminator, loss.generator, loss.real_probabilities):
        torch.testing.assert_close(
            side(real + shift, fake + shift), side(real, fake), rtol=1e-9, atol=1e-9
        )


@given(logits, logits)
def test_the_players_change_places_with_the_samples(real, fake):
    loss = Relativistic()
    torch.testing.assert_close(loss.discriminator(real, fake), loss.generator(fake, real))


@given(logits, logits)
def test_both_sides_of_a_pair_are_moved_by_the_same_force(real, fake):
    for side in ("discriminator", "generator"):
        one, other = (tensor.clone().requires_grad_() for tensor in (real, fake))
        getattr(Relativistic(), side)(one, other).backward()
        torch.testing.assert_close(one.grad, -other.grad)


def test_pairs_are_judged_together_and_not_means():
    real, fake = torch.tensor([5.0, -5.0]), torch.tensor([-5.0, 5.0])
    wrong = Relativistic().discriminator(real, fake).item()
    assert wrong == pytest.approx((math.log1p(math.exp(-10)) + 10 + math.log1p(math.exp(-10))) / 2)


def test_against_a_fixed_logit_of_0_it_is_the_nonsaturating_game():
    fake = torch.randn(8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    zero = torch.zeros_like(fake)
    torch.testing.assert_close(
        Relativistic().generator(zero, fake), NonSaturating().generator(zero, fake)
    )


def test_where_neither_wins_both_losses_are_log_2_and_both_probabilities_one_half():
    alike = torch.full((4,), 7.0)
    loss = Relativistic()
    assert loss.discriminator(alike, alike).item() == pytest.approx(math.log(2))
    assert loss.generator(alike, alike).item() == pytest.approx(math.log(2))
    assert [mean.item() for mean in loss.real_probabilities(alike, alike)] == [0.5, 0.5]
