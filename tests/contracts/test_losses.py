"""What every registered loss promises, whoever wrote it."""

from typing import Annotated

import pytest
import torch
from pydantic import TypeAdapter

from kaogan.contracts import Loss
from kaogan.losses import losses
from kaogan.registry import Component, by_name


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


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_it_is_a_pure_function_to_one_number(loss, player):
    real, fake = (logits.detach() for logits in random_logits(0))
    before = real.clone(), fake.clone()
    first, second = (getattr(loss, player)(real, fake) for _ in range(2))
    assert first.shape == ()
    assert torch.equal(first, second)
    assert torch.equal(real, before[0])
    assert torch.equal(fake, before[1])


@pytest.mark.parametrize("player", ["discriminator", "generator"])
@pytest.mark.parametrize("real_value", [-1e4, 0.0, 1e4])
@pytest.mark.parametrize("fake_value", [-1e4, 0.0, 1e4])
def test_it_and_its_gradients_stay_finite(loss, player, real_value, fake_value):
    real = torch.full((4,), real_value, requires_grad=True)
    fake = torch.full((4,), fake_value, requires_grad=True)
    value = getattr(loss, player)(real, fake)
    value.backward()
    assert value.isfinite()
    for logits in (real, fake):
        assert logits.grad is None or logits.grad.isfinite().all()


@pytest.mark.parametrize("seed", range(5))
def test_the_discriminator_wants_real_up_and_fake_down(loss, seed):
    real, fake = random_logits(seed)
    loss.discriminator(real, fake).backward()
    assert real.grad.sum() < 0
    assert fake.grad.sum() > 0


@pytest.mark.parametrize("seed", range(5))
def test_the_generator_wants_fake_up(loss, seed):
    real, fake = random_logits(seed)
    loss.generator(real, fake).backward()
    assert fake.grad.sum() < 0


def test_it_says_truly_whether_the_generator_needs_the_real_logits(loss):
    real, fake = random_logits(0)
    loss.generator(real, fake).backward()
    assert loss.needs_real == (real.grad is not None)


def test_the_order_of_the_pictures_does_not_matter(loss):
    real, fake = (logits.detach() for logits in random_logits(0))
    order = torch.randperm(len(real), generator=torch.Generator().manual_seed(1))
    for player in (loss.discriminator, loss.generator):
        torch.testing.assert_close(player(real[order], fake[order]), player(real, fake))
