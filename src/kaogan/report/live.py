"""The generator, alive in a report: the explorer's own modules, its runtime, and the weights."""

import json
from typing import Any

from kaogan.errors import KaoganError
from kaogan.export.companions import described, directions_beside
from kaogan.export.network import Network
from kaogan.export.onnx import onnx_of
from kaogan.latent.factors import first_relu, sefa
from kaogan.page.making import modules, runtime

SHARED = (
    "base64", "dom", "face", "latent", "model", "random", "resources", "runtime", "sentence"
)  # fmt: skip
"""The explorer's modules that draw; the rest is about its page."""
DIRECTIONS = 6


def live_files(network: Network) -> dict[str, bytes]:
    """What a page needs besides its own script to draw with a generator, by name.

    Raises:
        KaoganError: the runtime was not fetched, or ONNX is not installed.

    """
    wanted = {f"{name}.js" for name in SHARED}
    files = {f"js/{file.name}": file.read_bytes() for file in modules() if file.name in wanted}
    files |= runtime()
    generator, _ = onnx_of(network, "fp16")
    about = {
        "picture": {"size": network.size, "channels": network.channels},
        "latent_dim": network.model.latent_dim,
        "files": {"generator": "model/generator.onnx"},
        "directions": directions(network),
    }
    about_json = json.dumps(about, ensure_ascii=False).encode()
    return files | {"model/about.json": about_json, "model/generator.onnx": generator}


def directions(network: Network) -> list[dict[str, Any]]:
    """Named ones, if `kaogan directions` found some; else what the first layer amplifies most."""
    try:
        found = directions_beside(network)
    except KaoganError:
        found = None
    named = [one for one in described(found) if one["kind"] == "named"] if found else []
    if named:
        return named[:DIRECTIONS]
    if first_relu(network.module) is None:
        return []
    count = min(DIRECTIONS, network.model.latent_dim)
    vectors, _ = sefa(network.module, network.model.latent_dim, count)
    return [
        {"name": f"direction {n}", "kind": "sefa", "vector": vector, "low": "", "high": ""}
        for n, vector in enumerate(vectors.tolist(), start=1)
    ]
