"""What a feature extractor is: something that turns pictures into vectors that can be compared."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from kaogan.registry import Registry

BATCH = 64
"""Pictures that go through a network together; more are no faster on a CPU, and take memory."""

Network = Callable[[Tensor], Tensor]
"""uint8 pictures in colour, `N 3 H W`, at their own size and on the device, to features `N F`."""


@dataclass(frozen=True)
class Extractor:
    """A fixed function from pictures to features, and what figures made with it depend on."""

    name: str
    dim: int
    """How many features a picture has."""
    checksum: str
    """What identifies the weights: a SHA-256, or the beginning of one."""
    resize: str
    """To which size, and how, pictures are brought first: in words."""
    network: Network
    device: torch.device

    def __call__(self, pictures: UInt8[Tensor, "N H W C"]) -> Float[Tensor, "N F"]:
        """Features on the extractor's device, float32. Grey pictures are made grey RGB."""
        # TF32 would change a GPU's figures in the fourth digit; no reference uses it.
        with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            return torch.cat(
                [self.network(self._colour(p)).float() for p in torch.split(pictures, BATCH)]
            )

    def _colour(self, pictures: UInt8[Tensor, "n H W C"]) -> UInt8[Tensor, "n 3 H W"]:
        planes = pictures.to(self.device).permute(0, 3, 1, 2)
        return planes.expand(-1, 3, -1, -1).contiguous()


Load = Callable[[torch.device, Path | None], Extractor]
"""Makes an extractor on a device; from a file of weights, if one is given.

Raises:
    UsageError: a file was given to an extractor that needs none.
    KaoganError: no weights, or wrong ones; or a library is not installed.

"""

extractors: Registry[Load] = Registry("feature extractor")
