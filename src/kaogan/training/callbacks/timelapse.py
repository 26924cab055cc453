"""The training as a film: RUN/timelapse.mp4 and RUN/timelapse.webp."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kaogan.errors import KaoganError
from kaogan.films import resized, write_film
from kaogan.images import Pixels, read_picture
from kaogan.training.trainer import Callback, Trainer

FRAMES_PER_SECOND = 12
HOLD_SECONDS = 2
"""How long the last frame is shown."""
WEBP_PIXELS = 400
"""Width of the animated WebP, for pages and messages."""


class Timelapse(Callback):
    """Makes a film of the sample grids when the training ends."""

    def __init__(self, samples: Path, target: Path) -> None:
        self.samples, self.target = samples, target

    def finish(self, trainer: Trainer) -> None:
        files = sorted(self.samples.glob("*-ema.png"))
        if len(list(_frames(files))) >= 2:
            film = self.target.with_suffix(".mp4")
            write_film(_frames(files), film, FRAMES_PER_SECOND, HOLD_SECONDS)
            write_small([*_frames(files)], self.target.with_suffix(".webp"))


def _frames(files: list[Path]) -> Iterator[Pixels]:
    """The grids of the size of the first one; damaged ones are left out."""
    shape: tuple[int, ...] | None = None
    for file in files:
        with contextlib.suppress(KaoganError):
            frame = np.asarray(read_picture(file))
            shape = shape or frame.shape
            if frame.shape == shape:
                yield frame


def write_small(frames: list[Pixels], target: Path) -> None:
    """A small animation."""
    scale = min(1.0, WEBP_PIXELS / frames[0].shape[1])
    small = (resized(frame, scale) for frame in frames)
    write_film(small, target, FRAMES_PER_SECOND, HOLD_SECONDS)
