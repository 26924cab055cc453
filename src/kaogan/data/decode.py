"""One encoded picture in; uint8 pixels of the wanted size and channels out, or a reason why not.

The order is fixed, and a data set's pixels depend on it: decode the first frame, turn it as its
EXIF orientation says, lay transparency on the background, convert to grey or RGB, fit, resize.
Colour profiles are not applied.
"""

import io
import warnings
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageColor, ImageOps, UnidentifiedImageError

from kaogan.data.reasons import Reason, Rejected, in_one_line
from kaogan.data.sources.base import Pixels
from kaogan.errors import UsageError

Fit = Literal["crop", "pad", "stretch"]
FITS: tuple[Fit, ...] = ("crop", "pad", "stretch")
SIZES = (32, 64, 128, 256, 512)
CHANNELS = (1, 3)

RESAMPLING = Image.Resampling.LANCZOS
FILTER = "lanczos (Pillow, antialiased)"

# Only these are tried: others start outside programs (EPS), or have no signature to be known by.
# JPEG includes MPO, the several pictures in one file that some cameras make.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "GIF", "AVIF", "TIFF")
FORMAT_NAMES = "JPEG, PNG, WebP, BMP, GIF, AVIF, TIFF"
SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"BM", b"GIF8", b"II*\0", b"MM\0*")

DEFAULT_MAX_PIXELS = 50_000_000
PILLOW_MAX_PIXELS = 178_956_970  # beyond, Pillow itself refuses
LARGE_PIXELS = 4_000_000  # decoded one at a time, so that workers do not add up
STRIP = 256  # rows


@dataclass(frozen=True)
class Preparation:
    """What becomes of every picture.

    Args:
        size: the side of the square that comes out, in pixels: a power of two, 32 to 512.
        channels: 1 (grey) or 3 (RGB).
        fit: "crop" cuts the middle square out, "pad" adds background, "stretch" distorts.
        background: what transparency is laid on and padding is made of: a colour name or #rrggbb.
        min_size: pictures whose shorter side is below this many pixels are rejected.
        max_pixels: pictures with more pixels than this are rejected undecoded.

    Raises:
        UsageError: a value outside these ranges.

    """

    size: int = 64
    channels: int = 3
    fit: Fit = "crop"
    background: str = "white"
    min_size: int = 32
    max_pixels: int = DEFAULT_MAX_PIXELS

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise UsageError(f"the size is {self.size}; it must be one of {SIZES}")
        if self.channels not in CHANNELS:
            raise UsageError(f"channels is {self.channels}; it must be 1 (grey) or 3 (RGB)")
        if self.fit not in FITS:
            raise UsageError(f"fit is {self.fit!r}; it must be crop, pad or stretch")
        if self.min_size < 1:
            raise UsageError(f"the smallest size is {self.min_size}; it must be at least 1")
        if not 1 <= self.max_pixels <= PILLOW_MAX_PIXELS:
            raise UsageError(
                f"the most pixels are {self.max_pixels}; it must be 1 to {PILLOW_MAX_PIXELS}"
            )
        self.background_rgb()

    def background_rgb(self) -> tuple[int, int, int]:
        """The background's colour, 0 to 255 each."""
        try:
            red, green, blue = ImageColor.getrgb(self.background)[:3]
        except ValueError:
            raise UsageError(
                f"the background {self.background!r} is no colour; say white or #rrggbb"
            ) from None
        return red, green, blue


@dataclass(frozen=True)
class Decoded:
    """`pixels`: uint8, size x size x channels. `original_size`: width and height, upright."""

    pixels: Pixels
    original_size: tuple[int, int]


