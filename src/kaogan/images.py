"""THE image convention, and pictures made of pictures.

At the edges (files, data sets, pages) a picture is uint8, height x width x channels, 0 to 255.
Inside (networks, losses, metrics) it is floating point, channels x height x width, -1 to 1.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from kaogan.files import atomic_file
from kaogan.version import __version__

Pixels = npt.NDArray[np.uint8]


def to_model(images: UInt8[Tensor, "N H W C"]) -> Float[Tensor, "N C H W"]:
    """Pictures as stored to pictures as networks see them: x / 127.5 - 1, float32.

    The result is a channels-last view of the memory: no copy beyond the conversion.
    """
    return images.permute(0, 3, 1, 2).to(torch.float32).div_(127.5).sub_(1.0)


def to_pixels(images: Float[Tensor, "N C H W"]) -> UInt8[Tensor, "N H W C"]:
    """Pictures as networks make them to pictures as stored; values outside [-1, 1] are clipped.

    `to_pixels(to_model(x)) == x` for every uint8 picture.
    """
    pixels = images.detach().to(torch.float32).add(1.0).mul(127.5).round_().clamp_(0, 255)
    return pixels.to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def evenly_spread(pictures: Pixels, most: int) -> Pixels:
    """At most so many of the pictures, from the first to the last: a data set may be sorted."""
    count = min(most, len(pictures))
    return pictures[np.linspace(0, len(pictures) - 1, count).round().astype(np.intp)]


def grid(images: Sequence[Pixels] | Pixels, columns: int | None = None, gap: int = 2) -> Pixels:
    """Lay N pictures (each H x W x C) out row by row on white, `gap` pixels apart.

    Without `columns` the grid is as square as N allows. Grey pictures come out as grey RGB.
    """
    if len(images) == 0:
        raise ValueError("a grid needs at least one picture")
    columns = columns or math.ceil(math.sqrt(len(images)))
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    height, width = images[0].shape[:2]
    canvas = np.full(
        (rows * (height + gap) + gap, columns * (width + gap) + gap, 3), 255, dtype=np.uint8
    )
    for index, picture in enumerate(images):
        top = gap + (index // columns) * (height + gap)
        left = gap + (index % columns) * (width + gap)
        canvas[top : top + height, left : left + width] = picture
    return canvas


def aligned_right(rows: Sequence[Sequence[Pixels]]) -> list[Pixels]:
    """Rows of any lengths made equally long, one after the other, for `grid`.

    The last picture of each row stands at the right; white fills the gap before it.
    """
    width = max(map(len, rows))
    blank = np.full_like(rows[0][0], 255)
    return [p for row in rows for p in (*row[:-1], *[blank] * (width - len(row)), row[-1])]


def to_pil(picture: Pixels) -> Image.Image:
    """One picture (H x W x 1 or H x W x 3) as a Pillow image."""
    return Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)


def write_png(picture: Pixels, file: Path, about: Mapping[str, object]) -> None:
    """Write a PNG file whose metadata (`kaogan:KEY`) say how to make it again."""
    info = PngInfo()
    info.add_text("Software", f"kaogan {__version__}")
    for key, value in about.items():
        info.add_text(f"kaogan:{key}", str(value))
    with atomic_file(file) as partial:
        to_pil(picture).save(partial, format="PNG", pnginfo=info)
