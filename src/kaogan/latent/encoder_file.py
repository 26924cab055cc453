"""`encoder.safetensors`: an encoder's weights, its sizes, and its generator's fingerprint."""

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from safetensors import SafetensorError, safe_open
from torch import nn

from kaogan.errors import KaoganError
from kaogan.files import atomic_file
from kaogan.latent.encoder import Encoder
from kaogan.latent.fingerprint import fingerprint
from kaogan.records import Record, Text, parse_json
from kaogan.weights import filled, write_weights

NAME = "encoder.safetensors"
"""Its name in a RUN."""


class ShapeRecord(Record):
    """The arguments of `Encoder`."""

    size: Annotated[int, Field(ge=32, le=256, strict=True)]
    channels: Literal[1, 3]
    latent_dim: Annotated[int, Field(ge=1, le=4096, strict=True)]
    width: Annotated[int, Field(ge=1, le=512, strict=True)]


class EncoderRecord(Record):
    """The JSON in the header."""

    shape: ShapeRecord
    generator: Text


def write_encoder(encoder: Encoder, generator: nn.Module, file: Path, half: bool = False) -> None:
    """Write an encoder that was trained for `generator`; `half`: with weights as float16."""
    tensors = {
        name: tensor.half() if half and tensor.is_floating_point() else tensor
        for name, tensor in encoder.state_dict().items()
    }
    about = {"shape": encoder.shape, "generator": fingerprint(generator)}
    with atomic_file(file) as partial:
        # One key, because the library writes several keys in random order.
        write_weights(tensors, partial, {"encoder": json.dumps(about)})


def read_encoder(file: Path, generator: nn.Module) -> Encoder | None:
    """The encoder for `generator` in `file`; None if it is missing or another generator's.

    Raises KaoganError if it is damaged.
    """
    try:
        with safe_open(file, framework="pt") as opened:
            about = parse_json((opened.metadata() or {}).get("encoder", ""), EncoderRecord)
            if about.generator != fingerprint(generator):
                return None
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        encoder = filled(lambda: Encoder(**dict(about.shape)), tensors)
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError, ValueError):
        raise KaoganError(
            f"{file} holds no encoder of kaogan's, or is damaged; delete it, and it is made anew"
        ) from None
    assert isinstance(encoder, Encoder)
    return encoder
