"""Pictures that repeat others: exactly (equal pixels), or nearly (the same picture, saved again).

Near duplicates are found by a perceptual hash of 64 bits (low frequencies of a cosine transform,
above or below their median) and confirmed by the pixels. The hashes differ in at most
`MAX_DISTANCE` bits. The thumbnails of 16 x 16, with values 0 to 255, have a mean difference of at
most `MAX_MEAN_DIFFERENCE`, and differ nowhere by more than `MAX_DIFFERENCE`. The last condition
separates two drawings that differ only in a mouth or a ribbon.

The thresholds were set by looking at pairs of anime faces on both sides of the border, and prefer
to keep pictures. A picture saved again as JPEG (down to quality 30), resized, or made a little
brighter is found in at least 99 of 100 cases. A crop shifted by two pixels, a mirror image, or
another tint is another picture.

The search is exact for pictures that nobody made to have equal hashes. The 64 bits are divided into
6 bands. Hashes at most 4 bits apart agree in at least 2 bands (the pigeonhole principle), so only
pictures that share the values of two bands are compared: of millions of pictures, a few with each;
of those with near hashes, the first `MOST_NEAR`. (15,670 anime faces have at most two.) Memory and
time grow with the number of pictures: about 100 bytes for each, and never their pixels.
"""

import heapq
import itertools
from collections.abc import Iterator
from operator import attrgetter
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from kaogan.data.hashes import (
    MAX_DIFFERENCE,
    MAX_MEAN_DIFFERENCE,
    Hashes,
    distance,
    look_alike,
)
from kaogan.data.reasons import Reason
from kaogan.data.writing import Repeat
from kaogan.images import Pixels

MAX_DISTANCE = 4
RULE = (
    f"perceptual hash at most {MAX_DISTANCE} of 64 bits apart; 16 x 16 thumbnails differ by at "
    f"most {MAX_MEAN_DIFFERENCE:g} of 255 in the mean and {MAX_DIFFERENCE:g} anywhere"
)

AGREEING = 2  # bands in which near hashes agree
BANDS = MAX_DISTANCE + AGREEING
BLOCK = 2048  # pictures judged together, at least
MOST_NEAR = 32  # earlier pictures of near hashes that a picture is compared with
PAIRS = 2**21  # hashes compared at once
MOST_PAIRS = 2**23  # near pairs in memory, unless one block of the smallest size has more

Indices = npt.NDArray[np.intp]


class Hashed(Protocol):
    """Pictures that are compared; only those asked for are in memory."""

    chunk: int
    """Pictures to read together."""

    def __len__(self) -> int: ...

    def digests(self) -> npt.NDArray[np.uint8]:
        """The sha256 of every picture's pixels: N x 32."""

    def hashes(self) -> Hashes:
        """The perceptual hash of every picture."""

    def pictures(self, indices: Indices) -> Pixels:
        """The pictures at `indices`: uint8, len(indices) x H x W x C."""


def find_repeats(pictures: Hashed, first: int = 0) -> Iterator[Repeat]:
    """The pictures to leave out, in order, each with the earlier one that it repeats.

    The pictures before `first` are kept without being judged.
    """
    exact = exact_repeats(pictures.digests(), first)
    distinct = np.delete(np.arange(first, len(pictures)), exact[0] - first)
    certain = (
        Repeat(int(index), int(original), Reason.DUPLICATE)
        for index, original in zip(*exact, strict=True)
    )
    near = _near_repeats(pictures, np.arange(first), distinct)
    return heapq.merge(certain, near, key=attrgetter("index"))


def exact_repeats(digests: npt.NDArray[np.uint8], first: int = 0) -> tuple[Indices, Indices]:
    """The indices of repeats, ascending, and of the first picture of the same pixels.

    Args:
        digests: N x 32.
        first: earlier repeats are not named.

    """
    keys = digests[:, :8].copy().view(np.uint64)[:, 0]
    order = np.argsort(keys, kind="stable")
    equal = np.zeros(len(order) + 1, np.bool_)
    equal[1:-1] = keys[order[1:]] == keys[order[:-1]]
    # Only pictures that share a part of their digest with another one are compared as a whole.
    shared = np.sort(order[equal[1:] | equal[:-1]])
    _, start, group = np.unique(
        digests[shared].view("S32")[:, 0], return_index=True, return_inverse=True
    )
    originals = shared[start[group]]
    repeats = (originals != shared) & (shared >= first)
    return shared[repeats], originals[repeats]


