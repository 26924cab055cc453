"""Can pictures be mirrored without becoming wrong? Faces can, letters and digits cannot."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from kaogan.images import Pixels

SIDE = 16
MOST = 4000
RIDGE = 0.1
HANDED = 0.75
"""From this share on, pictures are held to have a right and a wrong way round."""


def handedness(pictures: Pixels) -> float:
    """How often a linear test knows a new picture from its mirror image; 0.5 is chance, 1 always.

    Half of the pictures teach the test, the others are asked. With a(x) the small grey picture x
    minus its mirror image, so that a(mirror x) = -a(x), ridge regression of 1 on a(x) gives

        w = (A^T A + r I)^-1 A^T 1,

    and w a(x) > 0 says that x is the right way round.

    Args:
        pictures: N x H x W x C, uint8, at least 4; 4,000 of them, evenly spread, are looked at.

    """
    chosen = np.linspace(0, len(pictures) - 1, min(MOST, len(pictures))).astype(int)
    # Sums of whole numbers in float64 are exact: a symmetric picture has no difference at all.
    grey = torch.from_numpy(np.ascontiguousarray(pictures[chosen])).double().sum(-1)
    small = adaptive_avg_pool2d(grey[:, None], SIDE)[:, 0] / 765
    rows: Tensor = (small - small.flip(-1))[..., : SIDE // 2].flatten(1)
    taught, asked = rows[0::2], rows[1::2]
    gram = taught.T @ taught
    ridge = RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    weights = torch.linalg.lstsq(gram + ridge, taught.sum(0)).solution
    answers = asked @ weights
    # A picture that is its own mirror image is right by chance.
    return float(((answers > 0).double() + 0.5 * (answers == 0)).mean())
