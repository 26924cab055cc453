"""What two pictures are compared by: a perceptual hash of 64 bits, and small thumbnails."""

import math

import numpy as np
import numpy.typing as npt

from kaogan.images import Pixels

MAX_MEAN_DIFFERENCE = 8.0
MAX_DIFFERENCE = 40.0

HASH_GRID = 32  # the picture is averaged down to this before the transform
THUMBNAIL_GRID = 16

Hashes = npt.NDArray[np.uint64]


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


def distance(one: Hashes, other: Hashes) -> npt.NDArray[np.uint8]:
    """The number of bits in which the hashes differ, pair by pair."""
    if hasattr(np, "bitwise_count"):  # NumPy 2: a hundred times as fast
        return np.asarray(np.bitwise_count(one ^ other))
    different = (one ^ other)[:, None].view(np.uint8)
    return np.asarray(np.unpackbits(different, axis=1).sum(axis=1, dtype=np.uint8))


def look_alike(one: Pixels, other: Pixels) -> npt.NDArray[np.bool_]:
    """Are these (N x H x W x C each) the same pictures, perhaps saved differently?"""
    scale = (one.shape[1] // THUMBNAIL_GRID) ** 2
    gap = np.abs(_block_sums(one, THUMBNAIL_GRID) - _block_sums(other, THUMBNAIL_GRID)) / scale
    near = gap.mean(axis=(1, 2, 3)) <= MAX_MEAN_DIFFERENCE
    return np.asarray(near & (gap.max(axis=(1, 2, 3)) <= MAX_DIFFERENCE))


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
