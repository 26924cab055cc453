"""The pictures of a report: drawn, laid out, and made small enough to lie in one file.

They are JPEG files as data: addresses; a PDF keeps those as they are.
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
"""Frames that can be leafed through, and of those the ones that paper shows."""


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
    """All pictures of a report; what there is no picture of is None or empty."""

    sheet: Shown | None
    faces: Shown | None
    walk: Shown | None
    neighbours: Shown | None
    suspects: Shown | None
    frames: tuple[Frame, ...]


def draw_report_pictures(facts: Facts, neighbours: Neighbours | None) -> ReportPictures:
    """Draw what a report shows."""
    faces = walk = None
    if facts.sampler is not None:
        faces = drawn_faces(facts.sampler)
        walk = interpolation(facts.sampler)
    pairs = suspects = None
    if neighbours is not None:
        words = "drawn faces, and below each the training picture nearest to it"
        shown = len(neighbours.drawn)
        pairs = _rows([neighbours.drawn, neighbours.real], f"{shown} {words}")
        alt = f"The {shown} {words}, of all drawn faces those nearest to one"
        suspects = _rows([neighbours.suspicious, neighbours.suspected], alt)
    return ReportPictures(contact_sheet(facts), faces, walk, pairs, suspects, frames(facts))


def contact_sheet(facts: Facts) -> Shown | None:
    """Training pictures, evenly spread over the data set."""
    if facts.dataset is None:
        return None
    shown = evenly_spread(facts.dataset.train, SHEET)
    return jpeg(grid(shown, SHEET_COLUMNS), f"{len(shown)} of the training pictures")


def drawn_faces(sampler: Sampler) -> Shown:
    """New faces, of the seeds 0, 1, ..."""
    pictures = sampler.sample(FACES)
    return jpeg(grid(pictures, FACES_COLUMNS), f"{FACES} new faces, of the seeds 0 to {FACES - 1}")


def interpolation(sampler: Sampler) -> Shown:
    """Ways on the sphere from one seed's latent to another's: a row each."""
    stops = latents(list(range(2 * WALKS)), sampler.latent_dim)
    ways = torch.cat([path(stops[2 * n : 2 * n + 2], STEPS) for n in range(WALKS)])
    pictures = np.stack(list(draw(sampler.generator, ways)))
    return jpeg(grid(pictures, STEPS), f"{WALKS} rows of faces; in each the first turns into the "
                "last")  # fmt: skip


def frames(facts: Facts) -> tuple[Frame, ...]:
    """Samples from the same latents, evenly spread over those that were kept."""
    kept = facts.frames
    count = min(FRAMES, len(kept))
    if count < 2:
        return ()
    chosen = np.linspace(0, len(kept) - 1, count).round().astype(int).tolist()
    keys = set(np.linspace(0, count - 1, min(KEY_FRAMES, count)).round().astype(int).tolist())
    what = "The same points" if facts.is_toy else "The same latents"
    return tuple(
        Frame(kept[i][0], _frame(kept[i][1], facts, f"{what} after {kept[i][0]:,} {facts.unit}"),
              place in keys)
        for place, i in enumerate(chosen)
    )  # fmt: skip


def _frame(file: Path, facts: Facts, alt: str) -> Shown:
    """A sample grid; of pictures the upper half, which is faces enough."""
    with Image.open(file) as opened:
        picture = opened.convert("RGB")
    if not facts.is_toy:
        size = facts.recipe.model.sample_shape[-1] + 2
        rows = max(1, picture.height // size // 2)
        picture = picture.crop((0, 0, picture.width, rows * size + 2))
    return _encoded(picture, alt, FRAME_WIDTH, FRAME_QUALITY)


def _rows(rows: list[Pixels], alt: str) -> Shown:
    return jpeg(grid(np.concatenate(rows), columns=len(rows[0])), alt)


def jpeg(picture: Pixels, alt: str) -> Shown:
    """A picture (H x W x C) for the page."""
    return _encoded(to_pil(picture), alt, WIDEST, QUALITY)


def _encoded(picture: Image.Image, alt: str, widest: int, quality: int) -> Shown:
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
