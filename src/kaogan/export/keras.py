"""`.keras`: a network that plain Keras loads, on TensorFlow, JAX or PyTorch, without kaogan.

    generator = keras.saving.load_model("generator.keras")
    pictures = generator(latents, training=False)     # N H W C, from -1 to 1

Reading a file runs nothing in it. Its description must be that of a DCGAN, which is built here.
Then the weights are read into it.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field, ValidationError

from kaogan.contracts import Norm
from kaogan.errors import KaoganError, UsageError
from kaogan.export.network import Network, Player, build, formats, readers, weights_of
from kaogan.files import atomic_file
from kaogan.limits import LARGEST_JSON
from kaogan.models import DCGAN
from kaogan.models.keras_dcgan import (
    STD_NAME,
    import_keras,
    keras_discriminator,
    keras_generator,
    keras_weights,
)
from kaogan.records import Record, Text, checked, parse_json

SUFFIX = ".keras"

Layer = tuple[str, dict[str, Any]]
"""Its class, and its numbers."""

MATTERS = (
    "batch_shape", "filters", "kernel_size", "strides", "padding", "use_bias", "data_format",
    "size", "target_shape", "interpolation", "axis", "epsilon", "negative_slope", "activation",
)  # fmt: skip
"""The numbers of a layer that change its outputs."""


class LayerRecord(Record):
    """A layer in config.json; the numbers are compared with those of a layer that is built."""

    class_name: Text
    config: dict[str, Any]


class SequenceRecord(Record):
    """The layers, in order."""

    layers: Annotated[tuple[LayerRecord, ...], Field(min_length=2, max_length=100)]


class ConfigRecord(Record):
    """config.json in a .keras file."""

    class_name: Literal["Sequential"]
    config: SequenceRecord


class OperationRecord(LayerRecord):
    """An operation of a model inside the model."""

    name: Text
    inbound_nodes: list[Any]


class InsideRecord(Record):
    """A model inside the model."""

    name: Text
    layers: Annotated[tuple[OperationRecord, ...], Field(max_length=100)]


@formats.register("keras")
class Keras:
    """A Keras Sequential with its weights."""

    suffix = SUFFIX

    def write(self, network: Network, file: Path) -> dict[str, Any]:
        """Write it as Keras does."""
        model = sequential(network.without_labels())
        with atomic_file(file) as partial:
            named = partial.with_name(partial.name + SUFFIX)  # Keras goes by the name's end
            try:
                model.save(named)
                named.replace(partial)
            finally:
                named.unlink(missing_ok=True)
        return {}

    def read(self, file: Path) -> Network:
        """Read a file of `write`. Keras may have trained it further with the same layers."""
        try:
            layers = _layers_in(file)
            model, player = _recognise(layers)
            if weights_of(model, player) > file.stat().st_size:
                raise ValueError("a network larger than the file")
        except FileNotFoundError:
            raise KaoganError(f"there is no file {file}; check the path") from None
        except Exception:  # parsers of archives and numbers of any type fail in many ways
            raise KaoganError(f"{file} holds no DCGAN, or is damaged") from None
        made = _build(model, player)
        # As in JSON, where a tuple is a list.
        wanted = _layers_of(checked(json.loads(json.dumps(made.get_config())), SequenceRecord))
        if layers != wanted:
            raise KaoganError(f"{file} holds no DCGAN of kaogan's: {_difference(layers, wanted)}")
        try:
            made.load_weights(file)
        except Exception:  # as above
            raise KaoganError(f"{file} is damaged: its weights cannot be read") from None
        module = build(model, player)
        for variable, tensor in _pairs(made, module):
            array = import_keras().ops.convert_to_numpy(variable.value)
            tensor.copy_(torch.from_numpy(np.array(array)))
        return Network(model, player, module.eval())


readers.register(SUFFIX)(Keras)


def sequential(network: Network) -> Any:
    """The network as a `keras.Sequential`, on any backend of Keras.

    Raises:
        UsageError: it is not a DCGAN, or judges packs of pictures.
        KaoganError: Keras is not installed.

    """
    if not isinstance(network.model, DCGAN):
        raise UsageError(f"a {network.model.name} has no Keras form; use safetensors or onnx")
    if network.player == "discriminator" and network.model.packing > 1:
        raise UsageError("a discriminator that judges packs of pictures has no Keras form")
    made = _build(network.model, network.player)
    for variable, tensor in _pairs(made, network.module):
        variable.assign(tensor.numpy())
    return made


def _build(model: DCGAN, player: Player) -> Any:
    return keras_generator(model) if player == "generator" else keras_discriminator(model)


def _pairs(made: Any, module: torch.nn.Module) -> Iterator[tuple[Any, torch.Tensor]]:
    """Keras's variables, each with the same tensor in PyTorch."""
    weights = keras_weights(module)
    for variable in made.variables:
        yield variable, weights[str(variable.path).removeprefix(f"{made.name}/")]


