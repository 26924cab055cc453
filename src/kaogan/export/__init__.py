"""A trained network as a file for others, and back. One file per format, found by its name."""

from kaogan.export.keras import Keras
from kaogan.export.network import (
    Format,
    Network,
    Player,
    formats,
    network_of,
    readers,
)
from kaogan.export.onnx import Onnx
from kaogan.export.origin import Origin
from kaogan.export.safetensors import Safetensors

__all__ = [
    "Format",
    "Keras",
    "Network",
    "Onnx",
    "Origin",
    "Player",
    "Safetensors",
    "formats",
    "network_of",
    "readers",
]
