"""`.safetensors`: the weights in PyTorch's names and layout; a line of JSON says whose they are."""

from pathlib import Path

from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from kaogan.errors import KaoganError
from kaogan.export.network import Network, Player, build, formats
from kaogan.files import atomic_file
from kaogan.models import DCGAN


@formats.register("safetensors")
class Safetensors:
    """The state of a PyTorch network."""

    suffix = ".safetensors"

    def write(self, network: Network, file: Path) -> None:
        """Write the tensors, with the model's numbers and the player as metadata."""
        tensors = network.module.state_dict()
        metadata = {"model": network.model.model_dump_json(), "player": network.player}
        with atomic_file(file) as partial:
            save_file({key: tensors[key].contiguous() for key in tensors}, partial, metadata)

    def read(self, file: Path) -> Network:
        """Read what `write` wrote."""
        try:
            with safe_open(file, framework="pt") as opened:
                metadata = opened.metadata()
                tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
            model = DCGAN.model_validate_json(metadata["model"])
            player: Player = "generator" if metadata["player"] == "generator" else "discriminator"
            module = build(model, player)
            module.load_state_dict(tensors)
        except FileNotFoundError:
            raise KaoganError(f"there is no file {file}; check the path") from None
        except (SafetensorError, KeyError, TypeError, RuntimeError, ValidationError):
            raise KaoganError(f"{file} holds no DCGAN of kaogan's, or is damaged") from None
        return Network(model, player, module.eval())
