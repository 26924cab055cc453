"""The network of the paper, its shapes and numbers."""

import math

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from kaogan.models.dcgan import DCGAN, MinibatchStd, stage_channels


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
        ("initialization", "xavier"),
        ("minibatch_std", -1),
        ("minibatch_std", 65),
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


def test_he_weights_keep_the_size_of_activations_and_the_logits_are_halved():
    """Var(w) = 2 / ((1 + 0.2^2) fan_in), He et al. 2015, equation 15; at last a quarter."""
    torch.manual_seed(0)
    options = {"norm": "none", "initialization": "he", "minibatch_std": 4}
    network = DCGAN(width=32, **options).discriminator()
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    for place, convolution in enumerate(convolutions):
        last = place == len(convolutions) - 1
        weights = convolution.weight.detach()
        std = math.sqrt(2 / 1.04 / weights[0].numel()) / (2 if last else 1)
        error = 5 / weights.numel() ** 0.5  # five standard errors
        assert abs(weights.mean().item()) < std * error
        assert abs(weights.std().item() / std - 1) < error
        inside = (weights.abs() < std).double().mean().item()
        assert abs(inside - 0.6827) < error  # normal, not uniform
        assert convolution.bias is None if last else not convolution.bias.any()


def test_he_is_for_the_discriminator_alone():
    networks = []
    for initialization in ("normal", "he"):
        torch.manual_seed(0)
        networks.append(DCGAN(size=32, width=4, initialization=initialization).generator())
    plain, he = (network.state_dict() for network in networks)
    assert all(torch.equal(plain[name], he[name]) for name in plain)


# Minibatch standard deviation


def maps(count: int, channels: int = 3, size: int = 4) -> torch.Tensor:
    rng = torch.Generator().manual_seed(count)
    return torch.randn(count, channels, size, size, generator=rng)


@pytest.mark.parametrize(
    ("batch", "group", "groups"),
    [(8, 4, 2), (4, 4, 1), (6, 4, 3), (10, 4, 5), (2, 4, 1), (9, 4, 9), (3, 64, 3)],
)
def test_the_channel_is_the_mean_deviation_of_the_group(batch, group, groups):
    """Written out; a batch that is no multiple of the group has smaller ones."""
    x = maps(batch)
    out = MinibatchStd(group)(x)
    assert out.shape == (batch, 4, 4, 4)
    assert torch.equal(out[:, :3], x)
    size = batch // groups
    for first in range(0, batch, size):
        neighbours = x[first : first + size].double()
        deviation = (neighbours.var(0, correction=0) + 1e-8).sqrt().mean()
        expected = deviation.float().expand(size, 4, 4)
        torch.testing.assert_close(out[first : first + size, 3], expected)


@pytest.mark.parametrize("count", [1, 4, 8])
def test_of_equal_pictures_and_of_a_single_one_the_deviation_is_that_of_the_constant(count):
    """sqrt(0 + 1e-8)."""
    out = MinibatchStd(4)(maps(1).repeat(count, 1, 1, 1))
    torch.testing.assert_close(out[:, 3], torch.full((count, 4, 4), 1e-4))


def test_the_deviation_of_a_group_is_blind_to_the_others_and_to_the_order_within():
    x = maps(8)
    other = x.clone()
    other[4:] *= 3
    deviations = [MinibatchStd(4)(each)[:, 3, 0, 0] for each in (x, other, x.flip(0))]
    assert torch.equal(deviations[0][:4], deviations[1][:4])
    torch.testing.assert_close(3 * deviations[0][4:], deviations[1][4:])
    torch.testing.assert_close(deviations[0], deviations[2].flip(0))


def test_channels_last_and_bf16_maps_give_the_same_deviation():
    x = maps(8)
    expected = MinibatchStd(4)(x)
    last = MinibatchStd(4)(x.to(memory_format=torch.channels_last))
    torch.testing.assert_close(last, expected)
    half = MinibatchStd(4)(x.bfloat16())
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), expected, rtol=1e-2, atol=1e-2)


def test_the_gradient_of_the_deviation_and_its_slope_are_right():
    x = maps(4, channels=1, size=2).double().requires_grad_()

    class Exact(MinibatchStd):
        """In double precision throughout: `forward` sums in float32."""

        def forward(self, maps):
            centred = maps - maps.mean(0, keepdim=True)
            return (centred.square().mean(0) + 1e-8).sqrt().mean()

    (expected,) = torch.autograd.grad(Exact(4)(x), x)
    mine = x.detach().float().requires_grad_()
    channel = MinibatchStd(4)(mine)[:, 1].mean()
    (slope,) = torch.autograd.grad(channel, mine, create_graph=True)
    torch.testing.assert_close(slope.double(), expected)
    slope.square().sum().backward()  # as a penalty does
    assert mine.grad.isfinite().all()
    assert mine.grad.any()


def test_the_discriminator_is_told_the_deviation_before_the_logit():
    torch.manual_seed(0)
    network = DCGAN(size=32, width=4, norm="none", minibatch_std=4).discriminator()
    assert layer_types(network)[-2:] == ["MinibatchStd", "Conv2d"]
    assert network.layers[-1].in_channels == 8 * 4 // 2 + 1
    x = pictures(8)
    swapped = x[[1, 0, *range(2, 8)]]  # within a group: the company is the same
    torch.testing.assert_close(network(swapped)[2:], network(x)[2:])
    other = torch.cat([x[:1], x[:1], x[2:]])
    assert (network(other)[2:4] != network(x)[2:4]).all()  # its group's spread is another one
    assert torch.equal(network(other)[4:], network(x)[4:])
