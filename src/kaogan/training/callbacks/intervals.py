"""When callbacks act: functions of the images seen, so that resumed runs act at the same times."""

import math
from collections.abc import Iterator
from itertools import takewhile


def every(interval: int, before: int, after: int) -> bool:
    """Is there a multiple of `interval` after `before` and up to `after` images seen?"""
    return before // interval < after // interval


def thinning(interval: int, before: int, after: int) -> bool:
    """Is there one of `marks(interval)` after `before` and up to `after` images seen?"""
    return any(before < mark for mark in takewhile(lambda mark: mark <= after, marks(interval)))


def marks(interval: int) -> Iterator[int]:
    """A quarter and half of `interval`, then every `interval` images, later fewer.

    From the fourth interval on, each mark is a quarter further than the one before. So a run that
    is twice as long has three marks more.
    """
    yield from (interval // 4, interval // 2)
    mark = interval
    while True:
        yield mark
        mark += max(interval, mark // 4)


def extra(interval: int, planned: int | None, before: int, after: int) -> bool:
    """In a run that is too short for three of `marks`: is there one of two more marks after
    `before` and up to `after` images seen?

    They are a quarter and half of the `planned` images; if it is not known how many are planned, a
    sixteenth and an eighth of the interval.
    """
    if planned is not None and planned > interval // 2:
        return False
    pair = (interval // 16, interval // 8) if planned is None else (planned // 4, planned // 2)
    return any(before < mark <= after for mark in pair)


def growing(before: int, after: int, first: int = 500, growth: float = 1.08) -> bool:
    """Is one of first, first * growth, first * growth^2, ... after `before` and up to `after`?

    They are close together at the start, when a generator changes with every batch. A run of any
    length gets a hundred or so.
    """

    def exponent(images: int) -> int:
        """Of the last one up to `images`; -1 before the first."""
        if images < first:
            return -1
        return math.floor(math.log(images / first) / math.log(growth) + 1e-9)

    return exponent(before) < exponent(after)
