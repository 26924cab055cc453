"""When to look: a function of images seen alone, so that a resumed run looks at the same times."""

import math
from collections.abc import Iterator
from itertools import takewhile


def every(interval: int, before: int, after: int) -> bool:
    """Did the images seen pass a multiple of `interval` on the way from `before` to `after`?"""
    return before // interval < after // interval


def thinning(interval: int, before: int, after: int) -> bool:
    """Did they pass one of `marks(interval)`?"""
    return any(before < mark for mark in takewhile(lambda mark: mark <= after, marks(interval)))


def marks(interval: int) -> Iterator[int]:
    """A quarter and half of `interval`, then every `interval` images, later fewer.

    From the fourth interval on each mark is a quarter further than the one before: a run that is
    twice as long gets three more.
    """
    yield from (interval // 4, interval // 2)
    mark = interval
    while True:
        yield mark
        mark += max(interval, mark // 4)


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
