"""Is it memorising? Generated pictures beside the training pictures nearest to them."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from kaogan.files import atomic_file
from kaogan.images import Pixels, grid, to_pil
from kaogan.metrics.clouds import KEPT_PICTURES, Cloud, PictureSource
from kaogan.metrics.nearest import copy_rate, nearest
from kaogan.metrics.report import Copies

QUANTILE = 0.01
LEAST_HELD_OUT = round(1 / QUANTILE)
COLUMNS = 8  # faces shown as drawn, and as many of the most suspicious ones


def find_copies(
    generated: Cloud, held_out: Cloud, train: Cloud, pictures: PictureSource, out: Path | None
) -> Copies:
    """Copy rates in pixels and in features, and the picture to look at.

    Args:
        generated: the pictures in question; the first `KEPT_PICTURES` are looked at.
        held_out: new real pictures, 100 or more, which say what is near by chance.
        train: all training pictures that are searched.
        pictures: the same as pictures.
        out: where to write the picture; nowhere if None.

    Raises:
        OSError: `out` cannot be written.

    """
    by_pixels = nearest(generated.thumbnails[:KEPT_PICTURES], train.thumbnails)
    by_features = nearest(generated.features[:KEPT_PICTURES], train.features)
    usual_pixels, _ = nearest(held_out.thumbnails[:KEPT_PICTURES], train.thumbnails)
    usual_features, _ = nearest(held_out.features[:KEPT_PICTURES], train.features)
    if out is not None:
        sheet = _sheet(generated.pictures, by_pixels[1], by_features, pictures)
        with atomic_file(out) as partial:
            to_pil(sheet).save(partial, format="PNG")
    return Copies(
        pixels=copy_rate(by_pixels[0], usual_pixels, QUANTILE),
        features=copy_rate(by_features[0], usual_features, QUANTILE),
        quantile=QUANTILE,
        generated=len(by_pixels[0]),
        held_out=len(usual_pixels),
        searched=len(train.features),
        picture=None if out is None else str(out),
    )


def _sheet(
    generated: Tensor, in_pixels: Tensor, by_features: tuple[Tensor, Tensor], train: PictureSource
) -> Pixels:
    """Two blocks of three rows: faces as drawn, then those nearest to a training picture."""
    distances, in_features = by_features
    columns = min(COLUMNS, len(generated))
    first = torch.arange(columns)
    suspicious = distances.cpu().argsort()[:columns]
    blocks = []
    for chosen in (first, suspicious):
        rows = [generated.cpu()[chosen].numpy()]
        for neighbours in (in_pixels, in_features):
            places = neighbours.cpu()[chosen].tolist()
            rows.append(np.concatenate([train.draw(place, 1) for place in places]))
        blocks.append(grid(np.concatenate(rows), columns=columns))
    return np.concatenate(blocks)
