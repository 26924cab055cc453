"""Memorisation: the rate of copies, and generated pictures beside the nearest training pictures."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Real
from torch import Tensor

from kaogan.files import atomic_file
from kaogan.images import Pixels, grid, to_pil
from kaogan.metrics.clouds import KEPT_PICTURES, Cloud, PictureSource
from kaogan.metrics.points import nearest
from kaogan.metrics.report import Copies

QUANTILE = 0.01
LEAST_HELD_OUT = round(1 / QUANTILE)
COLUMNS = 8


def find_copies(
    generated: Cloud, held_out: Cloud, train: Cloud, pictures: PictureSource, out: Path | None
) -> Copies:
    """Copy rates by pixels and by features, and the picture to look at.

    The first `KEPT_PICTURES` of the generated ones are compared with all of `train`, whose pictures
    come from `pictures`. At least 100 held-out ones tell which distances are usual. The picture is
    written to `out`, if it is not None.

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


def copy_rate(
    generated: Real[Tensor, "N"], held_out: Real[Tensor, "K"], quantile: float = 0.01
) -> float:
    """The share of generated pictures that are nearer to a training picture than new real ones are.

    Both arguments are distances to the nearest training picture, by `nearest`: those of generated
    pictures, and those of held-out real ones. "Nearer" means below the `quantile` of the latter. So
    a generator that draws from the real distribution has a rate of `quantile`, and one that repeats
    its training set has a rate of 1. The idea of comparing these two distances is that of Meehan et
    al., "A Non-Parametric Test to Detect Data-Copying in Generative Models" (AISTATS 2020). In
    pixels, blurred pictures are near to all others: look at pictures too.

    Raises ValueError for too few held-out pictures for this quantile (below 1 / quantile), or no
    generated ones.
    """
    if not 0 < quantile < 1 or len(held_out) * quantile < 1:
        raise ValueError(f"{len(held_out)} held-out pictures have no quantile of {quantile:g}")
    if len(generated) == 0:
        raise ValueError("there are no generated pictures")
    usual = torch.quantile(held_out.double(), quantile)
    return float((generated.double() < usual).double().mean())


def _sheet(
    generated: Tensor, in_pixels: Tensor, by_features: tuple[Tensor, Tensor], train: PictureSource
) -> Pixels:
    """Two blocks: the first faces, then the most suspicious ones, nearest to a training picture.

    Each block has a row of faces, and below it the nearest training pictures by pixels and by
    features.
    """
    distances, in_features = (found.cpu() for found in by_features)
    columns = min(COLUMNS, len(generated))
    blocks = []
    for chosen in (torch.arange(columns), distances.argsort()[:columns]):
        rows = [generated.cpu()[chosen].numpy()]
        for neighbours in (in_pixels.cpu(), in_features):
            rows += [train.draw(place, 1) for place in neighbours[chosen].tolist()]
        blocks.append(grid(np.concatenate(rows), columns))
    return np.concatenate(blocks)
