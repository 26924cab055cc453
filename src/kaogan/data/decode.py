"""From an encoded picture to uint8 pixels of a data set's size and channels.

The order of the steps is fixed, because a data set's pixels depend on it: decode the first frame,
rotate it by its EXIF orientation, lay transparency on the background, convert to grey or RGB, cut
out, fit, resize. Colour profiles are not applied.
"""

import io
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from PIL import Image, ImageColor, ImageOps, UnidentifiedImageError

from kaogan.data.boxes import Box, square
from kaogan.data.faces import find_faces
from kaogan.data.reasons import Reason, Rejected, in_one_line
from kaogan.errors import UsageError
from kaogan.images import Pixels
from kaogan.limits import LARGEST_DECODING, MOST_PIXELS, MOST_SCANS

Fit = Literal["crop", "pad", "stretch"]
SIZES = (32, 64, 128, 256, 512)
CHANNELS = (1, 3)

RESAMPLING = Image.Resampling.LANCZOS
FILTER = "lanczos (Pillow, antialiased)"

# Only these are tried: others start external programs (EPS), or have no signature.
# JPEG includes MPO, the files with several pictures that some cameras make.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "GIF", "AVIF", "TIFF")
FORMAT_NAMES = "JPEG, PNG, WebP, BMP, GIF, AVIF, TIFF"
SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"BM", b"GIF8", b"II*\0", b"MM\0*")

PILLOW_MAX_PIXELS = 178_956_970  # Pillow itself refuses more
# Of memory at the peak, measured. Pillow stores four for each pixel, and a rotated or converted
# picture is there twice; some decoders keep more of their own.
BYTES_PER_PIXEL = 10
OF_FORMAT = {"WEBP": 20, "AVIF": 20}
OF_PROGRESSIVE = OF_WHOLE_NUMBERS = 13
LARGE_PIXELS = 4_000_000  # larger pictures are decoded one at a time, to bound the memory
STRIP = 256  # rows
MOST_MARGIN = 4  # times the box


@dataclass(frozen=True)
class Preparation:
    """How every picture is prepared. A value outside its range raises a UsageError."""

    size: int = 64  # pixels on each side of the result: a power of two, 32 to 512
    channels: int = 3  # 1 (grey) or 3 (RGB)
    fit: Fit = "crop"  # "crop" keeps the middle square, "pad" adds background, "stretch" distorts
    background: str = "white"  # under transparency and of padding: a colour name or #rrggbb
    min_size: int = 32  # pixels; pictures with a shorter side are rejected
    max_pixels: int = MOST_PIXELS  # larger pictures are rejected before decoding
    margin: float = 0.0  # around a face that is cut out, on each side, of its box's longer side

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise UsageError(f"the size is {self.size}; it must be one of {SIZES}")
        if self.channels not in CHANNELS:
            raise UsageError(f"channels is {self.channels}; it must be 1 (grey) or 3 (RGB)")
        if self.fit not in get_args(Fit):
            raise UsageError(f"fit is {self.fit!r}; it must be crop, pad or stretch")
        if self.min_size < 1:
            raise UsageError(f"min_size is {self.min_size}; it must be at least 1")
        if not 1 <= self.max_pixels <= PILLOW_MAX_PIXELS:
            raise UsageError(f"max_pixels is {self.max_pixels}; use 1 to {PILLOW_MAX_PIXELS}")
        if not (math.isfinite(self.margin) and 0 <= self.margin <= MOST_MARGIN):
            raise UsageError(f"margin is {self.margin:g}; use 0 to {MOST_MARGIN}")
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
    """`pixels`: uint8, size x size x channels. `original_size`: width and height, upright.

    `square`: what was cut out of the original: left, top and side in pixels; None: all of it.
    """

    pixels: Pixels
    original_size: tuple[int, int]
    square: tuple[int, int, int] | None = None


def decode(
    content: bytes | Pixels | Rejected,
    preparation: Preparation,
    one_at_a_time: AbstractContextManager[object] | None = None,
) -> Decoded:
    """Turn the content of a source's item into pixels for a data set.

    The content is a file's bytes; or uint8, H x W or H x W x C with 1, 3 or 4 channels; or the
    reason why it could not be read, which is raised. The lock `one_at_a_time` is held while a large
    picture is in memory.

    Raises:
        Rejected: there is a reason to leave this picture out.

    """
    with _decoding(content, preparation, one_at_a_time) as image:
        return _fitted(image, preparation)


def decode_faces(
    content: bytes | Pixels | Rejected,
    preparation: Preparation,
    boxes: Sequence[Box] | None = None,
    one_at_a_time: AbstractContextManager[object] | None = None,
) -> list[Decoded | Rejected]:
    """Cut the faces out of the content of a source's item, each as pixels for a data set.

    Args:
        content: as for `decode`.
        preparation: how; `fit` does not matter, because squares are cut out.
        boxes: where the faces are; None: the detector looks for them.
        one_at_a_time: as for `decode`.

    Returns:
        Each face, or the reason to leave it out.

    Raises:
        Rejected: there is a reason to leave the whole picture out.
        KaoganError: there are no boxes, and no detector is installed.

    """
    with _decoding(content, preparation, one_at_a_time) as image:
        faces = find_faces(image) if boxes is None else boxes
        if not faces:
            raise Rejected(Reason.NO_FACE if boxes is None else Reason.NO_BOX)
        return [_cut(image, box, preparation) for box in faces]


