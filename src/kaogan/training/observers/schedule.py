"""When to look: a function of images seen alone, so that a resumed run looks at the same times."""

import math


def every(interval: int, before: int, after: int) -> bool:
    """Did the images seen pass a multiple of `interval` on the way from `before` to `after`?"""
    return before // interval < after // interval


def growing(before: int, after: int, first: int = 500, growth: float = 1.08) -> bool:
    """Did they pass one of first, first * growth, first * growth^2, ...?

    Early on, when a generator changes with every batch, these are close together; a run of any
    length gets a hundred or so.
    """
    return _passed(before, first, growth) < _passed(after, first, growth)


def _passed(images: int, first: int, growth: float) -> int:
    """The exponent of the last one passed; -1 before the first."""
    if images < first:
        return -1
    return math.floor(math.log(images / first) / math.log(growth) + 1e-9)