# The description in a file


def _layers_in(file: Path) -> list[Layer]:
    with zipfile.ZipFile(file) as archive, archive.open("config.json") as config:
        return _layers_of(parse_json(config.read(LARGEST_JSON + 1), ConfigRecord).config)


def _layers_of(sequence: "SequenceRecord") -> list[Layer]:
    return [
        (layer.class_name, {key: layer.config.get(key) for key in MATTERS} | _inside(layer))
        for layer in sequence.layers
    ]


def _inside(layer: "LayerRecord") -> dict[str, Any]:
    """Of a model inside the model: its name, and its operations with their inputs."""
    if layer.class_name != "Functional":
        return {}
    inside = checked(layer.config, InsideRecord)
    places = {operation.name: place for place, operation in enumerate(inside.layers)}

    def placed(value: dict[str, Any]) -> dict[str, Any]:
        """An input by the place of its operation: names are not stable."""
        if value.get("class_name") == "__keras_tensor__":
            return {"place": places[value["config"]["keras_history"][0]]}
        return value

    nodes = [
        [each.class_name, each.config.get("axis"), each.inbound_nodes] for each in inside.layers
    ]
    graph = json.loads(json.dumps(nodes), object_hook=placed)
    return {"name": inside.name, "graph": graph}


def _difference(found: list[Layer], wanted: list[Layer]) -> str:
    for number, (one, other) in enumerate(zip(found, wanted, strict=False)):
        if one != other:
            return f"layer {number} is {_describe(one)}, and not {_describe(other)}"
    return f"it has {len(found)} layers, and not {len(wanted)}"


def _describe(layer: Layer) -> str:
    shown = {key: value for key, value in layer[1].items() if value is not None and key != "graph"}
    numbers = ", ".join(f"{key}={value}" for key, value in shown.items())
    return f"{layer[0]}({numbers})"


def _recognise(layers: list[Layer]) -> tuple[DCGAN, Player]:
    """The DCGAN that these layers look like. The caller compares all numbers."""
    inputs = layers[0][1]["batch_shape"][1:]
    filters = [numbers["filters"] for _, numbers in layers if numbers["filters"]]
    names = {name for name, _ in layers}
    try:
        if len(inputs) == 1:
            model = DCGAN(
                size=4 * 2 ** (len(filters) - 1),
                channels=filters[-1],
                latent_dim=inputs[0],
                width=filters[-2],
                upsample="resize" if "UpSampling2D" in names else "transposed",
            )
            return model, "generator"
        size, _, channels = inputs
        norm: Norm = "batch" if "BatchNormalization" in names else "none"
        groups = [numbers["name"] for _, numbers in layers if "graph" in numbers]
        group = int(groups[0].removeprefix(STD_NAME)) if groups else 0
        model = DCGAN(
            size=size, channels=channels, width=filters[0], norm=norm, minibatch_std=group
        )
        return model, "discriminator"
    except ValidationError:
        raise ValueError from None