def decode(
    content: bytes | Pixels,
    preparation: Preparation,
    one_at_a_time: AbstractContextManager[object] | None = None,
) -> Decoded:
    """Make an encoded picture, or uint8 pixels, into pixels for a data set.

    Args:
        content: a file's bytes; or uint8, H x W or H x W x C with 1, 3 or 4 channels.
        preparation: what to make of it.
        one_at_a_time: held while a large picture is in memory.

    Raises:
        Rejected: there is a reason to leave this picture out.

    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about damage: it is a reason, not a warning
        with _open(content) as image:
            _check_size(image, preparation)
            large = image.width * image.height > LARGE_PIXELS
            with one_at_a_time if large and one_at_a_time else nullcontext():
                return _prepare(image, preparation)


def _open(content: bytes | Pixels) -> Image.Image:
    if len(content) == 0:
        raise Rejected(Reason.EMPTY)
    if isinstance(content, np.ndarray):
        grey = content.ndim == 3 and content.shape[2] == 1
        return Image.fromarray(np.ascontiguousarray(content[..., 0] if grey else content))
    try:
        return Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise Rejected(Reason.TOO_MANY_PIXELS, in_one_line(error)) from None
    except Exception as error:  # broken headers trip decoders up in many ways
        if _begins_like_an_image(content) or not isinstance(error, UnidentifiedImageError):
            raise Rejected(Reason.DAMAGED, "its header cannot be read") from None
        raise Rejected(Reason.NOT_AN_IMAGE, f"none of {FORMAT_NAMES}") from None


def _begins_like_an_image(content: bytes) -> bool:
    return (
        content.startswith(SIGNATURES)
        or (content.startswith(b"RIFF") and content[8:12] == b"WEBP")
        or content[4:12] in (b"ftypavif", b"ftypavis")
    )


def _check_size(image: Image.Image, preparation: Preparation) -> None:
    if image.width * image.height > preparation.max_pixels:
        raise Rejected(
            Reason.TOO_MANY_PIXELS,
            f"{image.width} x {image.height}, at most {preparation.max_pixels:,}",
        )
    if min(image.size) < preparation.min_size:
        raise Rejected(
            Reason.TOO_SMALL,
            f"{image.width} x {image.height}, at least {preparation.min_size} on each side",
        )


def _prepare(image: Image.Image, preparation: Preparation) -> Decoded:
    try:
        image.load()
        upright = _upright(image)
        plain = _plain(upright, preparation)
    except Rejected:
        raise
    except Exception as error:  # broken data trips decoders up in many ways
        raise Rejected(Reason.DAMAGED, in_one_line(error)) from None
    content = _resized(plain, preparation)
    if _is_flat(content):
        raise Rejected(Reason.FLAT)
    pixels = np.asarray(_padded(content, preparation))
    if preparation.channels == 1:
        pixels = pixels[..., None]
    return Decoded(pixels, upright.size)


def _upright(image: Image.Image) -> Image.Image:
    # Broken EXIF data says nothing, and the picture may still be good.
    with suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _plain(image: Image.Image, preparation: Preparation) -> Image.Image:
    """Any mode to L or RGB: 16 bits to their upper 8, transparency to the background."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = Image.fromarray(_to_8_bits(image))
    if image.has_transparency_data:
        image = _opaque(image, preparation.background_rgb())
    mode = "L" if preparation.channels == 1 else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _opaque(image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    """Lay a picture on the background, strip by strip, so that large ones take less memory."""
    canvas = Image.new("RGB", image.size, background)
    for top in range(0, image.height, STRIP):
        box = (0, top, image.width, min(top + STRIP, image.height))
        strip = image.crop(box).convert("RGBA")
        canvas.paste(strip, box, strip)
    return canvas


def _to_8_bits(image: Image.Image) -> Pixels:
    values = np.asarray(image)
    if image.mode == "F":
        raise Rejected(Reason.NOT_AN_IMAGE, "its values are floating point, of unknown range")
    bytes_: Pixels = (np.clip(values, 0, 0xFFFF) >> 8).astype(np.uint8)
    return bytes_


def _resized(image: Image.Image, preparation: Preparation) -> Image.Image:
    size = preparation.size
    width, height = image.size
    if preparation.fit == "crop":
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        return image.resize((size, size), RESAMPLING, (left, top, left + side, top + side))
    if preparation.fit == "stretch":
        return image.resize((size, size), RESAMPLING)
    scale = size / max(width, height)
    return image.resize((max(1, round(width * scale)), max(1, round(height * scale))), RESAMPLING)


def _padded(image: Image.Image, preparation: Preparation) -> Image.Image:
    size = preparation.size
    if image.size == (size, size):
        return image
    background = Image.new("RGB", (size, size), preparation.background_rgb()).convert(image.mode)
    background.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
    return background


def _is_flat(image: Image.Image) -> bool:
    return image.getcolors(maxcolors=1) is not None  # it stops at the second colour
