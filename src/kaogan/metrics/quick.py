"""A few figures that cost little, for a look now and then while a generator is trained."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from kaogan.images import Pixels
from kaogan.metrics.clouds import CHUNK, Pictures
from kaogan.metrics.coverage import density_coverage
from kaogan.metrics.features import Extractor
from kaogan.metrics.kernel import kernel_distance


@dataclass(frozen=True)
class Reference:
    """Real pictures, and their features, computed once."""

    extractor: Extractor
    features: Float[Tensor, "N F"]

    @staticmethod
    def of(pictures: Pixels, extractor: Extractor, count: int = 1000, seed: int = 0) -> "Reference":
        """At most `count` of the pictures (N x H x W x C, uint8), chosen at random."""
        shuffled = Pictures.shuffled(pictures, seed)
        count = min(count, len(pictures))
        parts = [
            extractor(torch.from_numpy(shuffled.draw(start, min(CHUNK, count - start))))
            for start in range(0, count, CHUNK)
        ]
        return Reference(extractor, torch.cat(parts))

    def __len__(self) -> int:
        return len(self.features)


def quick(reference: Reference, pictures: UInt8[Tensor, "N H W C"]) -> dict[str, float]:
    """`kid`, `density` and `coverage` of generated pictures; a few seconds on a CPU for 1,000.

    Both sides are cut to the same number of pictures, so give as many as the reference has. `kid`
    is over all of them at once, the estimate with the least noise. For the floor, give real
    pictures that are not in the reference.

    Raises:
        ValueError: fewer than 6 pictures on a side.

    """
    count = min(len(reference), len(pictures))
    real, fake = reference.features[:count], reference.extractor(pictures[:count])
    kid, _ = kernel_distance(real, fake, subset=count, subsets=1)
    density, coverage = density_coverage(real, fake)
    return {"kid": kid, "density": density, "coverage": coverage}
