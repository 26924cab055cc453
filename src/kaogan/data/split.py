"""The choice of the pictures that are held out for evaluation."""

import numpy as np
import numpy.typing as npt

HELD_OUT_ONE_IN = 10
HELD_OUT_LIMIT = 5000


def choose_held_out(
    digests: npt.NDArray[np.uint8],
    limit: int = HELD_OUT_LIMIT,
    train: int = 0,
    held_out: int = 0,
) -> npt.NDArray[np.bool_]:
    """Choose the held-out pictures by the sha256 of each (N x 32): a mask of N.

    A picture is held out if its hash is in the lowest tenth of all possible hashes, so that the
    choice does not depend on other pictures. There are two exceptions. At most `limit` pictures,
    the lowest, are held out. Of two or more pictures, at least one is held out and one is not. When
    data is added, no training picture is held out later (except in sets so small that the second
    exception applies).

    If there are `train` and `held_out` pictures already, they keep their split, and the exceptions
    are about all of them together.
    """
    values = digests[:, :8].copy().view(">u8")[:, 0]
    order = np.argsort(values, kind="stable")
    below = int((values < np.uint64(2**64 // HELD_OUT_ONE_IN)).sum())
    fewest, most = (0 if held_out else 1), len(values) - (0 if train else 1)
    count = max(0, min(max(below, fewest), limit - held_out, most))
    chosen = np.zeros(len(values), np.bool_)
    chosen[order[:count]] = True
    return chosen
