"""A user's own feature extractor: any network as a TorchScript file.

The network takes uint8 pictures in colour, `N 3 H W`, at their own size (it resizes them itself),
and returns features, `N F`; further axes are flattened.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from kaogan.errors import KaoganError, UsageError
from kaogan.metrics.features.base import Extractor, Network
from kaogan.metrics.features.weights import sha256_of

PROBE = 64  # pixels


def load_script(path: Path, device: torch.device, weights: Path | None) -> Extractor:
    """The extractor in the TorchScript file at `path`.

    Raises UsageError if weights are given as well, and KaoganError if the file does not work.
    """
    if weights is not None:
        raise UsageError(f"{path} holds its weights itself; leave --features-weights away")
    checksum = sha256_of(path)
    script = read_script(path, device)

    def network(pictures: Tensor) -> Tensor:
        features: Tensor = script(pictures)
        return features.flatten(1)

    return Extractor(path.name, probe(network, path, device), checksum, "its own", network, device)


def read_script(path: Path, device: torch.device) -> Callable[..., Tensor]:
    """The network in a TorchScript file, in eval mode. Raises KaoganError if it cannot be read."""
    try:
        script = torch.jit.load(str(path), map_location=device)  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError):
        raise KaoganError(
            f"{path} is not a TorchScript file, or a damaged one; "
            "make one with torch.jit.script(network).save(path)"
        ) from None
    network: torch.jit.ScriptModule = script.eval()
    return network


def probe(network: Network, path: Path, device: torch.device) -> int:
    """The number of features of a picture. Raises KaoganError if the network cannot compute any."""
    try:
        with torch.no_grad():
            features = network(torch.zeros(2, 3, PROBE, PROBE, dtype=torch.uint8, device=device))
        count, dim = features.shape
        if count != 2:
            raise ValueError(f"2 pictures gave {count} rows")
    except (RuntimeError, ValueError, AttributeError) as error:
        last = str(error).strip().splitlines()[-1]
        raise KaoganError(
            f"the network in {path} does not map uint8 pictures N x 3 x H x W to features N x F "
            f"({last}); wrap it in one that does"
        ) from None
    return dim
