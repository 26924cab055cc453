"""Films: MP4, animated GIF and WebP, chosen by the file's suffix.

Frames are H x W x C, uint8, all of one size. They are taken one after the other, so an MP4 of any
length needs the memory of one frame. A GIF or WebP is held in memory.
"""

import itertools
import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kaogan.errors import UsageError
from kaogan.files import atomic_file
from kaogan.images import Pixels, grid, to_pil

SIDE = 256
"""Least pixels of the shorter side of a film of faces: small pictures are enlarged to it."""

ANIMATIONS: dict[str, dict[str, Any]] = {
    ".gif": {"format": "GIF"},
    ".webp": {"format": "WEBP", "quality": 50, "method": 3},
}
"""How Pillow writes them, by suffix."""
SUFFIXES = (".mp4", *ANIMATIONS)


def is_film(target: Path) -> bool:
    """Is this the name of a film?"""
    return target.suffix.lower() in SUFFIXES


def write_film(frames: Iterable[Pixels], target: Path, fps: int, hold: float = 0.0) -> None:
    """Write frames as MP4, GIF or WebP. A GIF or WebP repeats for ever.

    Args:
        frames: at least one.
        target: the file; its suffix says which format.
        fps: frames in a second.
        hold: seconds for which the last frame stays.

    Raises:
        UsageError: the suffix is none of these, or `fps` is not from 1 to 60.

    """
    if not is_film(target):
        raise UsageError(f"cannot write {target} as a film; use {', '.join(SUFFIXES)}")
    if not 1 <= fps <= 60:
        raise UsageError(f"cannot show {fps} frames a second; use 1 to 60")
    with atomic_file(target) as partial:
        if options := ANIMATIONS.get(target.suffix.lower()):
            first, *others = map(to_pil, frames)
            times = [1000 // fps] * (len(others) + 1)
            times[-1] += round(1000 * hold)
            first.save(
                partial, save_all=True, append_images=others, duration=times, loop=0, **options
            )
        else:
            _write_mp4(frames, partial, fps, round(fps * hold))


def _write_mp4(frames: Iterable[Pixels], file: Path, fps: int, more: int) -> None:
    """H.264, which every player and browser shows; it needs even sizes, so frames are cropped.

    The last frame is shown `more` times again.
    """
    import av  # slow to import

    ahead = iter(frames)
    first = next(ahead)
    height, width = (side - side % 2 for side in first.shape[:2])
    with av.open(str(file), "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=Fraction(fps))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "23"}
        for picture in _with_hold(itertools.chain([first], ahead), more):
            colour = picture if picture.shape[-1] == 3 else picture.repeat(3, axis=-1)
            pixels = np.ascontiguousarray(colour[:height, :width])
            film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        film.mux(stream.encode())


def _with_hold(frames: Iterable[Pixels], more: int) -> Iterator[Pixels]:
    for picture in frames:
        yield picture
    yield from itertools.repeat(picture, more)


def film_of_faces(faces: Iterable[Pixels], together: int) -> Iterator[Pixels]:
    """Frames of `together` faces each, in their order, side by side, large enough to look at."""
    ahead = iter(faces)
    while group := list(itertools.islice(ahead, together)):
        columns = together if together <= 3 else None
        frame = grid(group, columns) if together > 1 else group[0]
        yield resized(frame, math.ceil(SIDE / min(frame.shape[:2])))


def resized(picture: Pixels, scale: float) -> Pixels:
    """A picture made larger or smaller, smoothly."""
    if scale == 1:
        return picture
    height, width = picture.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    smooth = np.asarray(to_pil(picture).resize(size, Image.Resampling.LANCZOS))
    return smooth.reshape(*smooth.shape[:2], picture.shape[-1])
