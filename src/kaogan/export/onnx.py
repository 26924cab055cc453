"""`.onnx`: a network for onnxruntime, in any language and in the browser.

    session = onnxruntime.InferenceSession("generator.onnx")
    (pictures,) = session.run(None, {"z": latents})     # N C H W, from -1 to 1

Every file is tried before it gets its name: onnxruntime must give what PyTorch gives.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from kaogan.errors import KaoganError, UsageError
from kaogan.export.companions import described, directions_beside, encoder_beside
from kaogan.export.graph import Axes, Precision, ToSphere, import_onnx, model_of
from kaogan.export.network import Facts, Network, formats
from kaogan.files import atomic_file
from kaogan.rng import seed_of
from kaogan.version import __version__

TRIED = 8
"""Latents or pictures that a file is tried with, one alone and all together."""

TOLERANCE = {"fp32": 1e-3, "fp16": 0.1}
"""A larger difference than this is a fault, and not rounding; outputs of a generator go from -1
to 1."""


@formats.register("onnx")
@dataclass(frozen=True)
class Onnx:
    """A generator or discriminator as a graph with its weights.

    Args:
        precision: of the weights in the file; what goes in and comes out is float32.

    """

    precision: Precision = "fp32"
    suffix = ".onnx"

    def write(self, network: Network, file: Path) -> Facts:
        """Write the file; says the largest difference from PyTorch's outputs.

        If the generator has an encoder, `encoder.onnx` is written beside it.

        Raises:
            UsageError: a discriminator that judges pictures in packs.
            KaoganError: the library is missing, or the file does not give the same outputs.

        """
        content, difference = onnx_of(network, self.precision)
        facts: dict[str, Any] = {"precision": self.precision, "largest_difference": difference}
        encoder = encoder_beside(network) if network.player == "generator" else None
        beside = file.with_name("encoder.onnx")
        if encoder:
            inverse, apart = encoder_onnx(encoder, network, self.precision)
            with atomic_file(beside) as partial:
                partial.write_bytes(inverse)
            facts |= {"largest_difference": max(difference, apart)}
        with atomic_file(file) as partial:
            partial.write_bytes(content)
        return facts | {"encoder": str(beside) if encoder else None}


def onnx_of(network: Network, precision: Precision = "fp32") -> tuple[bytes, float]:
    """A network as the content of an .onnx file, and its largest difference from PyTorch's outputs.

    Raises:
        UsageError, KaoganError: as `Onnx.write`.

    """
    picture: Axes = ["N", *network.model.sample_shape]
    latent: Axes = ["N", network.model.latent_dim]
    module = network.module
    if network.player == "generator":
        source, target, layers = ("z", latent), ("pictures", picture), [*module.children()]
    else:
        if network.model.packing > 1:
            raise UsageError("a discriminator that judges packs of pictures has no ONNX form")
        source, target = ("pictures", picture), ("logits", ["N"])
        layers = [*module.children(), nn.Flatten(0)]
    return tried(layers, source, target, module, precision, about(network))


def encoder_onnx(encoder: nn.Module, network: Network, precision: Precision) -> tuple[bytes, float]:
    """An encoder as the content of an .onnx file, and its difference from PyTorch's outputs."""
    latent_dim = network.model.latent_dim
    picture: Axes = ["N", *network.model.sample_shape]
    latent: Axes = ["N", latent_dim]
    layers = [*encoder.children(), ToSphere(latent_dim)]
    source, target = ("pictures", picture), ("z", latent)
    metadata = about(network) | {"player": "encoder", "directions": None}
    return tried(layers, source, target, encoder, precision, metadata)


def about(network: Network) -> dict[str, Any]:
    """What the file says of its network."""
    model, origin = network.model, network.origin
    directions = directions_beside(network) if network.player == "generator" else None
    return {
        "kaogan": __version__,
        "player": network.player,
        "size": model.size,
        "channels": model.channels,
        "latent_dim": model.latent_dim,
        "value_range": [-1, 1],
        "recipe": origin.recipe.model_dump(mode="json") if origin else None,
        "images_seen": origin.images_seen if origin else None,
        "directions": described(directions) if directions else None,
    }


def tried(
    layers: Sequence[nn.Module],
    source: tuple[str, Axes],
    target: tuple[str, Axes],
    module: nn.Module,
    precision: Precision,
    metadata: Mapping[str, Any],
) -> tuple[bytes, float]:
    """Layers as an .onnx file, compared with the PyTorch module that they are of.

    Args:
        layers: the network's, as for `kaogan.export.graph.model_of`.
        source: name and shape of what goes in.
        target: name and shape of what comes out.
        module: the same function in PyTorch, in eval mode.
        precision: of the weights in the file.
        metadata: for the file; strings as they are, the rest as JSON.

    """
    model = model_of(layers, source, target, precision)
    words = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in metadata.items()
        if value is not None
    }
    import_onnx().helper.set_model_props(model, words)
    content = model.SerializeToString(deterministic=True)
    difference = largest_difference(content, module, source[1])
    if not difference <= TOLERANCE[precision]:
        raise KaoganError(
            f"onnxruntime's outputs differ from PyTorch's by {difference:.2g}: nothing is written"
        )
    return content, difference


def largest_difference(content: bytes, module: nn.Module, shape: Axes) -> float:
    """Between the outputs of an .onnx file in onnxruntime and those of a PyTorch module.

    Of outputs larger than 1 (logits are), as a share of the largest.

    Raises:
        KaoganError: onnxruntime is not installed.

    """
    try:
        import onnxruntime
    except ImportError:
        raise KaoganError("ONNX needs onnx and onnxruntime: pip install 'kaogan[onnx]'") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    inputs = trial(shape)
    name = session.get_inputs()[0].name
    differences = []
    for tried in (inputs, inputs[:1]):  # a logit may depend on the others
        with torch.inference_mode():
            expected = module(tried).numpy()
        apart = np.abs(session.run(None, {name: tried.numpy()})[0] - expected).max()
        differences.append(apart / max(1.0, np.abs(expected).max()))
    return float(max(differences))


def trial(shape: Axes) -> Tensor:
    """Latents from N(0, I), or pictures of noise."""
    axes = [int(axis) for axis in shape[1:]]
    rng = torch.Generator().manual_seed(seed_of(*axes))
    drawn = torch.randn(TRIED, *axes, generator=rng)
    return drawn if len(axes) == 1 else drawn.clamp(-1, 1)
