"""The live generator in a report: modules of the page, its runtime, and the weights."""

import json
from typing import Any

from kaogan.errors import KaoganError
from kaogan.export.network import Network
from kaogan.export.onnx import labels_of, onnx_of
from kaogan.latent.directions import described
from kaogan.latent.factors import first_relu, sefa
from kaogan.page.making import modules, runtime

SHARED = (
    "base64", "dom", "face", "labels", "latent", "model", "random", "resources", "runtime",
    "sentence",
)  # fmt: skip
"""The page's modules that draw."""
DIRECTIONS = 6


def live_files(network: Network) -> dict[str, bytes]:
    """The files that a report needs besides its own script to draw with a generator, by name.

    Raises:
        KaoganError: the runtime was not fetched, or ONNX is not installed.

    """
    files = {f"js/{file.name}": file.read_bytes() for file in modules() if file.stem in SHARED}
    generator, _ = onnx_of(network, "fp16")
    about = {
        "picture": {"size": network.size, "channels": network.channels},
        "latent_dim": network.model.latent_dim,
        "files": {"generator": "model/generator.onnx"},
        "directions": directions(network),
        "labels": labels_of(network.model),
    }
    about_json = json.dumps(about, ensure_ascii=False).encode()
    model = {"model/about.json": about_json, "model/generator.onnx": generator}
    return files | runtime() | model


def directions(network: Network) -> list[dict[str, Any]]:
    """Named ones, if `kaogan directions` found any; else those that the first layer amplifies."""
    try:
        found = network.directions
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
