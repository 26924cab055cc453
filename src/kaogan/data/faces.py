"""Finding anime faces with animeface: nagadomi's detector of 2009, whose weights are a part of it.

Extra `faces`. It runs on the CPU and needs no network.
"""

import ctypes
from typing import Any

import numpy as np
from PIL import Image, ImageOps, ImageStat

from kaogan.data.boxes import Box
from kaogan.errors import KaoganError

DETECTOR = "animeface 2.0.3"
LONGEST = 1024  # pixels; larger pictures are made smaller first
SHORTEST = 128  # pixels; smaller pictures are made larger first
SMALLEST = 43  # pixels; the detector finds no smaller face
BORDER = 0.15  # of the longer side: the detector needs room around a face
LIKELY = 0.9  # the detector's likelihood; 95 of 100 faces that it finds have more
RAISE = 0.15  # of the height: the detector's box begins at the brows, and the hair is above them


class _Imaging(ctypes.Structure):
    """The beginning of Pillow's picture in memory, as animeface 2.0.3 was compiled for it."""

    _fields_ = (
        ("mode", ctypes.c_char * 7),
        ("type", ctypes.c_int),
        ("depth", ctypes.c_int),
        ("bands", ctypes.c_int),
        ("xsize", ctypes.c_int),
        ("ysize", ctypes.c_int),
        ("palette", ctypes.c_void_p),
        ("image8", ctypes.c_void_p),
        ("image32", ctypes.c_void_p),
        ("image", ctypes.c_void_p),
    )


def check_detector() -> None:
    """See that the detector is there, before any work.

    Raises:
        KaoganError: it is not installed, or in another version.

    """
    from importlib.metadata import PackageNotFoundError, version

    wanted = DETECTOR.partition(" ")[2]
    try:
        found = version("animeface")
    except PackageNotFoundError:
        raise KaoganError(
            "--crop faces needs a detector of faces: run pip install 'kaogan[faces]' (Linux on "
            "x86-64 and macOS on ARM, Python up to 3.13), or give boxes: --crop FILE.csv"
        ) from None
    if found != wanted:
        raise KaoganError(
            f"--crop faces needs animeface {wanted}, and {found} is installed; run: "
            f"pip install animeface=={wanted}"
        )


def find_faces(image: Image.Image) -> list[Box]:
    """The boxes of the faces in an upright picture (L or RGB), from the forehead to the chin.

    The detector looks at edges, so it misses large faces with soft edges. If it finds none, it
    looks again at the picture at half the size.

    Raises:
        KaoganError: the detector is missing.

    """
    side = min(max(max(image.size), SHORTEST), LONGEST)
    while side >= SHORTEST:
        scale = side / max(image.size)
        width, height = (max(1, round(length * scale)) for length in image.size)
        if min(width, height) < SMALLEST:
            break
        small = image.resize((width, height), Image.Resampling.BICUBIC).convert("RGB")
        mean = tuple(round(value) for value in ImageStat.Stat(small).mean)
        border = round(BORDER * side)
        found = _detect(ImageOps.expand(small, border, mean))
        if found:
            return [
                Box((left - border) / scale, (top - border) / scale, wide / scale, tall / scale)
                for left, top, wide, tall in found
            ]
        side //= 2
    return []


def _detect(image: Image.Image) -> list[Box]:
    """The boxes in a picture (RGB)."""
    try:
        from animeface import _nvxs
    except ImportError:
        check_detector()
        raise
    # animeface.detect reads Pillow's picture from memory, in the layout of Pillow before 12. With
    # a newer Pillow it finds nothing, or crashes. Here the compiled function gets that layout: it
    # takes any object whose head is followed by the picture's address, and so is one of ctypes.
    pixels = np.ascontiguousarray(np.asarray(image.convert("RGBX")))
    height, width = pixels.shape[:2]
    start = pixels.ctypes.data
    rows = (ctypes.c_void_p * height)(*range(start, start + pixels.nbytes, width * 4))
    address = ctypes.addressof(rows)
    picture = _Imaging(b"RGB", 0, 8, 3, width, height, None, None, address, address)
    results: list[dict[str, Any]] = _nvxs.detect(picture)
    boxes = []
    for result in results:
        if result["likelihood"] >= LIKELY:
            left, top, width, height = result["face_box"]
            boxes.append(Box(left, top - RAISE * height, width, height))
    return boxes
