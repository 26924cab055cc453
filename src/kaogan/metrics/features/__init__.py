"""Feature extractors, one file each; each registers itself, and is found by its name."""

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

    Args:
        name: a registered name, or the path of a `.pt` file.
        device: where it computes; the CPU unless told.
        weights: a file of weights for it, in place of the usual ones.

    Raises:
        UsageError: there is no such extractor, or it needs no weights.
        KaoganError: no weights, or wrong ones; or a library is not installed.

    """
    device = device or torch.device("cpu")
    if name.endswith(".pt"):
        return load_script(Path(name), device, weights)
    return extractors[name](device, weights)
