"""The training as a film: RUN/timelapse.mp4 and RUN/timelapse.webp."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from kaogan.files import atomic_file
from kaogan.images import Pixels
from kaogan.training.trainer import Trainer, Watcher

FRAMES_PER_SECOND = 12
HOLD_SECONDS = 2
"""How long the last frame stays."""
WEBP_PIXELS = 400
"""Width of the animated WebP, which is meant for pages and messages."""


class Timelapse(Watcher):
    """Strings the sample grids together when the training ends."""

    def __init__(self, samples: Path, target: Path) -> None:
        self.samples, self.target = samples, target

    def finish(self, trainer: Trainer) -> None:
        frames = sorted(self.samples.glob("*-ema.png"))
        if len(frames) >= 2:
            write_mp4(frames, self.target.with_suffix(".mp4"))
            write_webp(frames, self.target.with_suffix(".webp"))


def _read(frame: Path) -> Pixels:
    with Image.open(frame) as picture:
        return np.asarray(picture.convert("RGB"))


def write_mp4(frames: list[Path], target: Path) -> None:
    """H.264 in MP4, as every player and page shows it; pictures are cut to even sizes for it."""
    import av  # slow to import

    first = _read(frames[0])
    height, width = (side - side % 2 for side in first.shape[:2])
    with atomic_file(target) as partial, av.open(str(partial), "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=Fraction(FRAMES_PER_SECOND))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "23"}
        for frame in [*frames, *[frames[-1]] * (FRAMES_PER_SECOND * HOLD_SECONDS)]:
            pixels = np.ascontiguousarray(_read(frame)[:height, :width])
            film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        film.mux(stream.encode())


def write_webp(frames: list[Path], target: Path) -> None:
    """An animated WebP that loops, small enough to send."""
    pictures = []
    for frame in frames:
        picture = Image.fromarray(_read(frame))
        scale = min(1.0, WEBP_PIXELS / picture.width)
        size = (round(picture.width * scale), round(picture.height * scale))
        pictures.append(picture.resize(size, Image.Resampling.LANCZOS))
    step = 1000 // FRAMES_PER_SECOND
    durations = [step] * (len(pictures) - 1) + [HOLD_SECONDS * 1000]
    with atomic_file(target) as partial:
        pictures[0].save(
            partial,
            format="WEBP",
            save_all=True,
            append_images=pictures[1:],
            duration=durations,
            loop=0,
            quality=50,
            method=3,
        )
