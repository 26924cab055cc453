"""What is shown of the inside of two networks, on networks whose inside is known."""

import pytest
import torch
from torch import nn

from kaogan.models import DCGAN
from kaogan.report import inside

MODEL = DCGAN(size=32, width=4, latent_dim=8)


def test_the_maps_of_a_generator_grow_and_are_scaled():
    torch.manual_seed(0)
    generator = MODEL.generator().eval()
    maps = inside.feature_maps(generator, 8)
    assert [(one.count, one.side) for one in maps] == [(16, 4), (8, 8), (4, 16)]
    assert [len(one.shown) for one in maps] == [10, 8, 4]
    for one in maps:
        assert float(one.shown.min()) >= 0
        assert float(one.shown.amax((1, 2)).max()) == pytest.approx(1)
    assert all(not layer._forward_hooks for layer in generator.modules())


class Corner(nn.Module):
    """Its logit sees one pixel of each picture, three times in red and four times in blue."""

    def forward(self, pictures):
        return 3 * pictures[:, 0, 1, 2] + 4 * pictures[:, 2, 1, 2]


def test_the_attention_is_the_length_of_the_gradient_of_each_picture():
    pictures = torch.randint(0, 256, (5, 8, 8, 3), dtype=torch.uint8)
    seen = inside.attention(Corner(), DCGAN(), pictures)
    expected = torch.zeros(5, 8, 8)
    expected[:, 1, 2] = 5.0
    torch.testing.assert_close(seen, expected)
    assert inside.centred(seen) == 0.0
    assert inside.centred(seen.roll((2, 1), (1, 2))) == 1.0
    assert float(inside.blurred(seen).amax()) == 1.0


@pytest.mark.parametrize("options", [{"packing": 2}, {"norm": "none", "minibatch_std": 4}])
def test_a_discriminator_of_groups_is_looked_at_too(options):
    torch.manual_seed(0)
    model = MODEL.model_copy(update=options)
    pictures = torch.randint(0, 256, (5, 32, 32, 3), dtype=torch.uint8)
    seen = inside.attention(model.discriminator().eval(), model, pictures)
    assert seen.shape == (5, 32, 32)
    assert bool((seen.amax((1, 2)) > 0).all())


def test_batch_norm_is_shown_where_it_moves_the_numbers_most():
    torch.manual_seed(0)
    shifted = nn.Conv2d(1, 3, 1)
    nn.init.normal_(shifted.weight)
    shifted.bias.data = torch.tensor([0.0, 50.0, 0.0])
    norm = nn.BatchNorm2d(3)
    network = nn.Sequential(nn.Unflatten(1, (1, 2, 4)), shifted, norm)
    network.train()(torch.randn(4096, 8))
    norm.momentum = 1.0
    network(torch.randn(4096, 8))  # its statistics are those of the last batch
    found = inside.normed_channel(network.eval(), 8)
    assert (found.layer, found.channel) == (1, 2)
    assert found.before.mean == pytest.approx(50, abs=1)
    assert found.after.mean == pytest.approx(0, abs=0.3)
    assert found.after.deviation == pytest.approx(1, abs=0.2)
    step = found.before.points[1][0] - found.before.points[0][0]
    assert sum(y for _, y in found.before.points) * step == pytest.approx(1, abs=0.01)


def test_without_batch_norm_nothing_is_shown():
    assert inside.normed_channel(nn.Linear(8, 2), 8) is None
    assert inside.feature_maps(nn.Linear(8, 2), 8) == ()


def test_the_sizes_of_numbers_begin_with_the_picture():
    network = nn.Sequential(nn.LeakyReLU(1.0), nn.LeakyReLU(0.0))
    pictures = torch.tensor([[[[0]], [[255]]]], dtype=torch.uint8).repeat(50, 1, 1, 1)
    (zero, picture), (one, same), (two, half) = inside.sizes(network, pictures)
    assert (zero, one, two) == (0, 1, 2)
    assert picture == same == pytest.approx(1, abs=0.02)
    assert half == pytest.approx(0.5, abs=0.02)
