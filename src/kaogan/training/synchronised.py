"""Batch norm of a batch whose parts are in several processes."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

if TYPE_CHECKING:
    from kaogan.training.world import Processes


class Synchronised(TorchFunctionMode):
    """Replaces `torch.nn.functional.batch_norm` by that of the whole batch, in any module.

    (`torch.nn.SyncBatchNorm` has no implementation for CPUs, and no second derivatives.)
    """

    def __init__(self, world: "Processes") -> None:
        super().__init__()
        self.world = world

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.nn.functional.batch_norm and kwargs.get("training"):
            return _batch_norm(self.world, *args, **kwargs)
        return func(*args, **kwargs)


def _batch_norm(
    world: "Processes",
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """`torch.nn.functional.batch_norm` in training, for a batch in parts of equal size.

    mean = E_p[m_p] and var = E_p[v_p + (m_p - mean)^2], with the mean m_p and the variance v_p of
    part p: Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing
    Sample Variances" (1979), equation 2.1. It can be differentiated any number of times.
    """
    values = x.to(torch.promote_types(x.dtype, torch.float32))
    axes, shape = [0, *range(2, x.ndim)], (1, -1, *[1] * (x.ndim - 2))
    mean = values.mean(axes)
    variance = (values - mean.view(shape)).square().mean(axes)  # `var_mean` is slower on a CPU
    own = torch.zeros(world.size, 1, 1, dtype=values.dtype, device=values.device)
    own[world.rank] = 1
    means, variances = _sum(world, own * torch.stack([mean, variance])).unbind(1)
    mean = means.mean(0)
    variance = (variances + (means - mean).square()).mean(0)
    if running_mean is not None and running_var is not None:
        with torch.no_grad():
            count = world.size * x.numel() // x.shape[1]
            unbiased = variance * (count / (count - 1))
            running_mean.lerp_(mean.to(running_mean.dtype), momentum)
            running_var.lerp_(unbiased.to(running_var.dtype), momentum)
    scale = (variance + eps).rsqrt()
    scale = scale if weight is None else scale * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    return torch.addcmul(shift.view(shape), values, scale.view(shape)).to(x.dtype)


class _Sum(torch.autograd.Function):
    """The sum over all processes. Each process's output depends on every input alike, so the
    gradient is the sum of the gradients.
    """

    @staticmethod
    def forward(ctx: Any, world: "Processes", tensor: Tensor) -> Tensor:
        ctx.world = world
        total = tensor.clone(memory_format=torch.contiguous_format)
        world.add_up(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor]:
        return None, _sum(ctx.world, gradient)


def _sum(world: "Processes", tensor: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(world, tensor)  # type: ignore[no-untyped-call]
    return total
