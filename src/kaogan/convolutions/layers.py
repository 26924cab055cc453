"""Convolutions that follow a plan: layers in place of PyTorch's, with the same weights."""

from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import conv_transpose2d
from torch.nn.utils import parametrize

from kaogan.convolutions.plan import Plan

# The three derivatives of <g, w * x> (see `algorithms`) differentiate into each other, so gradients
# of any order come out right: a gradient penalty needs the second.


def convolution(x: Tensor, weight: Tensor, plan: Plan) -> Tensor:
    """The convolution w * x; differentiable, as often as needed."""
    return cast(Tensor, _Convolution.apply(x, weight, plan))  # type: ignore[no-untyped-call]


def input_gradient(g: Tensor, weight: Tensor, plan: Plan) -> Tensor:
    """The transposed convolution of g with w; differentiable."""
    return cast(Tensor, _InputGradient.apply(g, weight, plan))  # type: ignore[no-untyped-call]


def weight_gradient(x: Tensor, g: Tensor, plan: Plan) -> Tensor:
    """The derivative of <g, w * x> by w; differentiable."""
    return cast(Tensor, _WeightGradient.apply(x, g, plan))  # type: ignore[no-untyped-call]


class _Convolution(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, plan: Plan) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.plan = plan
        return plan.forward(x, weight)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (x, weight), (g,) = ctx.saved_tensors, gradients
        x_gradient = input_gradient(g, weight, ctx.plan) if ctx.needs_input_grad[0] else None
        w_gradient = weight_gradient(x, g, ctx.plan) if ctx.needs_input_grad[1] else None
        return x_gradient, w_gradient, None


class _InputGradient(Function):
    @staticmethod
    def forward(ctx: Any, g: Tensor, weight: Tensor, plan: Plan) -> Tensor:
        ctx.save_for_backward(g, weight)
        ctx.plan = plan
        return plan.input_gradient(g, weight)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (g, weight), (x,) = ctx.saved_tensors, gradients
        g_gradient = convolution(x, weight, ctx.plan) if ctx.needs_input_grad[0] else None
        w_gradient = weight_gradient(x, g, ctx.plan) if ctx.needs_input_grad[1] else None
        return g_gradient, w_gradient, None


class _WeightGradient(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, g: Tensor, plan: Plan) -> Tensor:
        ctx.save_for_backward(x, g)
        ctx.plan = plan
        return plan.weight_gradient(x, g)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (x, g), (weight,) = ctx.saved_tensors, gradients
        x_gradient = input_gradient(g, weight, ctx.plan) if ctx.needs_input_grad[0] else None
        g_gradient = convolution(x, weight, ctx.plan) if ctx.needs_input_grad[1] else None
        return x_gradient, g_gradient, None


class _Planned(nn.Module):
    """A layer that shares weight and bias of the one it stands for, under the same names."""

    def __init__(self, weight: nn.Parameter, bias: nn.Parameter | None, plan: Plan) -> None:
        super().__init__()
        self.weight = weight
        self.bias = bias
        self.plan = plan

    def forward(self, inputs: Float[Tensor, "N C H W"]) -> Float[Tensor, "N D h w"]:
        outputs = self.product(*self.operands(inputs))
        return (
            outputs if self.bias is None else outputs + self.bias.to(outputs.dtype)[:, None, None]
        )

    def product(self, inputs: Tensor, weight: Tensor) -> Tensor:
        """What the layer computes, without its bias."""
        raise NotImplementedError

    def operands(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs and weight in the number format that autocast asks for."""
        weight = self.weight  # once: spectral norm computes it anew whenever it is read
        if not torch.is_autocast_enabled(inputs.device.type):
            return inputs, weight
        dtype = torch.get_autocast_dtype(inputs.device.type)
        return inputs.to(dtype), weight.to(dtype)


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


def use(network: nn.Module, plan: Plan) -> None:
    """Put layers that follow the plan in the place of the network's convolutions, where they fit.

    Parameters stay the same objects under the same names, so optimisers, checkpoints and averages
    never notice; what is computed from a parameter (spectral norm) moves with it.
    """
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            kind = parametrize.type_before_parametrizations(child)
            if kind in (nn.Conv2d, nn.ConvTranspose2d):  # not what is derived from them
                layer = cast(nn.Conv2d | nn.ConvTranspose2d, child)
                planned = _planned(kind, layer)
                if planned is not None:
                    setattr(parent, name, _stand_in(planned, layer, plan))


def _stand_in(kind: type[_Planned], layer: nn.Conv2d | nn.ConvTranspose2d, plan: Plan) -> nn.Module:
    """A layer in the place of `layer`, with its parameters and what is computed from them."""
    bias = cast(nn.Parameter | None, layer.bias)
    if not parametrize.is_parametrized(layer, "weight"):
        return kind(cast(nn.Parameter, layer.weight), bias, plan).train(layer.training)
    steps = cast(parametrize.ParametrizationList, layer.parametrizations["weight"])  # type: ignore[index]
    planned = kind(cast(nn.Parameter, steps.original), bias, plan).train(layer.training)
    for step in steps:
        # "Unsafe" leaves a trial run out, which would change the step's buffers.
        parametrize.register_parametrization(planned, "weight", step, unsafe=True)
    return planned


def _planned(kind: type, layer: nn.Conv2d | nn.ConvTranspose2d) -> type[_Planned] | None:
    """What can stand for this layer, if anything can."""
    extras = (layer.groups != 1, layer.dilation != (1, 1), layer.padding_mode != "zeros")
    if any(extras) or layer.output_padding not in ((0, 0), None):
        return None
    geometry = (tuple(layer.kernel_size), tuple(layer.stride), layer.padding)
    halves = geometry == ((4, 4), (2, 2), (1, 1))
    if kind is nn.Conv2d:
        return HalvingConv2d if halves else None
    projects = geometry[1:] == ((1, 1), (0, 0))
    return DoublingConv2d if halves else Projection if projects else None
