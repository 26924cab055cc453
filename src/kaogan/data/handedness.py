"""Can pictures be mirrored and stay right? Faces can, letters and digits cannot."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from kaogan.images import PictureArray

SIDE = 16
MOST = 4000
RIDGE = 0.1
HANDED = 0.75
"""With this score or more, left and right differ, and the pictures are not mirrored."""


def handedness(pictures: PictureArray) -> float:
    """The accuracy of a linear classifier of pictures against their mirror images; 0.5 is chance.

    It is fitted to half of the pictures and tested on the others. With a(x) the small grey picture
    x minus its mirror image, so that a(mirror x) = -a(x), ridge regression of 1 on a(x) gives

        w = (A^T A + r I)^-1 A^T 1,

    and w a(x) > 0 says that x is not mirrored.

    Args:
        pictures: N x H x W x C, uint8, at least 4; at most 4,000 of them, evenly spread, are used.

    """
    chosen = np.linspace(0, len(pictures) - 1, min(MOST, len(pictures))).astype(int)
    # Sums of whole numbers in float64 are exact: a symmetric picture has a difference of exactly 0.
    grey = torch.from_numpy(np.ascontiguousarray(pictures[chosen])).double().sum(-1)
    small = adaptive_avg_pool2d(grey[:, None], SIDE)[:, 0] / 765
    rows: Tensor = (small - small.flip(-1))[..., : SIDE // 2].flatten(1)
    fitted, tested = rows[0::2], rows[1::2]
    gram = fitted.T @ fitted
    ridge = RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    weights = torch.linalg.lstsq(gram + ridge, fitted.sum(0)).solution
    answers = tested @ weights
    # A picture that is its own mirror image counts as chance.
    return float(((answers > 0).double() + 0.5 * (answers == 0)).mean())
