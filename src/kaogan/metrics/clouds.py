"""Sets of pictures as the metrics need them, collected batch by batch in bounded memory."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from kaogan.images import PictureArray, Pixels, check_whole
from kaogan.metrics.features import Extractor
from kaogan.metrics.frechet import Moments
from kaogan.progress import Tracker
from kaogan.rng import seed_of

KEPT_FEATURES = 5000
"""Pictures whose features are kept, at most: neighbours and kernels take quadratic time."""
KEPT_PICTURES = 2048
"""Pictures that are kept themselves, at most."""
THUMBNAIL = 16
"""Side of the thumbnails that are compared to find copies, as duplicates are found."""
CHUNK = 128


@dataclass(frozen=True)
class PictureSource:
    """Pictures by position, in random order: the same position always gives the same picture."""

    draw: Callable[[int, int], Pixels]
    """`draw(start, count)`: pictures number `start` to `start + count`, uint8, N x H x W x C."""
    count: int | None = None
    """How many there are; None: any number."""

    @staticmethod
    def shuffled(pictures: PictureArray, seed: int) -> "PictureSource":
        """Shuffle an array (N x H x W x C, perhaps memory-mapped)."""
        rng = torch.Generator().manual_seed(seed_of(seed, len(pictures)))
        order = torch.randperm(len(pictures), generator=rng).numpy()

        def draw(start: int, count: int) -> Pixels:
            check_whole(pictures)
            chosen = order[start : start + count]
            ascending = np.argsort(chosen)  # reads a file front to back
            drawn = np.empty((len(chosen), *pictures.shape[1:]), np.uint8)
            drawn[ascending] = pictures[chosen[ascending]]
            return drawn

        return PictureSource(draw, len(pictures))


@dataclass(frozen=True)
class Cloud:
    """A set of pictures as points in feature space; some of them also as pictures."""

    count: int
    """Pictures in the set."""
    moments: Moments
    """Mean and covariance of their features."""
    features: Float[Tensor, "K F"]
    """Of the first pictures, at most `KEPT_FEATURES`, or of all that are searched for copies."""
    thumbnails: Float[Tensor, "K T"]
    """Of the same pictures, flattened, 0 to 255."""
    pictures: UInt8[Tensor, "P H W C"]
    """The first ones, at most `KEPT_PICTURES`."""
    extractor: str
    """The name of the feature extractor."""

    @property
    def compared(self) -> Float[Tensor, "K F"]:
        """The features of pictures in the set, at most `KEPT_FEATURES`."""
        return self.features[: min(self.count, KEPT_FEATURES)]


def gather(
    pictures: PictureSource, count: int, extractor: Extractor, tracker: Tracker, search: int = 0
) -> Cloud:
    """Collect `count` pictures, and the features of the first `search` if these are more.

    The result lies on the extractor's device and takes 4 F bytes for each of the features, and the
    memory of the kept pictures.
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
    parts = (torch.cat(features), torch.cat(thumbnails), torch.cat(kept))
    return Cloud(count, moments, *parts, extractor.name)


def thumbnails_of(pictures: UInt8[Tensor, "N H W C"]) -> Float[Tensor, "N T"]:
    """Pictures averaged down to 16 x 16, flattened."""
    planes = pictures.permute(0, 3, 1, 2).float()
    return functional.adaptive_avg_pool2d(planes, THUMBNAIL).flatten(1)
