"""What every registered model promises, whoever wrote it."""

from typing import Annotated

import pytest
import torch
from pydantic import TypeAdapter

from kaogan.contracts import Model
from kaogan.models import models
from kaogan.registry import Component, by_name

SMALL = {"size": 32, "width": 4, "latent_dim": 8}


@pytest.fixture(params=list(models))
def model(request):
    if request.param.startswith("keras"):
        pytest.importorskip("keras", reason="needs kaogan[keras]")
    kind = models[request.param]
    torch.manual_seed(0)
    return kind.model_validate({k: v for k, v in SMALL.items() if k in kind.model_fields})


def draw(model, count=6):
    rng = torch.Generator().manual_seed(0)
    return model.generator()(torch.randn(count, model.latent_dim, generator=rng))


def test_it_is_a_model_under_its_own_name(model):
    assert isinstance(model, Model)
    assert models[model.name] is type(model)


def test_the_defaults_build(model):
    default = type(model)()
    assert sum(parameter.numel() for parameter in default.generator().parameters()) > 0
    assert sum(parameter.numel() for parameter in default.discriminator().parameters()) > 0


def test_it_survives_json(model):
    reader = TypeAdapter(Annotated[Component, by_name(models)])
    assert reader.validate_python(model.model_dump(mode="json")) == model


def test_samples_have_the_promised_shape_and_range(model):
    samples = draw(model)
    assert samples.shape == (6, *model.sample_shape)
    assert samples.dtype == torch.float32
    if len(model.sample_shape) == 3:  # a picture; points may lie anywhere
        assert samples.min() >= -1
        assert samples.max() <= 1
    assert samples.std(0).max() > 0  # not one picture for all latents


def test_the_discriminator_gives_one_logit_for_each_sample(model):
    logits = model.discriminator()(draw(model))
    assert logits.shape == (6,)
    assert logits.min() != logits.max()


def test_every_parameter_of_both_players_gets_a_gradient(model):
    generator, discriminator = model.generator(), model.discriminator()
    discriminator(generator(torch.randn(6, model.latent_dim))).square().sum().backward()
    for network in (generator, discriminator):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
            assert parameter.grad.any(), name


def test_a_gradient_penalty_reaches_the_discriminators_weights(model):
    discriminator = model.discriminator()
    samples = draw(model).detach().requires_grad_()
    (slope,) = torch.autograd.grad(discriminator(samples).sum(), samples, create_graph=True)
    slope.square().sum().backward()
    weights = [p for p in discriminator.parameters() if p.ndim > 1]
    for weight in weights:
        assert weight.grad.isfinite().all()
        assert weight.grad.any()


def test_two_builds_are_strangers_and_a_seed_makes_them_twins(model):
    def weights(seed):
        torch.manual_seed(seed)
        return torch.cat([p.flatten() for p in model.generator().parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_names_of_the_weights_do_not_depend_on_the_build(model):
    for build in (model.generator, model.discriminator):
        assert build().state_dict().keys() == build().state_dict().keys()
        again = build()
        again.load_state_dict(build().state_dict())


def test_a_group_of_neighbours_is_judged_by_itself(model):
    """Two sides judged together have the logits that each has alone, if `group` divides them."""
    if "norm" in type(model).model_fields:
        model = model.model_copy(update={"norm": "none"})
    if "minibatch_std" in type(model).model_fields:
        model = model.model_copy(update={"minibatch_std": 2})
    assert model.group is not None
    discriminator, samples = model.discriminator(), draw(model, 4 * model.group)
    sides = samples.chunk(2)
    together = discriminator(samples)
    torch.testing.assert_close(together, torch.cat([discriminator(side) for side in sides]))


def test_batch_norm_judges_the_whole_batch(model):
    if "norm" not in type(model).model_fields:
        pytest.skip("it has no batch norm")
    assert model.model_copy(update={"norm": "batch"}).group is None
