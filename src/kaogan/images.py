"""The image convention, and pictures made of pictures.

At the edges (files, data sets, pages) a picture is uint8, height x width x channels, 0 to 255.
Inside (networks, losses, metrics) it is floating point, channels x height x width, -1 to 1.
"""

import io
import math
import mmap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from jaxtyping import Float, UInt8
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from kaogan.errors import KaoganError
from kaogan.files import atomic_file
from kaogan.limits import MOST_PIXELS_IN_RUN
from kaogan.version import __version__

if TYPE_CHECKING:
    from torch import Tensor
else:
    Tensor = Any  # stored pictures do without torch, whose import takes a second

Pixels = npt.NDArray[np.uint8]
"""One picture (H x W x C) or several (N x H x W x C), as at the edges."""


@runtime_checkable
class PictureArray(Protocol):
    """Many pictures to read, N x H x W x C, uint8: an array, or several files that read like one.

    They are chosen along N by a number, a slice, or an array of indices.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def size(self) -> int: ...

    @property
    def nbytes(self) -> int: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> Any: ...

    def __iter__(self) -> Any: ...


def to_model(images: UInt8[Tensor, "N H W C"]) -> Float[Tensor, "N C H W"]:
    """Convert stored pictures to pictures for networks: x / 127.5 - 1, float32.

    The memory stays in the order N H W C; only the axes are permuted.
    """
    return images.permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)


def to_pixels(images: Float[Tensor, "N C H W"]) -> UInt8[Tensor, "N H W C"]:
    """Convert pictures from networks to stored pictures; values outside [-1, 1] are clipped.

    `to_pixels(to_model(x)) == x` for every uint8 picture.
    """
    pixels = images.detach().float().add(1.0).mul(127.5).round_().clamp_(0, 255)
    return pixels.byte().permute(0, 2, 3, 1).contiguous()


def check_whole(pictures: PictureArray) -> None:
    """Raise a KaoganError if these are in a file that became shorter since it was mapped. Reading
    what is missing would end the process with SIGBUS.
    """
    for array in getattr(pictures, "arrays", (pictures,)):  # of several files
        owner = mapping(array)
        if owner is not None and owner.size() < len(owner):
            raise KaoganError(
                "the data set was cut off or replaced while it was read; prepare it again, then "
                "give the same command: it goes on from the last checkpoint"
            )


def mapping(pictures: PictureArray) -> mmap.mmap | None:
    """The file that these pictures are mapped from, if they are."""
    owner: object = pictures
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return owner if isinstance(owner, mmap.mmap) else None


def evenly_spread(pictures: PictureArray, most: int) -> Pixels:
    """At most `most` pictures, evenly spaced from the first to the last.

    A data set may be sorted, so its first pictures may not represent it.
    """
    check_whole(pictures)
    count = min(most, len(pictures))
    chosen: Pixels = pictures[np.linspace(0, len(pictures) - 1, count).round().astype(np.intp)]
    return chosen


GAP = 2
"""White pixels between the pictures of a grid, and around them."""


def grid_size(count: int, size: int) -> tuple[int, int]:
    """Width and height, in pixels, of a grid of `count` square pictures of `size` pixels."""
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    return columns * (size + GAP) + GAP, rows * (size + GAP) + GAP


def grid(images: Sequence[Pixels] | Pixels, columns: int | None = None, gap: int = GAP) -> Pixels:
    """Arrange N pictures (each H x W x C) in rows on white, `gap` pixels apart, as one RGB picture.

    Without `columns`, the grid is as square as N allows.

    Raises ValueError without a picture.
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
    """Make rows equally long for `grid`: white pictures go before the last picture of each row.

    The result is one list of the pictures of all rows.
    """
    width = max(map(len, rows))
    blank = np.full_like(rows[0][0], 255)
    return [p for row in rows for p in (*row[:-1], *[blank] * (width - len(row)), row[-1])]


def to_pil(picture: Pixels) -> Image.Image:
    """One picture (H x W x 1 or H x W x 3) as a Pillow image."""
    return Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)


def read_picture(file: Path) -> Image.Image:
    """A picture in a RUN, as RGB. Raises a KaoganError if it is damaged or too large."""
    try:
        with Image.open(file, formats=("PNG", "JPEG", "WEBP")) as opened:
            if opened.width * opened.height > MOST_PIXELS_IN_RUN:
                raise ValueError(f"{opened.width} x {opened.height} pixels")
            return opened.convert("RGB")
    except Exception as error:  # broken data makes decoders fail in many ways
        raise KaoganError(f"{file} is no picture, or a damaged one; delete it") from error


FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
"""Pillow's name of a format by the suffix of a file."""
LOSSY: dict[str, Any] = {"quality": 95, "subsampling": 0}
SOFTWARE, DESCRIPTION = 0x0131, 0x010E
"""Tags of Exif."""


def write_picture(picture: Pixels, file: Path, about: Mapping[str, object]) -> None:
    """Write a file in the format of its suffix (`FORMATS`), with metadata: how to make it again."""
    content = encoded(picture, FORMATS[file.suffix.lower()], about)
    with atomic_file(file) as partial:
        partial.write_bytes(content)


def encoded(picture: Pixels, kind: str, about: Mapping[str, object]) -> bytes:
    """A picture as the bytes of a file. PNG has the metadata as `kaogan:KEY`; JPEG and WebP have
    them as "KEY=VALUE" in Exif's description.
    """
    stream = io.BytesIO()
    if kind == "PNG":
        info = PngInfo()
        info.add_text("Software", f"kaogan {__version__}")
        for key, value in about.items():
            info.add_text(f"kaogan:{key}", str(value))
        to_pil(picture).save(stream, format=kind, pnginfo=info)
    else:
        exif = Image.Exif()
        exif[SOFTWARE] = f"kaogan {__version__}"
        exif[DESCRIPTION] = " ".join(f"{key}={value}" for key, value in about.items())
        to_pil(picture).save(stream, format=kind, exif=exif, **LOSSY)
    return stream.getvalue()
