"""The network of the paper, its shapes and numbers."""

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from kaogan.models.dcgan import DCGAN, stage_channels


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_papers_network_has_the_papers_parameters():
    # Generator: 100*512*16 + 512*256*16 + 256*128*16 + 128*64*16 + 64*3*16, and batch norm's
    # 2*(512 + 256 + 128 + 64). Discriminator: the same backwards, with one logit for the latent,
    # and no norm at the first layer.
    model = DCGAN()
    assert count(model.generator()) == 3_576_704
    assert count(model.discriminator()) == 2_765_568


@pytest.mark.parametrize(
    ("size", "channels"),
    [
        (32, [64, 128, 256]),
        (64, [64, 128, 256, 512]),
        (128, [64, 128, 256, 512, 512]),
        (256, [64, 128, 256, 512, 512, 512]),
    ],
)
def test_maps_double_their_channels_up_to_eight_times(size, channels):
    assert stage_channels(size, 64) == channels


@pytest.mark.parametrize("upsample", ["transposed", "resize"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [32, 64, 128, 256])
def test_every_size_comes_out_of_the_one_loop(size, channels, upsample):
    model = DCGAN(size=size, channels=channels, latent_dim=5, width=4, upsample=upsample)
    assert model.sample_shape == (channels, size, size)
    with torch.no_grad():
        pictures = model.generator()(torch.randn(2, 5))
        logits = model.discriminator()(pictures)
    assert pictures.shape == (2, channels, size, size)
    assert logits.shape == (2,)


def layer_types(network: nn.Module) -> list[str]:
    return [type(layer).__name__ for layer in network.layers]


def test_the_papers_guidelines_hold():
    generator, discriminator = DCGAN(width=4).generator(), DCGAN(width=4).discriminator()
    hidden = ["ConvTranspose2d", "BatchNorm2d", "ReLU"]
    assert layer_types(generator) == hidden * 4 + ["ConvTranspose2d", "Tanh"]
    down = ["Conv2d", "BatchNorm2d", "LeakyReLU"]
    assert layer_types(discriminator) == ["Conv2d", "LeakyReLU", *down * 3, "Conv2d"]
    slopes = {m.negative_slope for m in discriminator.modules() if isinstance(m, nn.LeakyReLU)}
    assert slopes == {0.2}


def test_resize_leaves_no_stride_to_draw_a_checkerboard():
    generator = DCGAN(width=4, upsample="resize").generator()
    transposed = [m for m in generator.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert [m.stride for m in transposed] == [(1, 1)]  # only "project and reshape"


@pytest.mark.parametrize("upsample", ["transposed", "resize"])
def test_weights_are_normal_with_standard_deviation_0_02(upsample):
    torch.manual_seed(0)
    model = DCGAN(width=32, upsample=upsample)
    for network in (model.generator(), model.discriminator()):
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                weights = module.weight.detach().flatten()
                error = 5 / len(weights) ** 0.5  # five standard errors
                assert abs(weights.mean().item()) < 0.02 * error
                assert abs(weights.std().item() / 0.02 - 1) < error
                inside = (weights.abs() < 0.02).double().mean().item()
                assert abs(inside - 0.6827) < error  # and not uniform
            elif isinstance(module, nn.BatchNorm2d):
                assert abs(module.weight.mean().item() - 1) < 0.02
                assert 0.01 < module.weight.std().item() < 0.03
                assert not module.bias.any()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", 48),
        ("size", 16),
        ("size", 512),
        ("channels", 2),
        ("channels", 4),
        ("latent_dim", 0),
        ("width", 0),
        ("upsample", "bicubic"),
        ("depth", 3),
    ],
)
def test_what_makes_no_network_is_refused(field, value):
    with pytest.raises(ValidationError, match=field):
        DCGAN.model_validate({field: value})
