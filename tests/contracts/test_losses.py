"""What every registered loss promises, whoever wrote it."""

from typing import Annotated

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from kaogan.contracts import Loss
from kaogan.losses import losses
from kaogan.registry import Component, by_name

UNDECIDED = 0.5
every_loss = pytest.mark.parametrize("loss_name", list(losses))
# Up to what a network in half precision can say; squares of it fit float32.
extreme = st.lists(st.floats(-65504, 65504, width=32), min_size=4, max_size=4).map(torch.tensor)
mistaken = st.lists(st.floats(1e-3, 8), min_size=4, max_size=4).map(
    lambda values: torch.tensor(values, dtype=torch.float64)
)


@pytest.fixture(params=list(losses))
def loss(request):
    return losses[request.param]()


def random_logits(seed: int, count: int = 64):
    rng = torch.Generator().manual_seed(seed)
    return tuple(
        (3 * torch.randn(count, dtype=torch.float64, generator=rng)).requires_grad_()
        for _ in range(2)
    )


def test_it_is_a_loss_under_its_own_name(loss):
    assert isinstance(loss, Loss)
    assert losses[loss.name] is type(loss)


def test_it_survives_json(loss):
    reader = TypeAdapter(Annotated[Component, by_name(losses)])
    assert reader.validate_python(loss.model_dump(mode="json")) == loss


@pytest.mark.parametrize("side", ["discriminator", "generator"])
def test_it_is_a_pure_function_to_one_number(loss, side):
    real, fake = (logits.detach() for logits in random_logits(0))
    before = real.clone(), fake.clone()
    first, second = (getattr(loss, side)(real, fake) for _ in range(2))
    assert first.shape == ()
    assert torch.equal(first, second)
    assert torch.equal(real, before[0])
    assert torch.equal(fake, before[1])


@every_loss
@pytest.mark.parametrize("side", ["discriminator", "generator"])
@given(extreme, extreme)
def test_it_and_its_gradients_stay_finite(loss_name, side, real, fake):
    real, fake = real.clone().requires_grad_(), fake.clone().requires_grad_()
    value = getattr(losses[loss_name](), side)(real, fake)
    value.backward()
    assert value.isfinite()
    for logits in (real, fake):
        assert logits.grad is None or logits.grad.isfinite().all()


@every_loss
@given(mistaken, mistaken)
def test_the_discriminator_wants_every_misjudged_real_up_and_fake_down(loss_name, low, high):
    loss = losses[loss_name]()
    real, fake = UNDECIDED - low, UNDECIDED + high  # labels may be 1 and 0, or 1 and -1
    real, fake = real.requires_grad_(), fake.requires_grad_()
    loss.discriminator(real, fake).backward()
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()


@every_loss
@given(mistaken, mistaken)
def test_the_generator_wants_every_unmasked_fake_up(loss_name, low, high):
    loss = losses[loss_name]()
    real, fake = UNDECIDED + high, (UNDECIDED - low).requires_grad_()
    loss.generator(real, fake).backward()
    assert (fake.grad < 0).all()


@every_loss
@given(mistaken, mistaken)
def test_probabilities_are_shares_that_follow_the_logits(loss_name, low, high):
    loss = losses[loss_name]()
    right = loss.real_probabilities(UNDECIDED + high, UNDECIDED - low)
    wrong = loss.real_probabilities(UNDECIDED - low, UNDECIDED + high)
    assert all(0 <= probability <= 1 for probability in (*right, *wrong))
    assert right[0] >= wrong[0]
    assert right[1] <= wrong[1]


def test_a_discriminator_that_is_right_by_far_believes_so(loss):
    real, fake = torch.full((4,), 50.0), torch.full((4,), -50.0)
    for probability, truth in zip(loss.real_probabilities(real, fake), (1, 0), strict=True):
        assert probability.item() == pytest.approx(truth, abs=1e-6)


def test_it_says_truly_whether_the_generator_needs_the_real_logits(loss):
    real, fake = random_logits(0)
    loss.generator(real, fake).backward()
    assert loss.needs_real == (real.grad is not None)


def test_the_order_of_the_pictures_does_not_matter(loss):
    real, fake = (logits.detach() for logits in random_logits(0))
    order = torch.randperm(len(real), generator=torch.Generator().manual_seed(1))
    for side in (loss.discriminator, loss.generator):
        torch.testing.assert_close(side(real[order], fake[order]), side(real, fake))