def _near_repeats(pictures: Hashed, kept: Indices, indices: Indices) -> Iterator[Repeat]:
    """In order, each picture is left out if it is near an earlier one that was kept.

    A picture that is left out itself is no reason to leave others out. So a slow change over many
    pictures is not reduced to its first one. As many pictures are judged together as were kept
    before, so the number of searches grows with the logarithm of the number of pictures.
    """
    hashes = pictures.hashes()
    start, length = 0, BLOCK
    while start < len(indices):
        known = kept[rank(hashes[kept]) < MOST_NEAR]
        length = min(length, max(BLOCK, len(kept)))
        while True:
            block = indices[start : start + length]
            pool = np.concatenate([known, block])
            try:
                near = near_pairs(hashes[pool], len(known), MOST_PAIRS if length > BLOCK else None)
                break
            except MemoryError:
                length = max(BLOCK, length // 2)
        pairs = pool[near[rank(near[:, 0]) < MOST_NEAR]]
        originals: dict[int, int] = {}
        for later, earlier in pairs[_look_alike(pictures, pairs)].tolist():
            if earlier not in originals:
                originals.setdefault(later, earlier)
        for index, original in originals.items():
            yield Repeat(index, original, Reason.NEAR_DUPLICATE)
        left_out = np.fromiter(originals, np.intp, len(originals))
        kept = np.concatenate([kept, np.setdiff1d(block, left_out, assume_unique=True)])
        start, length = start + len(block), 2 * length


def near_pairs(hashes: Hashes, first: int = 0, most: int | None = None) -> Indices:
    """All pairs (later, earlier) of hashes at most `MAX_DISTANCE` bits apart.

    Pairs whose later member is before `first` are left out. So are those whose earlier member is
    not among the first `MOST_NEAR` of equal hashes. The result is M x 2, sorted by the later
    member, then by the earlier one.

    Raises:
        MemoryError: there are more than `most`.

    """
    found, count = [np.empty((0, 2), np.intp)], 0
    known = np.flatnonzero(rank(hashes) < MOST_NEAR)
    edges = np.linspace(0, 64, BANDS + 1).astype(int)
    bands = [2 ** int(high) - 2 ** int(low) for low, high in itertools.pairwise(edges)]
    for agreeing in itertools.combinations(bands, AGREEING):
        keys = hashes & np.uint64(sum(agreeing))
        order = known[np.argsort(keys[known], kind="stable")]
        ordered = keys[order]
        rows = first + np.argsort(keys[first:], kind="stable")  # neighbours are looked up together
        starts = np.searchsorted(ordered, keys[rows], "left")
        counts = np.searchsorted(ordered, keys[rows], "right") - starts
        for part in _pieces(counts):
            many = counts[part]
            later = np.repeat(rows[part], many)
            within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
            earlier = order[np.repeat(starts[part], many) + within]
            near = earlier < later
            near[near] = distance(hashes[later[near]], hashes[earlier[near]]) <= MAX_DISTANCE
            found.append(np.stack([later[near], earlier[near]], axis=1))
            count += len(found[-1])
            if most is not None and count > most:
                raise MemoryError
    return np.unique(np.concatenate(found), axis=0)


def _pieces(counts: Indices) -> Iterator[slice]:
    """Consecutive rows of about `PAIRS` pairs together, which bounds the memory."""
    ends = np.flatnonzero(np.diff(np.cumsum(counts) // PAIRS, append=-1)) + 1
    for start, end in itertools.pairwise([0, *ends.tolist()]):
        yield slice(start, end)


def rank(values: npt.NDArray[Any]) -> Indices:
    """How many equal values are before each one."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    begins = np.ones(len(values), np.bool_)
    begins[1:] = ordered[1:] != ordered[:-1]
    places = np.arange(len(values))
    result = np.empty(len(values), np.intp)
    result[order] = places - np.maximum.accumulate(np.where(begins, places, 0))
    return result


def _look_alike(pictures: Hashed, pairs: Indices) -> npt.NDArray[np.bool_]:
    result = np.empty(len(pairs), np.bool_)
    for start in range(0, len(pairs), pictures.chunk):
        part = slice(start, start + pictures.chunk)
        later, earlier = pairs[part].T
        result[part] = look_alike(pictures.pictures(later), pictures.pictures(earlier))
    return result
