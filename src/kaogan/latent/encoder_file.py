"""`encoder.safetensors`: an encoder's weights, its sizes, and its generator's fingerprint."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from kaogan.errors import KaoganError
from kaogan.files import atomic_file, parse_json
from kaogan.latent.encoder import Encoder
from kaogan.latent.fingerprint import fingerprint

NAME = "encoder.safetensors"
"""Its name in a RUN."""


def write_encoder(encoder: Encoder, generator: nn.Module, file: Path, half: bool = False) -> None:
    """Write an encoder that was trained for `generator`; `half`: with weights as float16."""
    tensors = {
        name: tensor.half() if half and tensor.is_floating_point() else tensor
        for name, tensor in encoder.state_dict().items()
    }
    about = {"shape": encoder.shape, "generator": fingerprint(generator)}
    with atomic_file(file) as partial:
        # One key, because the library writes several keys in random order.
        save_file(tensors, partial, {"encoder": json.dumps(about)})


def read_encoder(file: Path, generator: nn.Module) -> Encoder | None:
    """The encoder for `generator` in `file`; None if it is missing or another generator's.

    Raises KaoganError if it is damaged.
    """
    try:
        with safe_open(file, framework="pt") as opened:
            about = parse_json(opened.metadata()["encoder"])
            if about["generator"] != fingerprint(generator):
                return None
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        with torch.random.fork_rng(devices=[]):
            encoder = Encoder(**about["shape"])
        encoder.load_state_dict(tensors)  # converts to float32
    except FileNotFoundError:
        return None
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError):
        raise KaoganError(
            f"{file} holds no encoder of kaogan's, or is damaged; delete it, and it is made anew"
        ) from None
    return encoder.eval()
