"""`.onnx`: a network for onnxruntime, in any language and in the browser.

    session = onnxruntime.InferenceSession("generator.onnx")
    (pictures,) = session.run(None, {"z": latents})     # N C H W, from -1 to 1

A generator that knows labels has a second input, "labels": label vectors (`kaogan.labels`), all 0
where nothing is wished for. The metadata names their entries.

Every file is tried before it gets its name: onnxruntime must give what PyTorch gives.
"""

import copy
import io
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from kaogan.contracts import Model
from kaogan.errors import KaoganError, UsageError
from kaogan.export.graph import (
    IR,
    OPSET,
    Axes,
    ToSphere,
    import_onnx,
    model_of,
    translatable,
)
from kaogan.export.network import Network, formats
from kaogan.files import atomic_file
from kaogan.labels import entries
from kaogan.latent.directions import described
from kaogan.models import DCGAN
from kaogan.rng import seed_of
from kaogan.version import __version__

if TYPE_CHECKING:
    from onnx import ModelProto

OnnxPrecision = Literal["fp32", "fp16"]

TRIED = 8
"""Latents or pictures that a file is tried with: the first alone, then all together."""

TOLERANCE = {"fp32": 1e-3, "fp16": 0.1}
"""A larger difference is a fault, not rounding. Outputs of a generator are from -1 to 1."""


@formats.register("onnx")
@dataclass(frozen=True)
class Onnx:
    """A generator or discriminator as a graph with its weights.

    Args:
        precision: of the weights in the file; what goes in and comes out is float32.

    """

    precision: OnnxPrecision = "fp32"
    suffix = ".onnx"

    def write(self, network: Network, file: Path) -> dict[str, Any]:
        """Write the file; returns the largest difference from PyTorch's outputs, among others.

        If the generator has an encoder, `encoder.onnx` is written beside it.

        Raises:
            UsageError: the network is a discriminator of packs.
            KaoganError: the library is missing, or the outputs of the file differ.

        """
        content, difference = onnx_of(network, self.precision)
        facts: dict[str, Any] = {"precision": self.precision, "largest_difference": difference}
        encoder = network.encoder
        beside = file.with_name("encoder.onnx")
        if encoder:
            inverse, apart = encoder_onnx(encoder, network, self.precision)
            with atomic_file(beside) as partial:
                partial.write_bytes(inverse)
            facts |= {"largest_difference": max(difference, apart)}
        with atomic_file(file) as partial:
            partial.write_bytes(content)
        return facts | {"encoder": str(beside) if encoder else None}


def onnx_of(network: Network, precision: OnnxPrecision = "fp32") -> tuple[bytes, float]:
    """A network as the content of an .onnx file, and its largest difference from PyTorch's outputs.

    Raises:
        UsageError, KaoganError: as `Onnx.write`.

    """
    picture: Axes = ["N", *network.model.sample_shape]
    latent: Axes = ["N", network.model.latent_dim]
    if network.player == "discriminator":
        network = network.without_labels()
    module = network.module
    if network.player == "generator":
        sources, target, layers = [("z", latent)], ("pictures", picture), [*module.children()]
        if attributes := network.model.attributes:
            sources.append(("labels", ["N", entries(attributes)]))
    else:
        if network.model.packing > 1:
            raise UsageError("a discriminator that judges packs of pictures has no ONNX form")
        sources, target = [("pictures", picture)], ("logits", ["N"])
        layers = [*module.children(), nn.Flatten(0)]
    # The layers of a DCGAN follow each other. Other networks need PyTorch's exporter.
    known = layers if isinstance(network.model, DCGAN) and translatable(layers) else None
    return tried(known, sources, target, module, precision, about(network))


def encoder_onnx(
    encoder: nn.Module, network: Network, precision: OnnxPrecision
) -> tuple[bytes, float]:
    """An encoder as the content of an .onnx file, and its difference from PyTorch's outputs."""
    latent_dim = network.model.latent_dim
    picture: Axes = ["N", *network.model.sample_shape]
    latent: Axes = ["N", latent_dim]
    layers = [*encoder.children(), ToSphere(latent_dim)]
    source, target = ("pictures", picture), ("z", latent)
    metadata = about(network) | {"player": "encoder", "directions": None}
    return tried(layers, [source], target, encoder, precision, metadata)


def about(network: Network) -> dict[str, Any]:
    """The metadata of a network's file."""
    model, origin, directions = network.model, network.origin, network.directions
    return {
        "kaogan": __version__,
        "player": network.player,
        "size": network.size,
        "channels": network.channels,
        "latent_dim": model.latent_dim,
        "value_range": [-1, 1],
        "recipe": origin.recipe.model_dump(mode="json") if origin else None,
        "images_seen": origin.images_seen if origin else None,
        "directions": described(directions) if directions else None,
        "labels": labels_of(model) or None,
    }


