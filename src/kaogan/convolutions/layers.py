"""Convolutions that follow a plan: layers in place of PyTorch's, with the same weights."""

from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import conv_transpose2d

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
    """A layer that shares the weight of the one it stands for, under the same name."""

    def __init__(self, weight: nn.Parameter, plan: Plan) -> None:
        super().__init__()
        self.weight = weight
        self.plan = plan

    def operands(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs and weight in the number format that autocast asks for."""
        if not torch.is_autocast_enabled(inputs.device.type):
            return inputs, self.weight
        dtype = torch.get_autocast_dtype(inputs.device.type)
        return inputs.to(dtype), self.weight.to(dtype)


class HalvingConv2d(_Planned):
    """A 4x4 convolution of stride 2 and padding 1."""

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N D h w"]:
        return convolution(*self.operands(x), self.plan)


class DoublingConv2d(_Planned):
    """A transposed 4x4 convolution of stride 2 and padding 1."""

    def forward(self, g: Float[Tensor, "N D h w"]) -> Float[Tensor, "N C H W"]:
        return input_gradient(*self.operands(g), self.plan)


class Projection(_Planned):
    """A transposed convolution of a 1x1 map: a product of matrices."""

    def forward(self, z: Float[Tensor, "N Z h w"]) -> Float[Tensor, "N D H W"]:
        z, weight = self.operands(z)
        if z.shape[2:] != (1, 1):
            return conv_transpose2d(z, weight)
        _, d, h, w = weight.shape
        pixels = z.flatten(1) @ weight.permute(0, 2, 3, 1).reshape(len(weight), -1)
        return pixels.view(-1, h, w, d).permute(0, 3, 1, 2)


def use(network: nn.Module, plan: Plan) -> None:
    """Put layers that follow the plan in the place of the network's convolutions, where they fit.

    Parameters stay the same objects under the same names, so optimisers, checkpoints and averages
    never notice.
    """
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if type(child) in (nn.Conv2d, nn.ConvTranspose2d):  # not what is derived from them
                planned = _planned(cast(nn.Conv2d | nn.ConvTranspose2d, child))
                if planned is not None:
                    setattr(parent, name, planned(cast(nn.Parameter, child.weight), plan))


def _planned(layer: nn.Conv2d | nn.ConvTranspose2d) -> type[_Planned] | None:
    """What can stand for this layer, if anything can."""
    extras = (layer.bias is not None, layer.groups != 1, layer.dilation != (1, 1))
    if any(extras) or layer.padding_mode != "zeros" or layer.output_padding not in ((0, 0), None):
        return None
    geometry = (tuple(layer.kernel_size), tuple(layer.stride), layer.padding)
    halves = geometry == ((4, 4), (2, 2), (1, 1))
    if isinstance(layer, nn.Conv2d):
        return HalvingConv2d if halves else None
    projects = geometry[1:] == ((1, 1), (0, 0))
    return DoublingConv2d if halves else Projection if projects else None
