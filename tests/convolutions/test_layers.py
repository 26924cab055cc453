"""Layers that stand for PyTorch's: same weights, same pictures, same derivatives of every order."""

import copy
from collections.abc import Callable

import pytest
import torch
from plans import plan_of
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.utils.parametrize import type_before_parametrizations

from kaogan.contracts import Norm
from kaogan.convolutions import Plan, use
from kaogan.convolutions.algorithms import ALGORITHMS
from kaogan.convolutions.layers import (
    DoublingConv2d,
    HalvingConv2d,
    Logit,
    Projection,
    convolution,
    input_gradient,
    weight_gradient,
)
from kaogan.models.dcgan import DCGAN

each_algorithm = pytest.mark.parametrize("name", ALGORITHMS)


def leaf(*shape: int) -> Tensor:
    rng = torch.Generator().manual_seed(sum(shape))
    return torch.randn(*shape, generator=rng, dtype=torch.float64, requires_grad=True)


@each_algorithm
@pytest.mark.parametrize("operation", [convolution, input_gradient, weight_gradient])
def test_first_and_second_derivatives_are_right(
    name: str, operation: Callable[[Tensor, Tensor, Plan], Tensor]
) -> None:
    x, weight, g = leaf(2, 2, 8, 8), leaf(3, 2, 4, 4), leaf(2, 3, 4, 4)
    operands = {convolution: (x, weight), input_gradient: (g, weight), weight_gradient: (x, g)}

    def function(left: Tensor, right: Tensor) -> Tensor:
        return operation(left, right, plan_of(name))

    assert gradcheck(function, operands[operation])
    assert gradgradcheck(function, operands[operation])


def networks(norm: Norm = "batch") -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    model = DCGAN(size=32, width=8, latent_dim=16, norm=norm)
    return model.generator().double(), model.discriminator().double()


each_norm = pytest.mark.parametrize("norm", ["batch", "spectral", "none"])


@each_norm
@each_algorithm
def test_a_gradient_penalty_is_the_same(name: str, norm: Norm) -> None:
    """R1: the norm of the discriminator's gradient, differentiated by its weights."""
    generator, plain = networks(norm)
    z = torch.randn(4, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    pictures = generator(z).detach()
    planned = copy.deepcopy(plain)
    use(planned, plan_of(name))
    results = []
    for discriminator in (plain, planned):
        real = pictures.clone().requires_grad_()
        logits = discriminator(real)
        (gradient,) = torch.autograd.grad(logits.sum(), real, create_graph=True)
        (gradient.square().sum() + logits.square().sum()).backward()
        results.append([p.grad for p in discriminator.parameters()])
    for theirs, ours in zip(*results, strict=True):
        assert torch.allclose(theirs, ours, rtol=1e-8, atol=1e-10)


@each_norm
@each_algorithm
def test_networks_stay_what_they_were(name: str, norm: Norm) -> None:
    generator, discriminator = networks(norm)
    z = torch.randn(4, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    discriminator.eval()  # spectral norm takes a step toward the largest singular value else
    before = discriminator(generator(z))
    parameters = [*generator.parameters(), *discriminator.parameters()]
    names = [*generator.state_dict(), *discriminator.state_dict()]

    for network in (generator, discriminator):
        use(network, plan_of(name))
    assert torch.allclose(discriminator(generator(z)), before, rtol=1e-9)
    after = [*generator.parameters(), *discriminator.parameters()]
    assert all(p is q for p, q in zip(parameters, after, strict=True))
    assert names == [*generator.state_dict(), *discriminator.state_dict()]


@each_norm
def test_every_convolution_of_a_dcgan_finds_its_layer(norm: Norm) -> None:
    generator, discriminator = networks(norm)
    for network in (generator, discriminator):
        use(network, Plan())
    kinds = [type(layer) for layer in generator.modules()]
    assert (kinds.count(Projection), kinds.count(DoublingConv2d)) == (1, 3)
    kinds = [type_before_parametrizations(layer) for layer in discriminator.modules()]
    assert (kinds.count(HalvingConv2d), kinds.count(Logit)) == (3, 1)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(2, 4, 4, 2, 1, groups=2, bias=False),
        nn.Conv2d(2, 4, 4, 2, 1, padding_mode="reflect", bias=False),
        nn.Conv2d(2, 4, 4, 2, 1, dilation=2, bias=False),
        nn.Conv2d(2, 4, 3, 2, 1, bias=False),
        nn.Conv2d(2, 4, 4, 2, 0, bias=False),
        nn.Conv2d(2, 4, 3, padding="same", bias=False),
        nn.ConvTranspose2d(2, 4, 4, 2, 1, output_padding=1, bias=False),
    ],
)
def test_what_is_special_is_left_alone(layer: nn.Module) -> None:
    network = nn.Sequential(layer)
    use(network, Plan())
    assert network[0] is layer


@each_algorithm
def test_spectral_norm_moves_with_the_weight_to_the_bit(name: str) -> None:
    """Its buffers too, and it takes its steps as before."""
    _, plain = networks("spectral")
    planned = copy.deepcopy(plain)
    use(planned, plan_of(name))
    assert planned.state_dict().keys() == plain.state_dict().keys()
    for network in (plain, planned):
        for _ in range(3):
            network(torch.zeros(2, 3, 32, 32, dtype=torch.float64))
    for key, tensor in plain.state_dict().items():
        assert torch.equal(planned.state_dict()[key], tensor), key
    copy.deepcopy(planned).load_state_dict(plain.state_dict())


@each_algorithm
def test_a_bias_is_added_in_every_number_format(name: str) -> None:
    layer = nn.Conv2d(2, 4, 4, 2, 1)
    network = nn.Sequential(layer)
    use(network, plan_of(name))
    assert isinstance(network[0], HalvingConv2d)
    x = torch.randn(3, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(network(x), layer(x), atol=1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        out = network(x)
    assert out.dtype == torch.bfloat16
    assert torch.allclose(out.float(), layer(x), atol=0.05)


def test_a_projection_of_a_larger_map_is_the_transposed_convolution() -> None:
    layer = nn.ConvTranspose2d(3, 5, 4, bias=False)
    network = nn.Sequential(layer)
    use(network, Plan())
    for size in (1, 2):
        z = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(size))
        assert torch.allclose(network(z), layer(z), atol=1e-5)


def test_autocast_reaches_the_products() -> None:
    generator, _ = networks()
    generator = generator.float()
    use(generator, plan_of("columns"))
    with torch.autocast("cpu", torch.bfloat16):
        out = generator(torch.randn(2, 16, generator=torch.Generator().manual_seed(0)))
    assert out.dtype == torch.bfloat16
    out.float().sum().backward()
    assert all(p.grad is not None and p.grad.dtype == torch.float32 for p in generator.parameters())