def labels_of(model: Model) -> list[dict[str, Any]]:
    """The entries of the generator's label vectors, for other programs."""
    return [
        {"attribute": attribute.name, "kind": attribute.kind, "entries": attribute.named}
        for attribute in model.attributes
    ]


def tried(
    layers: Sequence[nn.Module] | None,
    sources: Sequence[tuple[str, Axes]],
    target: tuple[str, Axes],
    module: nn.Module,
    precision: OnnxPrecision,
    metadata: Mapping[str, Any],
) -> tuple[bytes, float]:
    """A network as an .onnx file, and its largest difference from PyTorch's outputs.

    Args:
        layers: those of the network, for `kaogan.export.graph.model_of`; None: PyTorch's own
            exporter traces the module.
        sources: names and shapes of the inputs.
        target: name and shape of the output.
        module: the same function in PyTorch, in eval mode.
        precision: of the weights in the file.
        metadata: for the file; strings as they are, the rest as JSON.

    Raises:
        KaoganError: the outputs differ, or a library is missing.

    """
    model = traced(module, sources, target) if layers is None else model_of(layers, sources, target)
    if precision == "fp16":
        halve(model)
    import_onnx().checker.check_model(model, full_check=True)
    words = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in metadata.items()
        if value is not None
    }
    import_onnx().helper.set_model_props(model, words)
    content = model.SerializeToString(deterministic=True)
    difference = largest_difference(content, module, [axes for _, axes in sources])
    if not difference <= TOLERANCE[precision]:
        raise KaoganError(
            f"onnxruntime's outputs differ from PyTorch's by {difference:.2g}: nothing is written"
        )
    return content, difference


def traced(
    module: nn.Module, sources: Sequence[tuple[str, Axes]], target: tuple[str, Axes]
) -> "ModelProto":
    """Any module as an ONNX model, by the exporter of PyTorch that needs no other package.

    Raises:
        KaoganError: the exporter cannot write the module, or a library is missing.

    """
    onnx, content = import_onnx(), io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is the older of two, and not the default
            torch.onnx.export(
                copy.deepcopy(module).eval().requires_grad_(False),
                tuple(trial(axes) for _, axes in sources),
                content,  # type: ignore[arg-type]  # the older exporter takes it
                input_names=[name for name, _ in sources],
                output_names=[target[0]],
                dynamic_axes={name: {0: "N"} for name, _ in (*sources, target)},
                opset_version=OPSET,
                dynamo=False,
            )
    except Exception as error:  # of many kinds, for as many reasons
        reason = " ".join(str(error).split())[:200]
        raise KaoganError(f"PyTorch cannot write this network as ONNX: {reason}") from error
    model: ModelProto = onnx.load_from_string(content.getvalue())
    model.ir_version = IR
    return model


def halve(model: "ModelProto") -> None:
    """Store a model's weights as float16, cast when the file is loaded. Biases stay.

    All computations, inputs and outputs are in float32, which any runtime supports.
    """
    onnx, graph = import_onnx(), model.graph
    for weight in graph.initializer:
        if weight.data_type == onnx.TensorProto.FLOAT and len(weight.dims) > 1:
            name, half = weight.name, f"{weight.name}.half"
            array = onnx.numpy_helper.to_array(weight).astype(np.float16)
            weight.CopyFrom(onnx.numpy_helper.from_array(array, half))
            to = onnx.TensorProto.FLOAT
            graph.node.insert(0, onnx.helper.make_node("Cast", [half], [name], half, to=to))


def largest_difference(content: bytes, module: nn.Module, shapes: Sequence[Axes]) -> float:
    """The difference between the outputs of an .onnx file in onnxruntime and of a PyTorch module.

    For outputs larger than 1, such as logits, it is a share of the largest.

    Raises:
        KaoganError: onnxruntime cannot run the file.

    """
    import onnxruntime  # slow to import

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4  # errors are raised here
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    inputs = [trial(shape) for shape in shapes]
    names = [source.name for source in session.get_inputs()]
    differences = []
    for tried in (inputs, [each[:1] for each in inputs]):  # a logit may depend on the others
        with torch.inference_mode():
            expected = module(*tried).numpy()
        try:
            (found,) = session.run(
                None, {name: each.numpy() for name, each in zip(names, tried, strict=True)}
            )
        except Exception as error:  # of classes of its own
            raise KaoganError(
                f"onnxruntime cannot run this network for a batch of {len(tried[0])}: in its code, "
                f"take the batch from x.shape[0], not from len(x) ({' '.join(str(error).split())})"
            ) from None
        apart = np.abs(found - expected).max()
        differences.append(apart / max(1.0, np.abs(expected).max()))
    return float(max(differences))


def trial(shape: Axes) -> Tensor:
    """Latents from N(0, I), or pictures of noise."""
    axes = [int(axis) for axis in shape[1:]]
    rng = torch.Generator().manual_seed(seed_of(*axes))
    drawn = torch.randn(TRIED, *axes, generator=rng)
    return drawn if len(axes) == 1 else drawn.clamp(-1, 1)
