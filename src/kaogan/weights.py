"""Weights in files: writing them, and a network that is filled with them."""

import errno
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


def write_weights(
    tensors: Mapping[str, Tensor], file: Path, metadata: dict[str, str] | None = None
) -> None:
    """Write a .safetensors file, not atomically. Raises an OSError, e.g. if the disk is full."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        save_file(plain, file, metadata)
    except SafetensorError as error:  # it reports a full disk in this way
        code = re.search(r"os error (\d+)", str(error))
        number = int(code[1]) if code else errno.EIO
        raise OSError(number, os.strerror(number)) from None


def filled(make: Callable[[], nn.Module], tensors: Mapping[str, Tensor]) -> nn.Module:
    """The network of `make` with this state dict, in eval mode. Half precision becomes float32.

    Names and shapes are compared first, with a network that has no memory: a small file may ask for
    a network of gigabytes. PyTorch's random state stays as it is.

    Raises:
        ValueError: the tensors are those of another network.

    """
    with torch.random.fork_rng(devices=[]):
        with torch.device("meta"), _Unfilled():
            wanted = {name: tensor.shape for name, tensor in make().state_dict().items()}
        if wanted != {name: tensor.shape for name, tensor in tensors.items()}:
            raise ValueError("the weights are those of another network")
        network = make()
    network.load_state_dict(tensors)
    return network.eval()


class _Unfilled(TorchFunctionMode):
    """Nothing is initialised: random numbers without memory import PyTorch's compiler, a second."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        named = kwargs or {}
        if getattr(func, "__module__", "") == nn.init.__name__:
            return named["tensor"] if "tensor" in named else args[0]
        return func(*args, **named)
