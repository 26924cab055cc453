"""What is measured for a report: new faces beside held-out ones, and training faces beside both.

It takes seconds, not the minutes of `kaogan evaluate`: fewer faces, and fewer metrics. Every figure
has its floor: the same figure of training pictures, in the place of generated ones.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from kaogan.data.dataset import Dataset
from kaogan.images import Pixels
from kaogan.metrics.clouds import CHUNK, PictureSource, thumbnails_of
from kaogan.metrics.copying import copy_rate
from kaogan.metrics.features import load_extractor
from kaogan.metrics.points import nearest
from kaogan.metrics.quick import Reference, quick
from kaogan.metrics.spectrum import radial_spectrum, spectrum_distance
from kaogan.progress import Tracker
from kaogan.training.sampling import Sampler

FACES = 1000
FEWEST = 100
"""With fewer held-out pictures the figures say nothing."""
QUANTILE = 0.01
SEARCHED = 20_000
"""Training pictures that are searched for the nearest, at most."""
SHOWN = 8
"""Faces shown above their nearest training pictures, of each kind."""
PLAIN_SIZE = 64
"""Larger pictures take longer, and are measured on fewer."""


@dataclass(frozen=True)
class FigureWithFloor:
    """A figure and its floor: what as many training pictures get in the same place."""

    name: Literal["KID", "coverage", "density", "spectrum"]
    value: float
    floor: float
    better: Literal["lower", "higher"]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Generated faces (N x H x W x C), and below each the nearest training face.

    Args:
        drawn, real: the first faces as they come.
        suspicious, suspected: those of all that are nearest to a training face.

    """

    drawn: Pixels
    real: Pixels
    suspicious: Pixels
    suspected: Pixels


@dataclass(frozen=True, eq=False)
class Measured:
    """What was found.

    Args:
        count: generated pictures, held-out ones and training ones that were compared.
        features: what made the features, and its checksum.
        figures: with their floors.
        contrast: of generated pictures, as a share of that of held-out ones.
        variety: how much they differ from each other, likewise.
        fine: mean difference in power, in dB, over the finest quarter of spatial frequencies;
            above 0 there is too much (noise, checkerboards), below too little (blur).
        copies: share of them nearer to a training picture than all but `QUANTILE` of held-out
            pictures are, in pixels.
        searched: training pictures searched for that.
        neighbours: to look at.

    """

    count: int
    features: tuple[str, str]
    figures: tuple[FigureWithFloor, ...]
    contrast: float
    variety: float
    fine: float
    copies: float
    searched: int
    neighbours: Neighbours


def faces_measured(dataset: Dataset) -> int:
    """How many faces `measure_generator` draws; 0: there are too few held-out pictures."""
    fewest = min(len(dataset.held_out), len(dataset.train))
    if fewest < FEWEST:
        return 0
    larger = max(1, dataset.size // PLAIN_SIZE)
    return min(fewest, max(FEWEST, FACES // larger**2))


def work(dataset: Dataset) -> int:
    """Pictures that `measure_generator` looks at."""
    return 3 * faces_measured(dataset) + min(SEARCHED, len(dataset.train))


def measure_generator(sampler: Sampler, dataset: Dataset, tracker: Tracker) -> Measured:
    """Draw faces and compare them; the faces are those of seeds 0, 1, ..."""
    count = faces_measured(dataset)
    faces = torch.from_numpy(sampler.sample(count))
    tracker.advance(count)
    extractor = load_extractor()
    reference = Reference.of(dataset.held_out, extractor, count)
    held_out = torch.from_numpy(PictureSource.shuffled(dataset.held_out, 0).draw(0, count))
    tracker.advance(count)
    train = torch.from_numpy(PictureSource.shuffled(dataset.train, 0).draw(0, count))
    found, floor = quick(reference, faces), quick(reference, train)
    tracker.advance(count)
    figures = (
        FigureWithFloor("KID", found["kid"], floor["kid"], "lower"),
        FigureWithFloor("coverage", found["coverage"], floor["coverage"], "higher"),
        FigureWithFloor("density", found["density"], floor["density"], "higher"),
    )
    spectra = (spectrum_distance(held_out, faces), spectrum_distance(held_out, train))
    copies, searched, neighbours = _copies(faces, held_out, dataset, tracker)
    return Measured(
        count=count,
        features=(extractor.name, extractor.checksum),
        figures=(*figures, FigureWithFloor("spectrum", *spectra, "lower")),
        contrast=_contrast(faces) / _contrast(held_out),
        variety=_variety(faces) / _variety(held_out),
        fine=_fine(held_out, faces),
        copies=copies,
        searched=searched,
        neighbours=neighbours,
    )


def _contrast(pictures: UInt8[Tensor, "N H W C"]) -> float:
    """The standard deviation inside a picture, in grey levels, averaged over pictures."""
    return float(pictures.float().flatten(1).std(1).mean())


def _variety(pictures: UInt8[Tensor, "N H W C"]) -> float:
    """The standard deviation over pictures, in grey levels, averaged over pixels."""
    return float(pictures.float().std(0).mean())


def _fine(real: UInt8[Tensor, "N H W C"], fake: UInt8[Tensor, "N H W C"]) -> float:
    size = real.shape[1]
    finest = slice(3 * size // 8, size // 2)  # cycles per picture; half the size is the limit
    return float((radial_spectrum(fake) - radial_spectrum(real))[finest].mean())


def _copies(
    faces: UInt8[Tensor, "N H W C"],
    held_out: UInt8[Tensor, "N H W C"],
    dataset: Dataset,
    tracker: Tracker,
) -> tuple[float, int, Neighbours]:
    """The nearest training picture of every face, by thumbnails of 16 x 16."""
    searched = min(SEARCHED, len(dataset.train))
    thumbnails = []
    for start in range(0, searched, CHUNK):
        part = np.array(dataset.train[start : min(start + CHUNK, searched)])
        thumbnails.append(thumbnails_of(torch.from_numpy(part)))
        tracker.advance(len(part))
    seen = torch.cat(thumbnails)
    distances, places = nearest(thumbnails_of(faces), seen)
    usual, _ = nearest(thumbnails_of(held_out), seen)
    first, close = torch.arange(SHOWN), distances.argsort()[:SHOWN]
    chosen = [(faces[rows].numpy(), dataset.train[places[rows].numpy()]) for rows in (first, close)]
    return (
        copy_rate(distances, usual, QUANTILE),
        searched,
        Neighbours(*chosen[0], *chosen[1]),
    )
