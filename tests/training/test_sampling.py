"""Drawing with settled generators."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from toys import tiny_recipe

from kaogan.errors import UsageError
from kaogan.images import to_pixels
from kaogan.rng import latents
from kaogan.training.sampling import Sampler, standing_statistics


@pytest.fixture
def generator():
    torch.manual_seed(0)
    network = tiny_recipe().model.generator()
    with torch.no_grad():  # larger weights than N(0, 0.02), so that faces differ
        for parameter in network.parameters():
            parameter.mul_(10) if parameter.ndim > 1 else None
    return network


def state(network):
    return {key: value.clone() for key, value in network.state_dict().items()}


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_statistics_are_a_function_of_the_weights_alone(generator):
    twin = copy.deepcopy(generator)
    for norm in twin.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.running_mean.fill_(7)
            norm.running_var.fill_(9)
            norm.num_batches_tracked.fill_(11)
    twin.eval()
    torch.manual_seed(99)
    assert equal(state(standing_statistics(generator, 8)), state(standing_statistics(twin, 8)))


def test_statistics_are_those_of_the_first_layers_output(generator):
    settled = standing_statistics(generator, 8, count=128 * 40)
    first, norm = generator.layers[0], settled.layers[1]
    z = torch.randn(20_000, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        maps = first(z[:, :, None, None])
    torch.testing.assert_close(norm.running_mean, maps.mean((0, 2, 3)), atol=0.02, rtol=0)
    torch.testing.assert_close(norm.running_var, maps.var((0, 2, 3)), atol=0, rtol=0.05)


def test_the_generator_itself_is_left_as_it_is(generator):
    generator.train()
    before = state(generator)
    settled = standing_statistics(generator, 8)
    assert equal(state(generator), before)
    assert generator.training
    assert all(module.training for module in generator.modules())
    assert not any(module.training for module in settled.modules())
    assert {m.momentum for m in settled.modules() if isinstance(m, nn.BatchNorm2d)} == {0.1}
    with torch.no_grad():
        generator.layers[0].weight.zero_()
    assert settled.layers[0].weight.any()


def test_a_network_without_batch_norm_is_only_copied():
    network = nn.Linear(3, 2)
    settled = standing_statistics(network, 3)
    assert equal(state(settled), state(network))
    assert settled is not network


def test_a_seed_gives_the_same_face_in_any_batch(generator):
    sampler = Sampler(standing_statistics(generator, 8), 8)
    together = sampler.sample(130)  # more than one batch
    for seed in (0, 5, 127, 128, 129):
        (alone,) = sampler.sample(1, seed)
        assert np.abs(alone.astype(int) - together[seed]).max() <= 1  # to rounding
    assert len({face.tobytes() for face in together}) == 130


def test_a_sampler_draws_the_seeds_from_its_first(generator):
    sampler = Sampler(standing_statistics(generator, 8), 8)
    faces = sampler.sample(5, seed=10)
    assert faces.shape == (5, 32, 32, 3)
    assert faces.dtype == np.uint8
    np.testing.assert_array_equal(faces, sampler.sample(5, seed=10))
    shifted = sampler.sample(4, seed=11)
    assert np.abs(faces[1:].astype(int) - shifted).max() <= 1
    with torch.no_grad():
        expected = to_pixels(sampler.generator(latents([10, 11, 12, 13, 14], 8)))
    np.testing.assert_array_equal(faces, expected.numpy())


def test_truncation_pulls_faces_together(generator):
    sampler = Sampler(standing_statistics(generator, 8), 8)
    spread = [sampler.sample(16, truncation=psi).std(0).mean() for psi in (1.0, 0.5, 0.0)]
    assert spread[0] > spread[1] > spread[2] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 0},
        {"truncation": -0.1},
        {"truncation": 2.1},
        {"truncation": float("nan")},
        {"seed": -1},
        {"seed": 2**63},
        {"seed": 10**30},
    ],
)
def test_what_cannot_be_drawn_is_refused(generator, wrong):
    with pytest.raises(UsageError):
        Sampler(generator, 8).sample(**wrong)


def test_latents_are_drawn_as_they_are(generator):
    sampler = Sampler(standing_statistics(generator, 8), 8)
    np.testing.assert_array_equal(sampler.draw(latents([3, 4], 8)), sampler.sample(2, seed=3))
