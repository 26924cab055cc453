"""Pictures of a report: pixels as small files, and drawings with lines and letters."""

import base64
import io
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

from kaogan.images import Pixels, grid, to_pil

WIDEST = 1072
"""Pixels across, at most: twice a grid of eight 64 x 64 pictures."""
QUALITY = 85


@dataclass(frozen=True)
class Picture:
    """A picture file: its content, its size in pixels, and what is to be seen."""

    content: bytes
    kind: Literal["jpeg", "png"]
    width: int
    height: int
    alt: str

    @property
    def src(self) -> str:
        """The file as an address (data:)."""
        return _address(self.content, self.kind)

    @property
    def suffix(self) -> str:
        """Of its file."""
        return ".jpg" if self.kind == "jpeg" else ".png"


@dataclass(frozen=True)
class Drawing:
    """An <svg> element, its width in pixels of the page, and what is to be seen."""

    svg: str
    width: int
    alt: str


@dataclass(frozen=True)
class Part:
    """One of the pictures of a figure, and the words below it."""

    shown: Picture | Drawing
    label: str = ""


@dataclass(frozen=True)
class Figure:
    """What has a number and a caption.

    Args:
        parts: from left to right, then down.
        columns: parts side by side.
        moments: more parts, to leaf through on a screen in place of `parts`.
        as_it_is: not enlarged to the width of the page.

    """

    parts: tuple[Part, ...]
    columns: int = 1
    moments: tuple[Part, ...] = ()
    as_it_is: bool = False


def jpeg(picture: Image.Image, alt: str, widest: int = WIDEST, quality: int = QUALITY) -> Picture:
    """A picture as a JPEG file, which a PDF keeps as it is."""
    if picture.width > widest:
        height = round(picture.height * widest / picture.width)
        picture = picture.resize((widest, height), Image.Resampling.LANCZOS)
    content = _file(picture, "jpeg", quality=quality, optimize=True)
    return Picture(content, "jpeg", picture.width, picture.height, alt)


def grid_of(pictures: Pixels, columns: int, alt: str) -> Picture:
    """Pictures (N x H x W x C) as one."""
    return jpeg(to_pil(grid(pictures, columns)), alt)


def strip(pictures: Pixels, gap: int = 2) -> str:
    """Pictures (N x H x W x C) side by side as an address (data:), with nothing between them."""
    count, height, width = pictures.shape[:3]
    row = np.zeros((height, count * (width + gap) - gap, 4), np.uint8)
    for place, picture in enumerate(pictures):
        left = place * (width + gap)
        row[:, left : left + width, :3] = picture
        row[:, left : left + width, 3] = 255
    return data_address(Image.fromarray(row), "PNG")


def data_address(picture: Image.Image, kind: str, **options: Any) -> str:
    """A picture file as an address (data:), without metadata."""
    return _address(_file(picture, kind, **options), kind)


def _file(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, format=kind, **options)
    return file.getvalue()


def _address(content: bytes, kind: str) -> str:
    return f"data:image/{kind.lower()};base64,{base64.b64encode(content).decode()}"
