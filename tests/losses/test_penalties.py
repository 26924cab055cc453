"""Each penalty where it is known: discriminators that are linear, quadratic, flat."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from kaogan.losses import R1, R2, GradientPenalty
from kaogan.losses.penalties import squared_slopes
from passes import pass_of, term

numbers = st.floats(-10, 10)
vectors = st.lists(numbers, min_size=1, max_size=6).map(
    lambda values: torch.tensor(values, dtype=torch.float64)
)
weights = st.floats(0.01, 100)


class Linear(nn.Module):
    """C(x) = <a, x>: its slope is a, everywhere."""

    def __init__(self, a):
        super().__init__()
        self.a = nn.Parameter(a)

    def forward(self, samples):
        return samples.flatten(1) @ self.a


class Quadratic(nn.Module):
    """C(x) = b / 2 ||x||^2: its slope is b x."""

    def __init__(self, b):
        super().__init__()
        self.b = nn.Parameter(torch.tensor(b, dtype=torch.float64))

    def forward(self, samples):
        return self.b / 2 * samples.flatten(1).square().sum(1)


def inputs(size: int, count: int = 5):
    rng = torch.Generator().manual_seed(size)
    real, fake = torch.randn(2, count, size, dtype=torch.float64, generator=rng)
    return real, fake, torch.rand(count, dtype=torch.float64, generator=rng)


@pytest.mark.parametrize("kind", [R1, R2])
@given(a=vectors, weight=weights)
def test_of_a_linear_discriminator_it_is_its_squared_norm(kind, a, weight):
    discriminator = Linear(a)
    penalty = term(kind(weight=weight), discriminator, *inputs(len(a)))
    torch.testing.assert_close(penalty, weight / 2 * a.square().sum())
    penalty.backward()
    torch.testing.assert_close(discriminator.a.grad, weight * a)


@given(a=vectors, weight=weights)
def test_of_a_linear_critic_the_gradient_penalty_is_how_far_its_norm_is_from_1(a, weight):
    penalty = term(GradientPenalty(weight=weight), Linear(a), *inputs(len(a)))
    torch.testing.assert_close(penalty, weight * (a.norm() - 1).square(), rtol=1e-5, atol=1e-4)


@given(b=numbers, weight=weights)
def test_of_a_quadratic_discriminator_each_looks_where_it_says(b, weight):
    real, fake, epsilon = inputs(3)
    between = epsilon[:, None] * real + (1 - epsilon[:, None]) * fake
    for kind, where in ((R1, real), (R2, fake)):
        penalty = term(kind(weight=weight), Quadratic(b), real, fake, epsilon)
        torch.testing.assert_close(penalty, weight / 2 * b**2 * where.square().sum(1).mean())
    penalty = term(GradientPenalty(weight=weight), Quadratic(b), real, fake, epsilon)
    expected = weight * (abs(b) * between.norm(dim=1) - 1).square().mean()
    torch.testing.assert_close(penalty, expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(("epsilon", "end"), [(0.0, "fake"), (1.0, "real")])
def test_epsilon_runs_from_generated_to_real(epsilon, end):
    real, fake, _ = inputs(3)
    where = {"real": real, "fake": fake}[end]
    penalty = GradientPenalty(weight=1.0)
    torch.testing.assert_close(
        term(penalty, Quadratic(2.0), real, fake, torch.full((5,), epsilon, dtype=torch.float64)),
        term(penalty, Quadratic(2.0), where, where, torch.rand(5, dtype=torch.float64)),
    )


def test_a_flat_critic_has_a_penalty_whose_gradient_is_finite():
    critic = Linear(torch.zeros(3, dtype=torch.float64))
    penalty = term(GradientPenalty(weight=10.0), critic, *inputs(3))
    penalty.backward()
    assert penalty.item() == pytest.approx(10, rel=1e-4)
    assert critic.a.grad.isfinite().all()


def test_the_mean_is_over_logits_where_a_sample_holds_several_copies():
    """Three independent discriminators of the plane at once: `N K D` to `N * K` logits."""
    slopes = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 4.0]], dtype=torch.float64)

    class Copies(nn.Module):
        def forward(self, samples):
            return (samples * slopes).sum(2).flatten()

    samples = torch.randn(4, 3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    norms = torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64)
    torch.testing.assert_close(squared_slopes(pass_of(Copies(), samples)), norms.square().repeat(4))
    for kind in (R1, R2):
        penalty = term(kind(weight=1.0), Copies(), samples, samples, torch.rand(4))
        assert penalty.item() == pytest.approx((1 + 4 + 25) / 3 / 2)
    penalty = term(GradientPenalty(weight=1.0), Copies(), samples, samples, torch.rand(4).double())
    assert penalty.item() == pytest.approx((0 + 1 + 16) / 3)


def test_the_mean_is_over_logits_where_a_logit_judges_a_pack():
    a = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)

    class Packs(nn.Module):
        def forward(self, samples):
            return samples.reshape(-1, 4) @ a

    real = torch.randn(6, 2, dtype=torch.float64)
    penalty = term(R1(weight=1.0), Packs(), real, real, torch.rand(6))
    assert penalty.item() == pytest.approx(a.square().sum().item() / 2)


def test_pictures_count_every_pixel():
    a = torch.randn(3 * 4 * 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    pictures = torch.randn(2, 3, 4, 4, dtype=torch.float64)
    for real in (pictures, pictures.to(memory_format=torch.channels_last)):
        penalty = term(R1(weight=2.0), Linear(a), real, real, torch.rand(2))
        torch.testing.assert_close(penalty, a.square().sum())


def test_wgan_gp_finds_the_distance_of_two_points():
    """The best critic of slope 1 between 0 and 3 tells them apart by 3: their distance."""
    critic = Linear(torch.zeros(1, dtype=torch.float64))
    real, fake = torch.full((8, 1), 3.0).double(), torch.zeros(8, 1).double()
    optimizer = torch.optim.SGD(critic.parameters(), lr=0.01)
    for _ in range(500):
        optimizer.zero_grad()
        loss = critic(fake).mean() - critic(real).mean()
        epsilon = torch.rand(8).double()
        (loss + term(GradientPenalty(weight=10.0), critic, real, fake, epsilon)).backward()
        optimizer.step()
    # The penalty is soft: 20 (a - 1) = 3 at the optimum.
    assert critic.a.item() == pytest.approx(1 + 3 / 20, rel=1e-3)
    assert math.isclose((critic(real) - critic(fake)).mean().item(), 3.45, rel_tol=1e-3)
