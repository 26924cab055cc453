"""Pictures that move: MP4, animated GIF and WebP, by the file's suffix.

Frames are H x W x C, uint8, all of one size, and are taken one after the other: a film of any
length needs the memory of one frame, or, as GIF or WebP, of what is written of it.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from kaogan.errors import UsageError
from kaogan.files import atomic_file
from kaogan.images import Pixels, grid, to_pil

SIDE = 256
"""Pixels of the shorter side of a film of faces, at least: small pictures are enlarged for it."""

Writer = Callable[[Iterable[Pixels], Path, int, float], None]


def is_film(target: Path) -> bool:
    """Does the name say that it is a film?"""
    return target.suffix.lower() in WRITERS


def write_film(frames: Iterable[Pixels], target: Path, fps: int, hold: float = 0.0) -> None:
    """Write `frames`, as MP4, GIF or WebP; the last two begin again at the end.

    Args:
        frames: at least one.
        target: its suffix says which format.
        fps: frames in a second.
        hold: seconds for which the last frame stays.

    Raises:
        UsageError: the suffix is none of these, or `fps` is not from 1 to 60.

    """
    if not is_film(target):
        raise UsageError(f"cannot write {target} as a film; use {', '.join(WRITERS)}")
    if not 1 <= fps <= 60:
        raise UsageError(f"cannot show {fps} frames a second; use 1 to 60")
    WRITERS[target.suffix.lower()](frames, target, fps, hold)


def _write_mp4(frames: Iterable[Pixels], target: Path, fps: int, hold: float) -> None:
    """H.264 in MP4, as every player and page shows it; pictures are cut to even sizes for it."""
    import av  # slow to import

    ahead = iter(frames)
    first = next(ahead)
    height, width = (side - side % 2 for side in first.shape[:2])
    with atomic_file(target) as partial, av.open(str(partial), "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=Fraction(fps))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "23"}
        for picture in _with_hold(itertools.chain([first], ahead), round(fps * hold)):
            pixels = np.ascontiguousarray(_rgb(picture)[:height, :width])
            film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        film.mux(stream.encode())


def _with_hold(frames: Iterable[Pixels], more: int) -> Iterator[Pixels]:
    for picture in frames:
        yield picture
    yield from itertools.repeat(picture, more)


def _rgb(picture: Pixels) -> Pixels:
    return picture if picture.shape[-1] == 3 else picture.repeat(3, axis=-1)


def _write_webp(frames: Iterable[Pixels], target: Path, fps: int, hold: float) -> None:
    _write_animation(frames, target, fps, hold, {"format": "WEBP", "quality": 50, "method": 3})


def _write_gif(frames: Iterable[Pixels], target: Path, fps: int, hold: float) -> None:
    _write_animation(frames, target, fps, hold, {"format": "GIF"})


def _write_animation(
    frames: Iterable[Pixels], target: Path, fps: int, hold: float, options: dict[str, str | int]
) -> None:
    pictures = [to_pil(picture) for picture in frames]
    durations = [1000 // fps] * (len(pictures) - 1) + [1000 // fps + round(1000 * hold)]
    with atomic_file(target) as partial:
        pictures[0].save(
            partial,
            save_all=True,
            append_images=pictures[1:],
            duration=durations,
            loop=0,
            **options,  # type: ignore[arg-type]
        )


def film_of_faces(faces: Iterable[Pixels], together: int) -> Iterator[Pixels]:
    """Frames of so many faces each, in their order, side by side, large enough to look at."""
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


WRITERS: dict[str, Writer] = {".mp4": _write_mp4, ".gif": _write_gif, ".webp": _write_webp}
