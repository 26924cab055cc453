"""Feature extractors, one file each, registered by name."""

from pathlib import Path

import torch

from kaogan.metrics.features import dinov2, inception, random  # noqa: F401
from kaogan.metrics.features.base import Extractor, extractors
from kaogan.metrics.features.torchscript import load_script

__all__ = ["DEFAULT", "Extractor", "extractors", "load_extractor"]

DEFAULT = "random"
"""The extractor that needs no download."""


def load_extractor(
    name: str = DEFAULT, device: torch.device | None = None, weights: Path | None = None
) -> Extractor:
    """The extractor of this name, or the network in a TorchScript file: `load_extractor("my.pt")`.

    It computes on the CPU unless told otherwise. `weights` is a file to use instead of the
    published weights.

    Raises:
        UsageError: there is no such extractor, or it takes no weights.
        KaoganError: no weights, or wrong ones; or a library is not installed.

    """
    device = device or torch.device("cpu")
    if name.endswith(".pt"):
        return load_script(Path(name), device, weights)
    return extractors[name](device, weights)
