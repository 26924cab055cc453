"""The base of feature extractors, which turn pictures into vectors that can be compared."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from kaogan.registry import Registry

BATCH = 64
"""Pictures in one pass of a network; more are no faster on a CPU and take more memory."""

Network = Callable[[Tensor], Tensor]
"""uint8 pictures in colour, `N 3 H W`, at their own size and on the device, to features `N F`."""


@dataclass(frozen=True)
class Extractor:
    """A fixed function from pictures to features, with all that identifies it."""

    name: str
    dim: int
    """Features of a picture."""
    checksum: str
    """The SHA-256 of the weights, or its beginning."""
    resize: str
    """How pictures are resized first, in words."""
    network: Network
    device: torch.device

    def __call__(self, pictures: UInt8[Tensor, "N H W C"]) -> Float[Tensor, "N F"]:
        """Features on the extractor's device, float32. Grey pictures are converted to RGB."""
        # TF32 would change metrics in the fourth digit; no reference uses it.
        with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            return torch.cat(
                [self.network(self._rgb(p)).float() for p in torch.split(pictures, BATCH)]
            )

    def _rgb(self, pictures: UInt8[Tensor, "n H W C"]) -> UInt8[Tensor, "n 3 H W"]:
        planes = pictures.to(self.device).permute(0, 3, 1, 2)
        return planes.expand(-1, 3, -1, -1).contiguous()


Load = Callable[[torch.device, Path | None], Extractor]
"""Makes an extractor on a device, from a file of weights if one is given. It raises a UsageError if
it takes no file, and a KaoganError if weights or a library are missing or wrong."""

extractors: Registry[Load] = Registry("feature extractor")
