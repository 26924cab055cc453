"""The pictures of a report: drawn, laid out, and made small enough to lie in one file.

They are JPEG files as addresses (data:), which a PDF keeps as they are.
"""

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from kaogan.images import Pixels, evenly_spread, grid, to_pil
from kaogan.latent.walks import path
from kaogan.report.facts import Facts
from kaogan.report.measure import Neighbours
from kaogan.rng import latents
from kaogan.training.sampling import Sampler, draw

WIDEST = 1072
"""Pixels across, at most: twice a grid of eight 64 x 64 pictures."""
QUALITY = 85
SHEET, SHEET_COLUMNS = 48, 12
FACES, FACES_COLUMNS = 32, 8
WALKS, STEPS = 3, 10
FRAMES, KEY_FRAMES, FRAME_WIDTH, FRAME_QUALITY = 30, 4, 544, 72
"""Frames to leaf through, and those of them that are printed."""


@dataclass(frozen=True)
class Shown:
    """A picture in a page: `src` of an <img>, its size, and what is to be seen."""

    src: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True)
class Frame:
    """Samples at one moment of the training."""

    images: int
    picture: Shown
    is_key: bool


@dataclass(frozen=True)
class ReportPictures:
    """All pictures of a report; those that do not exist are None or empty."""

    sheet: Shown | None
    faces: Shown | None
    walk: Shown | None
    neighbours: Shown | None
    suspects: Shown | None
    frames: tuple[Frame, ...]


def draw_report_pictures(facts: Facts, neighbours: Neighbours | None) -> ReportPictures:
    """Draw what a report shows."""
    sheet = faces = walk = pairs = suspects = None
    if facts.dataset is not None:
        shown = evenly_spread(facts.dataset.train, SHEET)
        sheet = _shown(shown, SHEET_COLUMNS, f"{len(shown)} of the training pictures")
    if facts.sampler is not None:
        alt = f"{FACES} new faces, of the seeds 0 to {FACES - 1}"
        faces = _shown(facts.sampler.sample(FACES), FACES_COLUMNS, alt)
        alt = f"{WALKS} rows of faces; in each the first turns into the last"
        walk = _shown(_interpolation(facts.sampler), STEPS, alt)
    if neighbours is not None:
        count = len(neighbours.drawn)
        alt = f"{count} drawn faces, and below each the training picture nearest to it"
        pairs = _shown(np.concatenate([neighbours.drawn, neighbours.real]), count, alt)
        both = np.concatenate([neighbours.suspicious, neighbours.suspected])
        suspects = _shown(both, count, f"The {alt}, of all drawn faces those nearest to one")
    return ReportPictures(sheet, faces, walk, pairs, suspects, _frames(facts))


def _interpolation(sampler: Sampler) -> Pixels:
    """Ways on the sphere from one seed's latent to another's, one after the other."""
    stops = latents(list(range(2 * WALKS)), sampler.latent_dim)
    ways = torch.cat([path(stops[2 * n : 2 * n + 2], STEPS) for n in range(WALKS)])
    return np.stack(list(draw(sampler.generator, ways)))


def _frames(facts: Facts) -> tuple[Frame, ...]:
    """Samples from the same latents, evenly spread over those that were kept."""
    kept = facts.frames
    count = min(FRAMES, len(kept))
    if count < 2:
        return ()
    chosen = np.linspace(0, len(kept) - 1, count).round().astype(int).tolist()
    keys = set(np.linspace(0, count - 1, min(KEY_FRAMES, count)).round().astype(int).tolist())
    what = "The same points" if facts.is_toy else "The same latents"
    frames = []
    for place, (seen, file) in enumerate(kept[i] for i in chosen):
        picture = _frame(file, facts, f"{what} after {seen:,} {facts.unit}")
        frames.append(Frame(seen, picture, place in keys))
    return tuple(frames)


def _frame(file: Path, facts: Facts, alt: str) -> Shown:
    """A sample grid. Of pictures, it is the upper half, which has enough faces."""
    with Image.open(file) as opened:
        picture = opened.convert("RGB")
    if not facts.is_toy:
        size = facts.recipe.model.sample_shape[-1] + 2
        rows = max(1, picture.height // size // 2)
        picture = picture.crop((0, 0, picture.width, rows * size + 2))
    return _jpeg(picture, alt, FRAME_WIDTH, FRAME_QUALITY)


def _shown(pictures: Pixels, columns: int, alt: str) -> Shown:
    """Pictures (N x H x W x C) as one for the page."""
    return _jpeg(to_pil(grid(pictures, columns)), alt, WIDEST, QUALITY)


def _jpeg(picture: Image.Image, alt: str, widest: int, quality: int) -> Shown:
    if picture.width > widest:
        height = round(picture.height * widest / picture.width)
        picture = picture.resize((widest, height), Image.Resampling.LANCZOS)
    src = data_address(picture, "JPEG", quality=quality, optimize=True)
    return Shown(src, picture.width, picture.height, alt)


def data_address(picture: Image.Image, kind: str, **options: Any) -> str:
    """A picture file as an address (data:), without metadata."""
    file = io.BytesIO()
    picture.save(file, format=kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"
