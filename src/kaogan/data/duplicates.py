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

The search is exact for pictures that nobody made to have equal hashes. Hashes at most 4 bits apart
agree in at least one of 5 bands of bits (the pigeonhole principle), so only pictures that share a
band's value are compared; of those with near hashes, the first `MOST_NEAR`. (15,670 anime faces
have at most two.)
"""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from kaogan.data.dataset import Repeat
from kaogan.data.reasons import Reason
from kaogan.data.spool import Spool
from kaogan.images import Pixels

MAX_DISTANCE = 4
MAX_MEAN_DIFFERENCE = 8.0
MAX_DIFFERENCE = 40.0
RULE = (
    f"perceptual hash at most {MAX_DISTANCE} of 64 bits apart; 16 x 16 thumbnails differ by at "
    f"most {MAX_MEAN_DIFFERENCE:g} of 255 in the mean and {MAX_DIFFERENCE:g} anywhere"
)

HASH_GRID = 32  # the picture is averaged down to this before the transform
THUMBNAIL_GRID = 16
BANDS = MAX_DISTANCE + 1
BLOCK = 2048  # pictures judged together
MOST_NEAR = 32  # earlier pictures of near hashes that a picture is compared with
PAIRS = 2**20  # hashes compared at once

Indices = npt.NDArray[np.intp]
Hashes = npt.NDArray[np.uint64]


def find_repeats(spool: Spool) -> list[Repeat]:
    """The pictures to leave out, in order, each with the earlier one that it repeats."""
    exact = _exact_repeats(spool)
    distinct = np.delete(np.arange(len(spool)), [repeat.index for repeat in exact])
    return sorted([*exact, *_near_repeats(spool, distinct)], key=lambda repeat: repeat.index)


def _exact_repeats(spool: Spool) -> list[Repeat]:
    digests = spool.digests().view("S32")[:, 0]
    _, first, group = np.unique(digests, return_index=True, return_inverse=True)
    return [
        Repeat(index, original, Reason.DUPLICATE)
        for index, original in enumerate(first[group].tolist())
        if index != original
    ]


def _near_repeats(spool: Spool, indices: Indices) -> Iterator[Repeat]:
    """In order, each picture is left out if it is near an earlier one that was kept.

    A picture that is left out itself is no reason to leave others out. So a slow change over many
    pictures is not reduced to its first one.
    """
    hashes = np.concatenate([np.empty(0, np.uint64), *map(perceptual_hash, spool.chunks())])
    kept = np.empty(0, np.intp)
    for start in range(0, len(indices), BLOCK):
        block = indices[start : start + BLOCK]
        known = kept[rank(hashes[kept]) < MOST_NEAR]
        pool = np.concatenate([known, block])
        near = near_pairs(hashes[pool], first=len(known))
        pairs = pool[near[rank(near[:, 0]) < MOST_NEAR]]
        originals: dict[int, int] = {}
        for later, earlier in pairs[_look_alike(spool, pairs)].tolist():
            if earlier not in originals:
                originals.setdefault(later, earlier)
        for index, original in originals.items():
            yield Repeat(index, original, Reason.NEAR_DUPLICATE)
        kept = np.concatenate([kept, [i for i in block if i not in originals]]).astype(np.intp)


def perceptual_hash(pictures: Pixels) -> Hashes:
    """A hash of 64 bits for each picture (N x H x W x C, H and W multiples of 32).

    All intermediate numbers are whole and below 2**53, so the result is the same everywhere.
    """
    grey = pictures[..., 0].astype(np.uint16)
    for channel in range(1, pictures.shape[-1]):
        grey += pictures[..., channel]  # several times as fast as a sum over so short an axis
    # One multiplication averages over blocks and transforms.
    transform = np.repeat(_cosines(9, HASH_GRID), grey.shape[1] // HASH_GRID, axis=1)
    spectrum = (transform @ grey.astype(np.float64) @ transform.T).reshape(len(pictures), -1)
    low = spectrum[:, _lowest_frequencies()]
    bits = low > np.median(low, axis=1, keepdims=True)
    weights = np.uint64(1) << np.arange(64, dtype=np.uint64)
    return np.asarray((bits * weights).sum(axis=1, dtype=np.uint64))


def near_pairs(hashes: Hashes, first: int = 0) -> npt.NDArray[np.intp]:
    """All pairs (later, earlier) of hashes at most `MAX_DISTANCE` bits apart.

    Pairs whose later member is before `first` are left out. The result is M x 2, sorted by the
    later member, then by the earlier one.
    """
    found = [np.empty((0, 2), np.intp)]
    edges = np.linspace(0, 64, BANDS + 1).astype(np.uint64)
    for low, high in itertools.pairwise(edges):
        band = ((hashes >> low) & ((np.uint64(1) << (high - low)) - np.uint64(1))).astype(np.uint16)
        order = np.argsort(band, kind="stable")
        ordered = band[order]
        wanted = band[first:]
        starts = np.searchsorted(ordered, wanted, "left")
        counts = np.searchsorted(ordered, wanted, "right") - starts
        rows = np.arange(first, len(hashes))
        for part in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(_bins(counts))) + 1):
            many = counts[part]
            later = np.repeat(rows[part], many)
            within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
            earlier = order[np.repeat(starts[part], many) + within]
            near = earlier < later
            near[near] = distance(hashes[later[near]], hashes[earlier[near]]) <= MAX_DISTANCE
            found.append(np.stack([later[near], earlier[near]], axis=1))
    return np.unique(np.concatenate(found), axis=0)


def _bins(counts: Indices) -> Indices:
    """Consecutive rows in groups of about `PAIRS` pairs, which bounds the memory."""
    return np.asarray(np.cumsum(counts) // PAIRS)


def rank(values: npt.NDArray[Any]) -> Indices:
    """How many equal values are before each one."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    result = np.empty(len(values), np.intp)
    result[order] = np.arange(len(values)) - np.searchsorted(ordered, ordered, "left")
    return result


