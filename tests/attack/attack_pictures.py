"""Damaged pictures of every format, and pictures that are larger than they look."""

import io
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from attack import Case, Rng, apart, damaged
from kaogan.data.decode import Preparation, decode

MODES = {
    "PNG": ("RGB", "RGBA", "L", "LA", "P", "I;16", "1"),
    "JPEG": ("RGB", "L", "CMYK"),
    "WEBP": ("RGB", "RGBA"),
    "BMP": ("RGB", "L", "P", "1"),
    "GIF": ("P", "L"),
    "AVIF": ("RGB", "RGBA"),
    "TIFF": ("RGB", "RGBA", "L", "I;16", "F", "CMYK", "1"),
}
OPTIONS: dict[str, list[dict[str, object]]] = {
    "JPEG": [{}, {"progressive": True}, {"quality": 100, "subsampling": 0}],
    "WEBP": [{}, {"lossless": True}],
    "TIFF": [{}, {"compression": "tiff_lzw"}, {"compression": "jpeg"}, {"compression": "packbits"}],
    "PNG": [{}, {"optimize": True}],
}


def whole(rng: Rng) -> bytes:
    """A sound picture of a random format, mode and option."""
    kind = str(rng.choice(list(MODES)))
    mode = str(rng.choice(MODES[kind]))
    side = int(rng.choice([33, 40, 64]))
    coarse = rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((side, side)).convert(mode if mode != "I;16" else "L")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) << 8)
    choices = OPTIONS.get(kind, [{}])
    options = dict(choices[int(rng.integers(len(choices)))])
    if kind in ("PNG", "JPEG", "WEBP", "TIFF") and rng.integers(3) == 0:
        exif = Image.Exif()
        exif[0x0112] = int(rng.integers(0, 12))
        options["exif"] = exif
    if kind in ("GIF", "WEBP", "PNG", "AVIF", "TIFF") and rng.integers(4) == 0:
        options |= {"save_all": True, "append_images": [image.rotate(90)]}
    stream = io.BytesIO()
    try:
        image.save(stream, kind, **options)
    except (OSError, ValueError, RuntimeError):  # not every option goes with every mode
        stream = io.BytesIO()
        image.save(stream, kind)
    return stream.getvalue()


PREPARATIONS = (
    Preparation(32, min_size=1, max_pixels=4_000_000),
    Preparation(64, 1, "pad", "black", 1, max_pixels=4_000_000),
    Preparation(32, 3, "stretch", min_size=1, max_pixels=4_000_000),
)


def pictures(folder: Path, rng: Rng, count: int) -> Iterator[Case]:
    """Damaged pictures through the decoder."""
    for number in range(count):
        content = whole(rng)
        name = f"picture {number}, {len(content)} bytes of {content[:4]!r}"
        preparation = PREPARATIONS[int(rng.integers(len(PREPARATIONS)))]
        yield Case(name, partial(checked, damaged(content, rng), preparation))


def checked(content: bytes, preparation: Preparation) -> None:
    found = decode(content, preparation).pixels
    size, channels = preparation.size, preparation.channels
    assert found.shape == (size, size, channels)
    assert found.dtype == np.uint8


def png_chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def flat_png(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG file of one colour, which is a thousandth of its pixels."""
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = bytes(1 + (width * samples * depth + 7) // 8)
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    palette = png_chunk(b"PLTE", bytes(768)) if colour == 3 else b""
    chunks = png_chunk(b"IHDR", header) + palette + png_chunk(b"IDAT", data)
    return b"\x89PNG\r\n\x1a\n" + chunks + png_chunk(b"IEND", b"")


def many_scans(scans: int, side: int = 3000) -> bytes:
    """A progressive JPEG file whose last scan stands there again and again."""
    coarse = np.random.default_rng(0).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(coarse).resize((side, side), Image.Resampling.NEAREST).save(
        stream, "JPEG", progressive=True, subsampling=0
    )
    content = stream.getvalue()
    start, end = content.rfind(b"\xff\xda"), content.rfind(b"\xff\xd9")
    return content[:end] + content[start:end] * scans + content[end:]


def saved(kind: str, mode: str, side: int, **options: object) -> bytes:
    stream = io.BytesIO()
    image = Image.linear_gradient("L").resize((side, side)).convert(mode)
    image.save(stream, kind, **options)
    return stream.getvalue()


LARGE: dict[str, Callable[[], bytes]] = {
    "png rgb at the limit": lambda: flat_png(7071, 7071),
    "png rgba at the limit": lambda: flat_png(7071, 7071, 8, 6),
    "png 16 bits at the limit": lambda: flat_png(7071, 7071, 16, 6),
    "png grey 16 bits at the limit": lambda: flat_png(7071, 7071, 16, 0),
    "png palette at the limit": lambda: flat_png(7071, 7071, 8, 3),
    "png thin": lambda: flat_png(1, 50_000_000, 8, 0),
    "png wide": lambda: flat_png(50_000_000, 1, 8, 0),
    "png beyond": lambda: flat_png(9000, 9000),
    "jpeg at the limit": lambda: saved("JPEG", "RGB", 7071),
    "jpeg rotated": lambda: saved("JPEG", "RGB", 7071, exif=turned()),
    "jpeg progressive": lambda: saved("JPEG", "CMYK", 6200, progressive=True, subsampling=0),
    "jpeg of many scans": lambda: many_scans(100_000),
    "webp at its limit": lambda: saved("WEBP", "RGB", 5180, method=0),
    "webp at the limit": lambda: flat_webp(7071),
    "tiff at the limit": lambda: saved("TIFF", "RGB", 7071, compression="tiff_lzw"),
    "tiff of whole numbers": lambda: saved("TIFF", "I", 7071, compression="tiff_lzw"),
    "gif at the limit": lambda: saved("GIF", "L", 7071),
    "avif": lambda: saved("AVIF", "RGB", 3000, speed=10),
}


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def flat_webp(side: int) -> bytes:
    return saved("WEBP", "L", side, lossless=True, quality=0, method=0)


def large(folder: Path, rng: Rng, count: int) -> Iterator[Case]:
    """Pictures as large as is taken, or larger, among so many small ones that there are workers."""
    for name in list(LARGE)[:count]:
        place = folder / name.replace(" ", "-")
        source = place / "source"
        source.mkdir(parents=True)
        for number in range(130):
            (source / f"{number}.png").write_bytes(flat_png(8, 8))
        for number in range(3):
            (source / f"large-{number}").write_bytes(LARGE[name]())
        words = ("data", "prepare", source, "--out", place / "out", "--workers", "2", "--quiet")
        yield Case(name, apart(*words), place, "out")
        shutil.rmtree(place)
