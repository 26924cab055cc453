"""Files beside a generator, in its RUN or in the zoo: directions and an encoder.

Both belong to certain weights. Those of other weights are ignored.
"""

from typing import Any

from kaogan.export.network import Network
from kaogan.latent.directions import Directions, as_json
from kaogan.latent.encoder import Encoder
from kaogan.latent.encoder_file import NAME, read_encoder
from kaogan.latent.fingerprint import fingerprint

DIRECTIONS = "directions.json"


def directions_beside(network: Network) -> Directions | None:
    """The directions that `kaogan directions` found in this generator.

    Raises:
        KaoganError: their file is damaged.

    """
    file = network.origin.home / DIRECTIONS if network.origin else None
    if file is None or not file.exists():
        return None
    found = Directions.read(file)
    return found if found.generator == fingerprint(network.module) else None


def encoder_beside(network: Network) -> Encoder | None:
    """The encoder that was trained for this generator.

    Raises:
        KaoganError: its file is damaged.

    """
    return read_encoder(network.origin.home / NAME, network.module) if network.origin else None


def described(directions: Directions) -> list[dict[str, Any]]:
    """Directions as a page and an .onnx file hold them."""
    shown = ("name", "kind", "vector", "low", "high", "r2", "per_unit")
    plain = [as_json(direction) for direction in directions.directions]
    return [{key: direction[key] for key in shown} for direction in plain]
