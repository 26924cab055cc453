"""Labels that are measured: the properties of `kaogan.latent.properties`, for pictures without any.

A number is the rank among the pictures of the data set: 0.9 is more than nine in ten have. The two
components of the hair's hue become a word.
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from kaogan.data.colour_words import HAIR_COLOURS, hair_word
from kaogan.errors import KaoganError
from kaogan.images import to_model
from kaogan.labels import Attribute
from kaogan.latent.properties import measure_properties, properties
from kaogan.progress import track

if TYPE_CHECKING:  # drawing imports this package, and needs no data set
    from kaogan.data.dataset import Dataset
    from kaogan.data.label_files import Labels

CHUNK = 256
"""Pictures that are measured at a time."""

HAIR_SHARE = 0.8
"""Of the box that is measured; the rest is mostly skin and highlights, of little chroma."""

NOISE = 1e-5
"""Properties that differ less than this between any two pictures are the same in all."""

REDNESS, YELLOWNESS = "hair-redness", "hair-yellowness"

Column = npt.NDArray[np.float32]


def measured_labels(dataset: "Dataset") -> "Labels":
    """The labels of a data set of faces, by measuring its pictures. It shows the progress.

    `hair-colour` is a word; the other properties are numbers from 0 to 1. What is the same in all
    pictures is left out.

    Raises:
        KaoganError: nothing differs between the pictures.

    """
    from kaogan.data.label_files import Labels

    measured = dict(zip(properties, _measure(dataset).T, strict=True))
    columns = {"hair-colour": _hair(measured)}
    columns |= {
        name: (Attribute(name=name, kind="number"), _rank(values))
        for name, values in measured.items()
        if name not in (REDNESS, YELLOWNESS) and np.ptp(values) > NOISE
    }
    found = [each for each in columns.values() if each is not None]
    if not found:
        raise KaoganError(f"the pictures of {dataset.path} are all alike; nothing can be measured")
    return Labels(
        tuple(attribute for attribute, _ in found), np.stack([codes for _, codes in found], 1)
    )


def _measure(dataset: "Dataset") -> npt.NDArray[np.float32]:
    """N x P, in the order of `properties`."""
    found = []
    total = len(dataset.train) + len(dataset.held_out)
    with track(total, "measuring", "pictures") as tracker, torch.inference_mode():
        for pictures in (dataset.train, dataset.held_out):
            for start in range(0, len(pictures), CHUNK):
                chunk = torch.from_numpy(np.array(pictures[start : start + CHUNK]))
                found.append(measure_properties(to_model(chunk)).numpy())
                tracker.advance(len(chunk))
    return np.concatenate(found)


def _hair(measured: dict[str, Column]) -> tuple[Attribute, Column] | None:
    """The words for the colours of hair; None if it is the same in all pictures."""
    chroma = np.hypot(measured[REDNESS], measured[YELLOWNESS]) / HAIR_SHARE
    hue = np.degrees(np.arctan2(measured[YELLOWNESS], measured[REDNESS])) % 360
    colours = zip(measured["hair-lightness"].tolist(), chroma.tolist(), hue.tolist(), strict=True)
    words = [hair_word(*colour) for colour in colours]
    values = tuple(colour for colour in HAIR_COLOURS if colour in set(words))
    if len(values) < 2:
        return None
    attribute = Attribute(name="hair-colour", kind="categories", values=values)
    return attribute, np.array([values.index(each) for each in words], np.float32)


def _rank(values: Column) -> Column:
    """The share of the other values that are lower; equal values have the same rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    below = np.cumsum(counts) - counts
    ranks: Column = ((below + (counts - 1) / 2) / (len(values) - 1))[inverse].astype(np.float32)
    return ranks