def distance(one: Hashes, other: Hashes) -> npt.NDArray[np.uint8]:
    """The number of bits in which the hashes differ, pair by pair."""
    different = (one ^ other)[:, None].view(np.uint8)
    return np.asarray(np.unpackbits(different, axis=1).sum(axis=1, dtype=np.uint8))


def look_alike(one: Pixels, other: Pixels) -> npt.NDArray[np.bool_]:
    """Are these (N x H x W x C each) the same pictures, perhaps saved differently?"""
    scale = (one.shape[1] // THUMBNAIL_GRID) ** 2
    gap = np.abs(_block_sums(one, THUMBNAIL_GRID) - _block_sums(other, THUMBNAIL_GRID)) / scale
    near = gap.mean(axis=(1, 2, 3)) <= MAX_MEAN_DIFFERENCE
    return np.asarray(near & (gap.max(axis=(1, 2, 3)) <= MAX_DIFFERENCE))


def _look_alike(spool: Spool, pairs: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    result = np.empty(len(pairs), np.bool_)
    for start in range(0, len(pairs), spool.chunk):
        part = slice(start, start + spool.chunk)
        result[part] = look_alike(spool.pictures(pairs[part, 0]), spool.pictures(pairs[part, 1]))
    return result


def _block_sums(pictures: Pixels, cells: int) -> npt.NDArray[np.float64]:
    """Sums over a grid of cells x cells: N x cells x cells x C, whole numbers."""
    count, height, width, channels = pictures.shape
    blocks = pictures.reshape(count, cells, height // cells, cells, width // cells, channels)
    return np.asarray(blocks.sum(axis=(2, 4), dtype=np.uint32), np.float64)


def _cosines(frequencies: int, length: int) -> npt.NDArray[np.float64]:
    """The cosine transform's matrix (type II) in whole numbers, frequencies x length."""
    angles = np.outer(np.arange(frequencies), np.arange(length) + 0.5) * math.pi / length
    return np.asarray(np.round(1024 * np.cos(angles)))


def _lowest_frequencies() -> list[int]:
    """Indices of the 64 lowest frequencies, without the zeroth, in a flat 9 x 9 spectrum."""
    places = sorted((i + j, max(i, j), i, j) for i in range(9) for j in range(9))
    return [9 * i + j for _, _, i, j in places[1:65]]
