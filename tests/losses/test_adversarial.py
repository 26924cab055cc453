"""Each loss against its equation, written with log and sigmoid in float64."""

import math

import pytest
import torch
from densities import REAL, discriminators_loss, fakes, jensen_shannon
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch.nn.functional import binary_cross_entropy_with_logits

from kaogan.losses import Minimax, NonSaturating

pairs = st.integers(1, 8).flatmap(
    lambda n: st.tuples(
        *[
            st.lists(st.floats(-30, 30, width=32), min_size=n, max_size=n).map(
                lambda values: torch.tensor(values, dtype=torch.float64)
            )
        ]
        * 2
    )
)
smoothings = st.floats(0, 0.49)

# torch's softplus is linear above 20, where log(1 + e^-20) = 2e-9 is left out.
CLOSE = {"rtol": 1e-9, "atol": 3e-9}


def log_d(logit):
    return torch.log(torch.sigmoid(logit))


def log_not_d(logit):
    return torch.log(torch.sigmoid(-logit))  # 1 - D(x) = sigmoid(-C(x))


@pytest.mark.parametrize("loss", [NonSaturating, Minimax])
@given(pair=pairs, s=smoothings)
def test_the_discriminators_loss_is_its_equation(loss, pair, s):
    real, fake = pair
    equation = -((1 - s) * log_d(real) + s * log_not_d(real)).mean() - log_not_d(fake).mean()
    torch.testing.assert_close(loss(label_smoothing=s).discriminator(real, fake), equation, **CLOSE)


@pytest.mark.parametrize("loss", [NonSaturating, Minimax])
@given(pair=pairs, s=smoothings)
def test_the_discriminators_loss_is_binary_cross_entropy(loss, pair, s):
    real, fake = pair
    reference = binary_cross_entropy_with_logits(real, torch.full_like(real, 1 - s))
    reference = reference + binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    torch.testing.assert_close(
        loss(label_smoothing=s).discriminator(real, fake), reference, **CLOSE
    )


@given(pair=pairs)
def test_the_nonsaturating_generator_maximises_log_d(pair):
    real, fake = pair
    loss = NonSaturating().generator(real, fake)
    torch.testing.assert_close(loss, -log_d(fake).mean(), **CLOSE)


@given(pair=pairs)
def test_the_minimax_generator_minimises_the_value_function(pair):
    real, fake = pair
    loss = Minimax().generator(real, fake)
    torch.testing.assert_close(loss, log_not_d(fake).mean(), **CLOSE)


def test_without_smoothing_minimax_is_a_zero_sum_game():
    real, fake = torch.randn(2, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    value = log_d(real).mean() + log_not_d(fake).mean()
    loss = Minimax()
    torch.testing.assert_close(loss.discriminator(real, fake), -value)
    torch.testing.assert_close(loss.generator(real, fake) + log_d(real).mean(), value)


@pytest.mark.parametrize(("loss", "generator"), [(NonSaturating, 1), (Minimax, -1)])
def test_where_neither_player_wins_the_losses_are_log_4_and_log_2(loss, generator):
    undecided = torch.zeros(4)  # D = 1/2 everywhere: theorem 1 of the paper
    assert loss().discriminator(undecided, undecided).item() == pytest.approx(math.log(4))
    assert loss().generator(undecided, undecided).item() == pytest.approx(generator * math.log(2))


@pytest.mark.parametrize("s", [0.0, 0.1, 0.3])
def test_smoothing_moves_the_best_probability_of_real_pictures_to_one_minus_s(s):
    real = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    best = math.log((1 - s) / s) if s else 40.0
    with torch.no_grad():
        real.fill_(best)
    NonSaturating(label_smoothing=s).discriminator(real, torch.zeros_like(real)).backward()
    assert abs(real.grad.item()) < 1e-12
    assert torch.sigmoid(real).item() == pytest.approx(1 - s)


@given(pair=pairs, s=smoothings)
def test_smoothing_is_one_sided(pair, s):
    real, fake = pair
    rise = {
        smoothing: NonSaturating(label_smoothing=smoothing).discriminator(real, fake)
        - NonSaturating(label_smoothing=smoothing).discriminator(real, fake - 1)
        for smoothing in (0.0, s)
    }
    torch.testing.assert_close(rise[s], rise[0.0], rtol=1e-6, atol=1e-9)


def test_nonsaturating_is_strong_where_minimax_saturates():
    slopes = {}
    for loss in (NonSaturating(), Minimax()):
        fake = torch.full((1,), -10.0, requires_grad=True)  # D is sure that it is generated
        loss.generator(torch.zeros(1), fake).backward()
        slopes[loss.name] = abs(fake.grad.item())
    assert slopes["nonsaturating"] == pytest.approx(1, rel=1e-3)
    assert slopes["minimax"] < 1e-4


@pytest.mark.parametrize("loss", [NonSaturating, Minimax])
@pytest.mark.parametrize("smoothing", [-0.1, 0.5, 1.0, float("nan")])
def test_a_senseless_smoothing_is_refused(loss, smoothing):
    with pytest.raises(ValidationError, match="label_smoothing"):
        loss(label_smoothing=smoothing)


# At the best discriminator, for known densities

SILENT = (1e3, -1e3)


@pytest.mark.parametrize("fake", fakes())
def test_at_the_best_discriminator_the_value_is_twice_the_jensen_shannon_divergence(fake):
    """Theorem 1: V(D*, G) = 2 JSD(p, q) - log 4, with D* = p / (p + q) (proposition 1)."""
    best = torch.log(REAL) - torch.log(fake)  # the logit of p / (p + q)
    closed_form = 2 * jensen_shannon(REAL, fake) - math.log(4)
    for loss in (Minimax(), NonSaturating()):
        loss_d = discriminators_loss(loss, fake, best, SILENT)
        torch.testing.assert_close(-loss_d, closed_form, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("fake", fakes())
@pytest.mark.parametrize("shift", [-0.5, 0.1, 2.0])
def test_no_other_discriminator_does_better(fake, shift):
    best = torch.log(REAL) - torch.log(fake)
    other = discriminators_loss(Minimax(), fake, best + shift, SILENT)
    assert other > discriminators_loss(Minimax(), fake, best, SILENT)


def test_over_samples_the_games_approach_the_closed_form():
    """The code itself, on logits of D* at samples of p = N(0, 1) and q = N(1, 1)."""
    rng = torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, 400_000, generator=rng, dtype=torch.float64)
    fake = fake + 1

    def best(x):
        return 0.5 - x  # log p(x) / q(x)

    divergence = jensen_shannon(REAL, fakes()[1])
    expected = 2 * divergence - math.log(4)
    for loss in (Minimax(), NonSaturating()):
        value = -loss.discriminator(best(real), best(fake))
        assert value.item() == pytest.approx(expected.item(), abs=4e-3)
    value = Minimax().generator(best(real), best(fake)) + log_d(best(real)).mean()
    assert value.item() == pytest.approx(expected.item(), abs=4e-3)
