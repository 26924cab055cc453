"""Layers that replace PyTorch's convolutions and follow a plan, with the same weights."""

from collections.abc import Sequence
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import conv2d, conv_transpose2d
from torch.nn.utils import parametrize

from kaogan.convolutions.plan import Plan


def convolution(x: Tensor, weight: Tensor, plan: Plan) -> Tensor:
    """The convolution w * x; differentiable, as often as needed."""
    return _derivative(plan, x, None, weight)


def input_gradient(g: Tensor, weight: Tensor, plan: Plan) -> Tensor:
    """The transposed convolution of g with w; differentiable."""
    return _derivative(plan, None, g, weight)


def weight_gradient(x: Tensor, g: Tensor, plan: Plan) -> Tensor:
    """The derivative of <g, w * x> by w; differentiable."""
    return _derivative(plan, x, g, None)


def _derivative(plan: Plan, *factors: Tensor | None) -> Tensor:
    return cast(Tensor, _Derivative.apply(plan, *factors))  # type: ignore[no-untyped-call]


class _Derivative(Function):
    """The derivative of <g, w * x> (see `algorithms`) by one of x, g and w: the one that is None.

    It is linear in both others, and its derivative by one of them, in the direction v, is the
    derivative of <g, w * x> by that one, with v in the place of the missing factor. So gradients of
    any order come out right: a gradient penalty needs the second.
    """

    @staticmethod
    def forward(
        ctx: Any, plan: Plan, x: Tensor | None, g: Tensor | None, weight: Tensor | None
    ) -> Tensor:
        ctx.save_for_backward(x, g, weight)
        ctx.plan = plan
        if weight is None:
            return plan.weight_gradient(cast(Tensor, x), cast(Tensor, g))
        if x is None:
            return plan.input_gradient(cast(Tensor, g), weight)
        return plan.forward(x, weight)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        factors = [gradients[0] if each is None else each for each in ctx.saved_tensors]
        found: list[Tensor | None] = [None]  # the plan has no gradient
        for place, needed in enumerate(ctx.needs_input_grad[1:]):
            others = [*factors[:place], None, *factors[place + 1 :]]
            found.append(_derivative(ctx.plan, *others) if needed else None)
        return tuple(found)


class _Planned(nn.Module):
    """A layer that shares weight and bias of the one it replaces, under the same names."""

    def __init__(self, weight: nn.Parameter, bias: nn.Parameter | None, plan: Plan) -> None:
        super().__init__()
        self.weight = weight
        self.bias = bias
        self.plan = plan

    def forward(self, inputs: Float[Tensor, "N C H W"]) -> Float[Tensor, "N D h w"]:
        weight: Tensor = self.weight  # once: spectral norm computes it anew whenever it is read
        if torch.is_autocast_enabled(inputs.device.type):
            dtype = torch.get_autocast_dtype(inputs.device.type)
            inputs, weight = inputs.to(dtype), weight.to(dtype)
        outputs = self.product(inputs, weight)
        if self.bias is None:
            return outputs
        return outputs + self.bias.to(outputs.dtype)[:, None, None]

    def product(self, inputs: Tensor, weight: Tensor) -> Tensor:
        """The output without the bias."""
        raise NotImplementedError


class HalvingConv2d(_Planned):
    """A 4x4 convolution of stride 2 and padding 1."""

    def product(self, inputs: Tensor, weight: Tensor) -> Tensor:
        return convolution(inputs, weight, self.plan)


class DoublingConv2d(_Planned):
    """A transposed 4x4 convolution of stride 2 and padding 1."""

    def product(self, inputs: Tensor, weight: Tensor) -> Tensor:
        return input_gradient(inputs, weight, self.plan)


class Projection(_Planned):
    """A transposed convolution of a 1x1 map: a product of matrices."""

    def product(self, inputs: Tensor, weight: Tensor) -> Tensor:
        if inputs.shape[2:] != (1, 1):
            return conv_transpose2d(inputs, weight)
        _, d, h, w = weight.shape
        pixels = inputs.flatten(1) @ weight.permute(0, 2, 3, 1).reshape(len(weight), -1)
        return pixels.view(-1, h, w, d).permute(0, 3, 1, 2)


class Logit(_Planned):
    """A convolution of the whole map to one number, or to a few: a product of matrices.

    The library's takes five times as long, and more where it is differentiated twice.
    """

    def product(self, inputs: Tensor, weight: Tensor) -> Tensor:
        if inputs.shape[1:] != weight.shape[1:]:
            return conv2d(inputs, weight)
        # In the order in which channels-last maps lie in memory, nothing is copied.
        rows, columns = (tensor.permute(0, 2, 3, 1).flatten(1) for tensor in (inputs, weight))
        return (rows @ columns.T)[:, :, None, None]


PRODUCTS = (Projection, Logit)
"""Layers that need no plan."""


def use(
    network: nn.Module,
    plan: Plan,
    kinds: Sequence[type[_Planned]] = (HalvingConv2d, DoublingConv2d, *PRODUCTS),
) -> None:
    """Replace the network's convolutions by layers of these kinds, where they fit.

    Parameters stay the same objects under the same names, so optimizers, checkpoints and averages
    are not affected. What is computed from a parameter (spectral norm) moves with it.
    """
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            kind = parametrize.type_before_parametrizations(child)
            if kind in (nn.Conv2d, nn.ConvTranspose2d):  # not what is derived from them
                layer = cast(nn.Conv2d | nn.ConvTranspose2d, child)
                planned = _planned(kind, layer)
                if planned is not None and planned in kinds:
                    setattr(parent, name, _replacement(planned, layer, plan))


def _planned(kind: type, layer: nn.Conv2d | nn.ConvTranspose2d) -> type[_Planned] | None:
    """The class of the layer that can replace this one, if there is one."""
    extras = (layer.groups != 1, layer.dilation != (1, 1), layer.padding_mode != "zeros")
    if any(extras) or layer.output_padding not in ((0, 0), None):
        return None
    geometry = (tuple(layer.kernel_size), tuple(layer.stride), layer.padding)
    halves = geometry == ((4, 4), (2, 2), (1, 1))
    plain = geometry[1:] == ((1, 1), (0, 0))
    if kind is nn.Conv2d:
        last = plain and (layer.out_channels == 1 or layer.kernel_size == (4, 4))
        return HalvingConv2d if halves else Logit if last else None
    return DoublingConv2d if halves else Projection if plain else None


def _replacement(
    kind: type[_Planned], layer: nn.Conv2d | nn.ConvTranspose2d, plan: Plan
) -> nn.Module:
    """A layer with the parameters of `layer` and what is computed from them."""
    steps: list[nn.Module] = []
    if parametrize.is_parametrized(layer, "weight"):  # to read it would change the step's buffers
        computed = cast(parametrize.ParametrizationList, layer.parametrizations["weight"])  # type: ignore[index]
        weight, steps = computed.original, list(computed)
    else:
        weight = layer.weight
    bias = cast(nn.Parameter | None, layer.bias)
    planned = kind(cast(nn.Parameter, weight), bias, plan).train(layer.training)
    for step in steps:
        # "Unsafe" leaves a trial run out, which would change them, too.
        parametrize.register_parametrization(planned, "weight", step, unsafe=True)
    return planned