@contextmanager
def _decoding(
    content: bytes | Pixels | Rejected,
    preparation: Preparation,
    one_at_a_time: AbstractContextManager[object] | None,
) -> Iterator[Image.Image]:
    """The picture, upright, L or RGB, while it is in memory."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damage is a reason to reject, not to warn
        with _open(content) as image:
            _check_size(image, preparation)
            if image.format in ("JPEG", "MPO") and isinstance(content, bytes):
                _check_scans(content)
            large = image.width * image.height > LARGE_PIXELS
            with one_at_a_time if large and one_at_a_time else nullcontext():
                yield _upright(image, preparation)


def _open(content: bytes | Pixels | Rejected) -> Image.Image:
    if isinstance(content, Rejected):
        raise content
    if len(content) == 0:
        raise Rejected(Reason.EMPTY)
    if isinstance(content, np.ndarray):
        grey = content.ndim == 3 and content.shape[2] == 1
        return Image.fromarray(np.ascontiguousarray(content[..., 0] if grey else content))
    try:
        return Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise Rejected(Reason.TOO_MANY_PIXELS, in_one_line(error)) from None
    except Exception as error:  # broken headers make decoders fail in many ways
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
    size = f"{image.width} x {image.height}"
    if image.width * image.height > preparation.max_pixels:
        raise Rejected(Reason.TOO_MANY_PIXELS, f"{size}, at most {preparation.max_pixels:,}")
    most = LARGEST_DECODING * max(1.0, preparation.max_pixels / MOST_PIXELS)
    if (needed := _memory(image)) > most:
        detail = f"{size} of {image.format} need {needed >> 20} MiB, at most {int(most) >> 20}"
        raise Rejected(Reason.TOO_MANY_PIXELS, detail)
    if min(image.size) < preparation.min_size:
        raise Rejected(Reason.TOO_SMALL, f"{size}, at least {preparation.min_size} on each side")


def _memory(image: Image.Image) -> int:
    """Bytes that decoding this picture needs."""
    each = OF_FORMAT.get(image.format or "", BYTES_PER_PIXEL)
    if image.info.get("progressive"):
        each = OF_PROGRESSIVE
    if image.mode in ("I", "F"):
        each = OF_WHOLE_NUMBERS
    return image.width * image.height * each


def _check_scans(content: bytes) -> None:
    scans = content.count(b"\xff\xda")  # in compressed data, \xff has a zero behind it
    if scans > MOST_SCANS:
        raise Rejected(Reason.BOMB, f"{scans:,} scans, at most {MOST_SCANS}")


def _upright(image: Image.Image, preparation: Preparation) -> Image.Image:
    with _damage():
        image.load()
        with suppress(Exception):  # with broken EXIF data, the picture may still be good
            ImageOps.exif_transpose(image, in_place=True)
        return _plain(image, preparation)


@contextmanager
def _damage() -> Iterator[None]:
    """Reject a picture that cannot be decoded or resized."""
    try:
        yield
    except Rejected:
        raise
    except Exception as error:  # broken data makes decoders fail in many ways
        raise Rejected(Reason.DAMAGED, in_one_line(error)) from None


def _cut(image: Image.Image, box: Box, preparation: Preparation) -> Decoded | Rejected:
    """The square around a box."""
    found = square(box, preparation.margin, *image.size)
    if found is None:
        where = ", ".join(f"{value:g}" for value in box)
        return Rejected(Reason.OUTSIDE, f"{where}, of {image.width} x {image.height}")
    left, top, side = found
    if side < preparation.min_size:
        detail = f"a face of {side} x {side}, at least {preparation.min_size} on each side"
        return Rejected(Reason.TOO_SMALL, detail)
    try:
        face = _fitted(image.crop((left, top, left + side, top + side)), preparation)
    except Rejected as reason:
        return reason
    return Decoded(face.pixels, image.size, found)


def _fitted(image: Image.Image, preparation: Preparation) -> Decoded:
    """An upright picture, L or RGB, at the size of the data set."""
    with _damage():
        resized = _resized(image, preparation)
    if resized.getcolors(maxcolors=1) is not None:  # this search stops at the second colour
        raise Rejected(Reason.FLAT)
    pixels = np.asarray(_padded(resized, preparation))
    if preparation.channels == 1:
        pixels = pixels[..., None]
    return Decoded(pixels, image.size)


def _plain(image: Image.Image, preparation: Preparation) -> Image.Image:
    """Convert any mode to L or RGB: 16 bits to their upper 8, transparency to the background."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = Image.fromarray(_to_8_bits(image))
    if image.has_transparency_data:
        image = _opaque(image, preparation.background_rgb())
    mode = "L" if preparation.channels == 1 else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _opaque(image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    """Lay a picture on the background, strip by strip, which needs less memory."""
    canvas = Image.new("RGB", image.size, background)
    for top in range(0, image.height, STRIP):
        box = (0, top, image.width, min(top + STRIP, image.height))
        strip = image.crop(box).convert("RGBA")
        canvas.paste(strip, box, strip)
    return canvas


def _to_8_bits(image: Image.Image) -> Pixels:
    if image.mode == "F":
        raise Rejected(Reason.NOT_AN_IMAGE, "its values are floating point, of unknown range")
    values = np.array(image)  # changed in place, which needs less memory
    np.clip(values, 0, 0xFFFF, out=values)
    values >>= 8
    pixels: Pixels = values.astype(np.uint8)
    return pixels


def _resized(image: Image.Image, preparation: Preparation) -> Image.Image:
    size = preparation.size
    if preparation.fit == "crop":
        return ImageOps.fit(image, (size, size), RESAMPLING)
    if preparation.fit == "stretch":
        return image.resize((size, size), RESAMPLING)
    scale = size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), RESAMPLING)


def _padded(image: Image.Image, preparation: Preparation) -> Image.Image:
    size = preparation.size
    if image.size == (size, size):
        return image
    background = Image.new("RGB", (size, size), preparation.background_rgb()).convert(image.mode)
    background.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
    return background
