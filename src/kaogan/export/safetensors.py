"""`.safetensors`: the weights in PyTorch's names and layout, with the model as metadata in JSON."""

import json
from pathlib import Path
from typing import Any

from pydantic import ConfigDict
from safetensors import SafetensorError, safe_open

from kaogan import plugins
from kaogan.errors import KaoganError
from kaogan.export.card import write_card
from kaogan.export.network import Network, Player, formats, maker, readers
from kaogan.files import atomic_file
from kaogan.models import models
from kaogan.plugins import PluginRecord
from kaogan.records import Record, Text, parse_json
from kaogan.weights import filled, write_weights


class ModelRecord(Record):
    """The name of a model, and its fields, which the model validates."""

    model_config = ConfigDict(extra="allow")

    name: Text


class NetworkRecord(Record):
    """The JSON in the header."""

    model: ModelRecord
    player: Player
    plugins: tuple[PluginRecord, ...] = ()


@formats.register("safetensors")
class Safetensors:
    """The state of a PyTorch network."""

    suffix = ".safetensors"

    def write(self, network: Network, file: Path) -> dict[str, Any]:
        """Write the tensors, with the model's fields and the player as metadata.

        For a generator, a model card is written beside the file, README.md, unless there is another
        README.md.
        """
        tensors = network.module.state_dict()
        # One key: the library writes several keys in any order, and the same content should give
        # the same file.
        about: dict[str, Any] = {
            "model": network.model.model_dump(mode="json"),
            "player": network.player,
        }
        if used := plugins.records(plugins.used_by([network.model])):
            about["plugins"] = [{key: one[key] for key in ("name", "sha256")} for one in used]
        metadata = {"network": json.dumps(about)}
        with atomic_file(file) as partial:
            write_weights(tensors, partial, metadata)
        card = write_card(network, file) if network.player == "generator" else None
        return {"card": str(card) if card else None}

    def read(self, file: Path) -> Network:
        """Read a file of `write`. The plugin of a model must be one that the user ran before."""
        try:
            with safe_open(file, framework="pt") as opened:
                about = parse_json((opened.metadata() or {}).get("network", ""), NetworkRecord)
                tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
            for record in about.plugins:
                plugins.load_known(record, f"{file} needs the plugin {record.name}")
            model = models[about.model.name].model_validate(about.model.model_dump())
            if len(model.sample_shape) != 3:
                raise ValueError("it draws points")
            module = filled(maker(model, about.player), tensors)
        except FileNotFoundError:
            raise KaoganError(f"there is no file {file}; check the path") from None
        except (OSError, SafetensorError, ValueError):
            raise KaoganError(f"{file} holds no network of kaogan's, or is damaged") from None
        return Network(model, about.player, module)


readers.register(".safetensors")(Safetensors)
