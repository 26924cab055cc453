"""The measurements of a report: new faces compared with held-out and training pictures.

They take seconds, unlike `kaogan evaluate`: there are fewer faces and fewer metrics. Every figure
has a floor: the same figure for training pictures in the place of generated ones.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from kaogan.data.dataset import Dataset
from kaogan.images import Pixels
from kaogan.metrics.clouds import CHUNK, PictureSource, thumbnails_of
from kaogan.metrics.copying import QUANTILE, copy_rate
from kaogan.metrics.features import load_extractor
from kaogan.metrics.points import nearest
from kaogan.metrics.quick import Reference, compared, quick
from kaogan.metrics.spectrum import radial_spectrum, spectrum_distance
from kaogan.progress import Tracker
from kaogan.training.sampling import Sampler

FACES = 1000
FEWEST = 100
"""Held-out pictures that are needed for figures."""
SEARCHED = 20_000
"""Most training pictures that are searched for the nearest."""
SHOWN = 8
"""Faces shown above their nearest training pictures, of each kind."""
WORST = 16
"""Faces shown that are least like real ones."""
PLAIN_SIZE = 64
"""Of larger pictures, which take longer, fewer are measured."""


@dataclass(frozen=True)
class FigureWithFloor:
    """A figure and its floor, the figure of as many training pictures."""

    name: Literal["KID", "coverage", "density", "spectrum"]
    value: float
    floor: float
    better: Literal["lower", "higher"]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Generated faces (N x H x W x C), each with the nearest training face.

    Args:
        drawn, real: the first faces.
        suspicious, suspected: the faces that are nearest to a training face.

    """

    drawn: Pixels
    real: Pixels
    suspicious: Pixels
    suspected: Pixels


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured.

    Args:
        count: how many generated, held-out and training pictures were compared.
        features: name and checksum of the feature extractor.
        figures: with their floors.
        contrast: of generated pictures, as a share of that of held-out ones.
        variety: differences between generated pictures, likewise.
        fine: mean difference in power, in dB, over the finest quarter of spatial frequencies;
            above 0 there is too much (noise, checkerboards), below too little (blur).
        copies: share of generated pictures that are nearer to a training picture, in pixels, than
            all but `QUANTILE` of held-out pictures are.
        searched: how many training pictures were searched for that.
        neighbours: to look at.
        worst: the generated faces (N x H x W x C) whose features are farthest from those of any
            held-out picture, the farthest first.

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
    worst: Pixels


def faces_measured(dataset: Dataset) -> int:
    """How many faces `measure_generator` draws; 0 if there are too few held-out pictures."""
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
    features = extractor(faces)
    found, floor = compared(reference.features, features), quick(reference, train)
    tracker.advance(count)
    spectra = (spectrum_distance(held_out, faces), spectrum_distance(held_out, train))
    copies, searched, neighbours = _copies(faces, held_out, dataset, tracker)
    return Measured(
        count=count,
        features=(extractor.name, extractor.checksum),
        figures=(
            FigureWithFloor("KID", found["kid"], floor["kid"], "lower"),
            FigureWithFloor("coverage", found["coverage"], floor["coverage"], "higher"),
            FigureWithFloor("density", found["density"], floor["density"], "higher"),
            FigureWithFloor("spectrum", *spectra, "lower"),
        ),
        contrast=_contrast(faces) / _contrast(held_out),
        variety=_variety(faces) / _variety(held_out),
        fine=_fine(held_out, faces),
        copies=copies,
        searched=searched,
        neighbours=neighbours,
        worst=faces[_farthest(features, reference.features)].numpy(),
    )


def _farthest(features: Float[Tensor, "N F"], real: Float[Tensor, "M F"]) -> Int64[Tensor, "K"]:
    """The places of the features that are farthest from their nearest real ones."""
    distances, _ = nearest(features, real)
    return distances.argsort(descending=True)[:WORST]


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
    shown = [
        pictures
        for rows in (torch.arange(SHOWN), distances.argsort()[:SHOWN])
        for pictures in (faces[rows].numpy(), dataset.train[places[rows].numpy()])
    ]
    return copy_rate(distances, usual, QUANTILE), searched, Neighbours(*shown)
