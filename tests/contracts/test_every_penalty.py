"""What every registered penalty promises, whoever wrote it."""

from typing import Annotated

import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import nn

from kaogan.contracts import Penalty
from kaogan.losses.penalties import penalties
from kaogan.registry import Component, by_name
from passes import pass_of, term


@pytest.fixture(params=list(penalties))
def penalty(request):
    return penalties[request.param]()


def network() -> nn.Module:
    torch.manual_seed(0)
    layers = nn.Linear(3, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1), nn.Flatten(0)
    return nn.Sequential(*layers)


def inputs(seed: int = 0):
    rng = torch.Generator().manual_seed(seed)
    real, fake = torch.randn(2, 8, 3, generator=rng)
    return real, fake, torch.rand(8, generator=rng)


def test_it_is_a_penalty_under_its_own_name(penalty):
    assert isinstance(penalty, Penalty)
    assert penalties[penalty.name] is type(penalty)


def test_it_survives_json(penalty):
    reader = TypeAdapter(Annotated[Component, by_name(penalties)])
    assert reader.validate_python(penalty.model_dump(mode="json")) == penalty


def test_it_is_a_pure_function_to_one_number_that_is_never_negative(penalty):
    discriminator, arguments = network(), inputs()
    before = [tensor.clone() for tensor in arguments]
    first, second = (term(penalty, discriminator, *arguments) for _ in range(2))
    assert first.shape == ()
    assert torch.equal(first, second)
    assert first >= 0
    assert all(map(torch.equal, arguments, before))
    assert not any(tensor.requires_grad for tensor in arguments)


def test_it_reaches_every_weight_but_those_that_no_slope_depends_on(penalty):
    discriminator = network()
    term(penalty, discriminator, *inputs()).backward()
    assert discriminator[0].weight.grad.any()
    assert discriminator[2].weight.grad.any()
    assert discriminator[2].bias.grad is None or not discriminator[2].bias.grad.any()


def test_it_leaves_no_gradient_of_its_own_and_does_not_reach_the_generator(penalty):
    discriminator = network()
    real, fake, epsilon = inputs()
    value = term(penalty, discriminator, real, fake.requires_grad_(), epsilon)
    assert all(parameter.grad is None for parameter in discriminator.parameters())
    value.backward()
    assert fake.grad is None


def test_it_is_that_of_the_passes_it_is_given(penalty):
    """R1 and R2 need no pass of their own; whoever needs one asks the discriminator."""
    discriminator = network()
    real, fake, epsilon = inputs()
    passes = pass_of(discriminator, real), pass_of(discriminator, fake)
    calls = []

    def watched(samples):
        calls.append(samples)
        return discriminator(samples)

    assert torch.equal(
        penalty(watched, *passes, epsilon), term(penalty, discriminator, real, fake, epsilon)
    )
    assert len(calls) == (1 if penalty.name == "gradient-penalty" else 0)


def test_its_weight_is_a_factor(penalty):
    twice = type(penalty)(weight=2 * penalty.weight)
    one, two = (term(each, network(), *inputs()) for each in (penalty, twice))
    torch.testing.assert_close(two, 2 * one)


def test_the_order_of_the_pairs_does_not_matter(penalty):
    order = torch.randperm(8, generator=torch.Generator().manual_seed(1))
    shuffled = (tensor[order] for tensor in inputs())
    torch.testing.assert_close(
        term(penalty, network(), *shuffled), term(penalty, network(), *inputs())
    )


def test_a_logit_that_is_added_to_all_changes_nothing(penalty):
    shifted = network()
    with torch.no_grad():
        shifted[2].bias += 3
    torch.testing.assert_close(
        term(penalty, shifted, *inputs()), term(penalty, network(), *inputs())
    )


def test_it_agrees_with_finite_differences(penalty):
    """Its gradient by a weight: the second derivatives are right."""
    discriminator, arguments = network().double(), [tensor.double() for tensor in inputs()]
    smooth = nn.Sequential(discriminator[0], nn.Softplus(), *discriminator[2:])
    weight = smooth[0].weight
    term(penalty, smooth, *arguments).backward()
    step = 1e-6
    with torch.no_grad():
        weight[2, 1] += step
    above = term(penalty, smooth, *arguments)
    with torch.no_grad():
        weight[2, 1] -= 2 * step
    below = term(penalty, smooth, *arguments)
    difference = (above - below).item() / (2 * step)
    assert weight.grad[2, 1].item() == pytest.approx(difference, rel=1e-6)


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_senseless_weight_is_refused(penalty, weight):
    with pytest.raises(ValidationError, match="weight"):
        type(penalty)(weight=weight)
