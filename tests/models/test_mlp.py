"""The toy networks: against the formulas, and copies against runs of their own."""

import pytest
import torch
from pydantic import ValidationError
from torch import nn
from torch.nn.functional import leaky_relu, relu

from kaogan import recipes
from kaogan.models import MLP


def built(model, seed=0):
    torch.manual_seed(seed)
    return model.generator(), model.discriminator()


def latents(model, count=6):
    return torch.randn(count, model.latent_dim, generator=torch.Generator().manual_seed(1))


def linears(network):
    """Weights and biases of a network of one copy, as `torch.nn.functional.linear` takes them."""
    return [
        (layer.weight[0], layer.bias)
        for layer in network.layers
        if hasattr(layer, "weight") and layer.weight.ndim == 3
    ]


def only(network, copy, model):
    """Copy number `copy` of a network, as a network of one copy."""
    single = model.model_copy(update={"copies": 1, "latent_dim": model.latent_dim // model.copies})
    generator, discriminator = built(single)
    target = generator if hasattr(network, "copies") else discriminator
    share = {
        name: part if part.ndim == 0 else part.chunk(model.copies)[copy]
        for name, part in network.state_dict().items()
    }
    target.load_state_dict(share)
    return target


def test_the_networks_of_one_copy_are_ordinary_ones():
    model = MLP(width=16, discriminator_width=12, depth=2, discriminator_depth=2)
    generator, discriminator = built(model)
    h = latents(model)
    for index, (weight, bias) in enumerate(linears(generator)):
        h = nn.functional.linear(relu(h) if index else h, weight, bias)
    points = generator(latents(model))
    assert points.shape == (6, 1, 2)
    torch.testing.assert_close(points[:, 0], h)
    for index, (weight, bias) in enumerate(linears(discriminator)):
        h = nn.functional.linear(leaky_relu(h, 0.2) if index else h, weight, bias)
    torch.testing.assert_close(discriminator(points), h[:, 0])


def test_the_papers_networks_have_its_layers():
    generator, discriminator = built(recipes.pacgan().model)
    assert [tuple(weight.shape) for weight, _ in linears(generator)] == [
        (400, 2),
        (400, 400),
        (400, 400),
        (400, 400),
        (2, 400),
    ]
    assert [bias is None for _, bias in linears(generator)] == [True] * 4 + [False]
    assert sum(isinstance(layer, nn.BatchNorm1d) for layer in generator.layers) == 4
    assert [tuple(weight.shape) for weight, _ in linears(discriminator)] == [
        (1000, 2),
        (1000, 200),
        (1000, 200),
        (1, 200),
    ]
    weights = torch.cat([weight.flatten() for weight, _ in linears(discriminator)])
    assert float(weights.detach().std()) == pytest.approx(0.02, rel=0.01)


def test_maxout_takes_the_largest_piece():
    _, discriminator = built(MLP(discriminator_width=3, discriminator_depth=1, pieces=5))
    (weight, bias), (last, last_bias) = linears(discriminator)
    points = torch.randn(4, 2)
    hidden = nn.functional.linear(points, weight, bias).view(4, 3, 5).amax(2)
    expected = nn.functional.linear(hidden, last, last_bias)[:, 0]
    torch.testing.assert_close(discriminator(points[:, None]), expected)


def test_batch_norm_makes_every_unit_of_every_copy_standard():
    model = MLP(latent_dim=6, width=16, depth=1, generator_norm="batch", copies=3)
    generator, _ = built(model)
    z = latents(model, 500).view(500, 3, 2).permute(1, 2, 0)
    hidden = generator.layers[1](generator.layers[0](z))
    torch.testing.assert_close(hidden.mean(2), torch.zeros(3, 16), atol=1e-5, rtol=0)
    torch.testing.assert_close(hidden.var(2, correction=0), torch.ones(3, 16), atol=1e-3, rtol=0)


@pytest.mark.parametrize("norm", ["batch", "none"])
@pytest.mark.parametrize("packing", [1, 2])
def test_every_copy_is_a_pair_of_its_own(norm, packing):
    model = MLP(latent_dim=6, width=8, generator_norm=norm, pieces=2, packing=packing, copies=3)
    generator, discriminator = built(model)
    z = latents(model)
    points, logits = generator(z), discriminator(generator(z))
    assert points.shape == (6, *model.sample_shape) == (6, 3, 2)
    assert logits.shape == (6 // packing * 3,)
    for copy in range(3):
        one = only(generator, copy, model)
        mine = one(z[:, 2 * copy : 2 * copy + 2])
        torch.testing.assert_close(mine[:, 0], points[:, copy])
        expected = only(discriminator, copy, model)(mine)
        torch.testing.assert_close(expected, logits.view(-1, 3)[:, copy])
    assert not torch.allclose(points[:, 0], points[:, 1])


def test_a_pack_is_one_sample_to_the_discriminator():
    model = MLP(packing=3, discriminator_depth=1)
    _, discriminator = built(model)
    points = torch.randn(6, 1, 2)
    (weight, bias), (last, last_bias) = linears(discriminator)
    hidden = leaky_relu(nn.functional.linear(points.reshape(2, 6), weight, bias), 0.2)
    expected = nn.functional.linear(hidden, last, last_bias)[:, 0]
    torch.testing.assert_close(discriminator(points), expected)


def test_latents_that_cannot_be_shared_out_are_refused():
    with pytest.raises(ValidationError, match="multiple of 3"):
        MLP(latent_dim=4, copies=3)
