"""Which pictures are set aside for evaluation."""

import numpy as np
import numpy.typing as npt

HELD_OUT_ONE_IN = 10
HELD_OUT_LIMIT = 5000


def choose_held_out(
    digests: npt.NDArray[np.uint8], limit: int = HELD_OUT_LIMIT
) -> npt.NDArray[np.bool_]:
    """Which pictures to set aside, given the sha256 of each (N x 32): a mask of N.

    A picture is held out if its hash is among the lowest tenth of all possible hashes, so that
    its fate does not depend on the others. Two exceptions: of more than `limit` only the
    lowest `limit` are held out; and of two or more pictures at least one is, and one is not. As
    data is added, no training picture is ever held out later (but for sets so small that the
    second exception applies).
    """
    values = digests[:, :8].copy().view(">u8")[:, 0]
    order = np.argsort(values, kind="stable")
    below = int((values < np.uint64(2**64 // HELD_OUT_ONE_IN)).sum())
    count = min(max(below, 1), limit, len(values) - 1)
    held_out = np.zeros(len(values), np.bool_)
    held_out[order[:count]] = True
    return held_out
