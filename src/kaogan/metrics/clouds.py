"""What the metrics see of a set of pictures, gathered batch by batch, in bounded memory."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from kaogan.images import Pixels
from kaogan.metrics.features import Extractor
from kaogan.metrics.frechet import Moments
from kaogan.progress import Tracker
from kaogan.rng import seed_of

KEPT_FEATURES = 5000
"""Points that neighbours and kernels are computed with: their work grows with the square."""
KEPT_PICTURES = 2048
"""Pictures that are compared as pictures."""
THUMBNAIL = 16
"""Side of the thumbnails that neighbours in pixels are found with, as duplicates are."""
CHUNK = 128


@dataclass(frozen=True)
class PictureSource:
    """Pictures by position, in no particular order: the same position, the same picture.

    Args:
        draw: `draw(start, count)` gives the pictures number `start` to `start + count`: uint8,
            count x H x W x C.
        count: how many there are; None: as many as one asks for.

    """

    draw: Callable[[int, int], Pixels]
    count: int | None = None

    @staticmethod
    def shuffled(pictures: Pixels, seed: int) -> "PictureSource":
        """Those of an array (N x H x W x C, perhaps memory-mapped), in an order by the seed."""
        rng = torch.Generator().manual_seed(seed_of(seed, len(pictures)))
        order = torch.randperm(len(pictures), generator=rng).numpy()

        def draw(start: int, count: int) -> Pixels:
            chosen = order[start : start + count]
            ascending = np.argsort(chosen)  # reads a file front to back
            drawn = np.empty((len(chosen), *pictures.shape[1:]), np.uint8)
            drawn[ascending] = pictures[chosen[ascending]]
            return drawn

        return PictureSource(draw, len(pictures))


@dataclass(frozen=True)
class Cloud:
    """A set of pictures as points in feature space, and some of it as pictures.

    Args:
        count: how many pictures `moments` describes, and how many are compared at most.
        moments: mean and covariance of their features.
        features: of the first pictures, at most `KEPT_FEATURES`, or as many as were searched.
        thumbnails: of the same pictures, flattened, 0 to 255.
        pictures: the first ones, at most `KEPT_PICTURES`.
        extractor: the name of what made the features.

    """

    count: int
    moments: Moments
    features: Float[Tensor, "K F"]
    thumbnails: Float[Tensor, "K T"]
    pictures: UInt8[Tensor, "P H W C"]
    extractor: str


def gather(
    pictures: PictureSource, count: int, extractor: Extractor, tracker: Tracker, search: int = 0
) -> Cloud:
    """Look at `count` pictures, or at `search` of them if that is more, each once.

    What is kept lies on the extractor's device: 4 F bytes of features for each picture kept, and
    the pictures themselves.
    """
    moments = Moments()
    features, thumbnails, kept = [], [], []
    keep = max(min(count, KEPT_FEATURES), search)
    for start in range(0, max(count, search), CHUNK):
        stop = min(start + CHUNK, max(count, search))
        batch = torch.from_numpy(pictures.draw(start, stop - start)).to(extractor.device)
        points = extractor(batch)
        moments.add(points[: max(0, count - start)])
        features.append(points[: max(0, keep - start)])
        thumbnails.append(thumbnails_of(batch[: max(0, keep - start)]))
        kept.append(batch[: max(0, min(count, KEPT_PICTURES) - start)])
        tracker.advance(stop - start)
    return Cloud(
        count,
        moments,
        torch.cat(features),
        torch.cat(thumbnails),
        torch.cat(kept),
        extractor.name,
    )


def thumbnails_of(pictures: UInt8[Tensor, "N H W C"]) -> Float[Tensor, "N T"]:
    """Pictures averaged down to 16 x 16, as rows of numbers."""
    planes = pictures.permute(0, 3, 1, 2).float()
    return functional.adaptive_avg_pool2d(planes, THUMBNAIL).flatten(1)
