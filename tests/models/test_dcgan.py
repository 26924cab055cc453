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
        ("norm", "layer"),
        ("packing", 0),
        ("packing", 17),
    ],
)
def test_what_makes_no_network_is_refused(field, value):
    with pytest.raises(ValidationError, match=field):
        DCGAN.model_validate({field: value})


# The discriminator's options


def pictures(count: int = 6) -> torch.Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.randn(count, 3, 32, 32, generator=rng).clamp(-1, 1)


@pytest.mark.parametrize("norm", ["spectral", "none"])
def test_without_batch_norm_hidden_layers_have_biases_and_judge_each_picture_alone(norm):
    network = DCGAN(size=32, width=4, norm=norm).discriminator().eval()
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert [m.bias is not None for m in convolutions] == [True, True, True, False]
    alone = torch.cat([network(picture[None]) for picture in pictures()])
    torch.testing.assert_close(network(pictures()), alone)


def test_with_batch_norm_a_picture_is_judged_by_its_company():
    network = DCGAN(size=32, width=4).discriminator()
    assert not torch.allclose(network(pictures())[:2], network(pictures()[:2]))


def largest_singular_values(network: nn.Module) -> list[float]:
    weights = [m.weight for m in network.modules() if isinstance(m, nn.Conv2d)]
    return [torch.linalg.matrix_norm(weight.flatten(1), 2).item() for weight in weights]


def test_spectral_norm_keeps_the_largest_singular_value_of_every_layer_at_1():
    torch.manual_seed(0)
    network = DCGAN(size=32, width=8, norm="spectral").discriminator()
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    for _ in range(30):
        optimizer.zero_grad()
        network(pictures()).mean().neg().backward()
        optimizer.step()
    for _ in range(30):
        network(pictures())  # the power method takes a step each time
    assert largest_singular_values(network.eval()) == pytest.approx([1] * 4, rel=0.01)
    free = DCGAN(size=32, width=8, norm="none").discriminator()
    assert max(largest_singular_values(free)) < 0.9  # as initialised: it is no accident


def test_spectral_norm_and_batch_norm_draw_the_same_initial_weights():
    networks = []
    for norm in ("batch", "spectral"):
        torch.manual_seed(0)
        networks.append(DCGAN(size=32, width=8, norm=norm).discriminator())
    first = networks[1].layers[0].parametrizations.weight.original
    ratio = first / networks[1].eval().layers[0].weight
    assert ratio.std() < 1e-4 * ratio.mean()  # one number, the singular value
    assert 0.01 < first.std() < 0.03


@pytest.mark.parametrize("norm", ["batch", "spectral", "none"])
@pytest.mark.parametrize("packing", [2, 3])
def test_packed_pictures_are_judged_together(norm, packing):
    network = DCGAN(size=32, width=4, norm=norm, packing=packing).discriminator().eval()
    together = pictures(6)
    logits = network(together)
    assert logits.shape == (6 // packing,)
    changed = together.clone()
    changed[packing - 1] += 0.5  # the last of the first pack
    again = network(changed)
    assert again[0] != logits[0]
    torch.testing.assert_close(again[1:], logits[1:])
    as_channels = network.layers(together.view(6 // packing, 3 * packing, 32, 32)).flatten()
    torch.testing.assert_close(logits, as_channels)


def test_packing_changes_only_the_first_layer():
    plain, packed = (DCGAN(size=32, width=4, packing=m).discriminator() for m in (1, 2))
    shapes = [{k: v.shape for k, v in net.state_dict().items()} for net in (plain, packed)]
    assert shapes[0].keys() == shapes[1].keys()
    assert {k for k in shapes[0] if shapes[0][k] != shapes[1][k]} == {"layers.0.weight"}


def test_the_names_of_the_batch_norm_networks_weights_are_those_of_older_checkpoints():
    network = DCGAN(size=32, width=4).discriminator()
    weights = [name for name, _ in network.named_parameters()]
    hidden = [f"layers.{n}.{kind}" for n in (3, 6) for kind in ("weight", "bias")]
    convolutions = [f"layers.{n}.weight" for n in (0, 2, 5, 8)]
    assert sorted(weights) == sorted(convolutions + hidden)
