"""The sliced Wasserstein distance between patches, at each level of a Laplacian pyramid.

Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and Variation" (ICLR
2018), section 5: coarse levels compare large shapes, fine ones texture and sharpness. No network
is needed.

Axes, besides N, H, W and C:
    P  patches of a set    D  numbers in a patch (7 x 7 x C)
"""

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor
from torch.nn.functional import conv1d, pad

from kaogan.rng import seed_of

SMALLEST = 16  # pixels of the coarsest level
PATCH = 7
PATCHES = 128  # of a picture and level
DIRECTIONS, AT_ONCE = 4 * 128, 32
CHUNK = 64  # pictures decomposed at a time

Images = Float[Tensor, "N C H W"]


def sliced_wasserstein(
    real: UInt8[Tensor, "N H W C"], fake: UInt8[Tensor, "M h w c"], seed: int = 0
) -> dict[int, float]:
    """The distance at each level, named by its size in pixels, times 1000 as in the paper.

    The places of the patches (equal in the n-th pictures of both sets) and the directions are
    random; they depend on the seed alone. A level takes 38 kB of memory for each picture and
    channel of a set, about 2.3 GB for two sets of 10,000 pictures in colour.

    Raises ValueError for different shapes, no pictures, or these not square or below 16 pixels.
    """
    if real.shape != fake.shape:
        raise ValueError(f"sets of shapes {tuple(real.shape)} and {tuple(fake.shape)} differ")
    count, height, width, _ = real.shape
    if count == 0 or height != width or height < SMALLEST:
        raise ValueError(f"needs square pictures of {SMALLEST} pixels or more")
    levels = enumerate(level_sizes(height))
    return {size: 1e3 * _distance_at(real, fake, depth, size, seed) for depth, size in levels}


def level_sizes(size: int) -> list[int]:
    """The levels of pictures of this size, finest first: halved down to 16, or while even."""
    sizes = [size]
    while sizes[-1] % 2 == 0 and sizes[-1] // 2 >= SMALLEST:
        sizes.append(sizes[-1] // 2)
    return sizes


def _distance_at(real: Tensor, fake: Tensor, depth: int, size: int, seed: int) -> float:
    rng = torch.Generator().manual_seed(seed_of(seed, depth))
    corners = torch.randint(size - PATCH + 1, (2, len(real), PATCHES), generator=rng)
    directions = torch.randn(PATCH * PATCH * real.shape[-1], DIRECTIONS, generator=rng)
    directions = (directions / directions.norm(dim=0)).to(real.device)
    a, b = (normalised_patches(pictures, depth, corners) for pictures in (real, fake))
    parts = [transport(a @ part, b @ part) for part in directions.split(AT_ONCE, dim=1)]
    return float(torch.cat(parts).mean())


def transport(a: Float[Tensor, "P K"], b: Float[Tensor, "P K"]) -> Float[Tensor, "K"]:
    """The Wasserstein distance between columns: in one dimension, between the sorted values."""
    return (_sorted_rows(a.T) - _sorted_rows(b.T)).abs_().mean(dim=1)


def _sorted_rows(values: Float[Tensor, "K P"]) -> Float[Tensor, "K P"]:
    if values.device.type == "cpu":  # twenty times as fast as torch, which sorts places as well
        return torch.from_numpy(np.sort(values.numpy(), axis=1))
    return values.sort(dim=1).values


def normalised_patches(
    pictures: UInt8[Tensor, "N H W C"], depth: int, corners: Int64[Tensor, "2 N p"]
) -> Float[Tensor, "P D"]:
    """Patches at the given corners of one level; each channel with mean 0 and deviation 1.

    Each set is normalised by itself, as in the authors' program.
    """
    found = []
    for start in range(0, len(pictures), CHUNK):
        chunk = pictures[start : start + CHUNK]
        level = laplacian_level(chunk.permute(0, 3, 1, 2).float(), depth)
        windows = level.unfold(2, PATCH, 1).unfold(3, PATCH, 1)  # N C y x 7 7
        which = torch.arange(len(chunk), device=level.device)[:, None]
        tops, lefts = corners[:, start : start + CHUNK].to(level.device)
        found.append(windows[which, :, tops, lefts].flatten(0, 1))
    patches = torch.cat(found)
    deviation, mean = torch.std_mean(patches, dim=(0, 2, 3), correction=0, keepdim=True)
    # A channel without contrast, to a thousandth of a grey level, stays 0.
    return ((patches - mean) / deviation.clamp(min=1e-3)).flatten(1)


def laplacian_level(images: Images, depth: int) -> Float[Tensor, "N C h w"]:
    """A level of Burt and Adelson's Laplacian pyramid (1983): the details that the next one lacks.

    The coarsest level is the smoothed picture itself.
    """
    sizes = level_sizes(images.shape[-1])
    for size in sizes[:depth]:
        images = _on_both_axes(_smoothing(size)[::2], images)
    if depth == len(sizes) - 1:
        return images
    smoothing = _smoothing(sizes[depth])
    coarse = _on_both_axes(smoothing[::2], images)
    return images - _on_both_axes(2 * smoothing[:, ::2], coarse)


def _on_both_axes(matrix: Float[Tensor, "m n"], images: Float[Tensor, "N C n n"]) -> Images:
    matrix = matrix.to(images)
    return matrix @ images @ matrix.T


def _smoothing(size: int) -> Float[Tensor, "size size"]:
    """Row i weights the pixels around pixel i by 1 4 6 4 1; lines are mirrored at their ends."""
    pixels = pad(torch.eye(size)[:, None], (2, 2), mode="reflect")
    weights = torch.tensor([[[1.0, 4.0, 6.0, 4.0, 1.0]]]) / 16
    return conv1d(pixels, weights)[:, 0].T.contiguous()
