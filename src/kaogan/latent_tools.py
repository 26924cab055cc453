"""Directions and encoder of an opened generator: read from its folder, or made anew.

If they are made for the generator that a RUN draws with, they are kept in the RUN.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from kaogan.generators import TrainedGenerator
from kaogan.images import Pixels, grid
from kaogan.latent.directions import NAME as DIRECTIONS
from kaogan.latent.directions import Directions, read_directions
from kaogan.latent.encoder import PICTURES, Encoder, train_encoder
from kaogan.latent.encoder_file import NAME as ENCODER
from kaogan.latent.encoder_file import read_encoder, write_encoder
from kaogan.latent.finding import faces_drawn, find
from kaogan.latent.inversion import Distance, pixel_distance, with_features
from kaogan.latent.walks import across
from kaogan.models.dcgan import Discriminator
from kaogan.progress import track
from kaogan.rng import latents

STRIP_STEPS, STRIP_SEEDS, REACH = 7, 3, 3.0
LABEL_HEIGHT = 14
"""Pixels."""


def directions_of(generator: TrainedGenerator) -> Directions:
    """The directions in a generator's folder, or new ones.

    Raises:
        KaoganError: their file is damaged.

    """
    file = generator.home / DIRECTIONS
    found = read_directions(file, generator.generator)
    if found is None:
        found = find_directions(generator)
        if generator.usual:
            _note_replaced(file)
            found.write(file)
    return found


def find_directions(generator: TrainedGenerator, orthogonal: bool = False) -> Directions:
    """New directions, see `kaogan.latent.find`; shows the progress."""
    sampler = generator.sampler
    with track(faces_drawn(), "finding directions", "faces") as tracker:
        return find(sampler.generator, sampler.latent_dim, orthogonal, tracker=tracker)


def encoder_beside(generator: TrainedGenerator) -> Encoder | None:
    """The encoder in a generator's folder; None if there is none for these weights.

    Raises:
        KaoganError: its file is damaged.

    """
    return read_encoder(generator.home / ENCODER, generator.generator)


def encoder_of(generator: TrainedGenerator, pictures: int = PICTURES, seed: int = 0) -> Encoder:
    """The encoder in a generator's folder, or a new one.

    Args:
        generator: the encoder learns from its faces.
        pictures: number of faces to learn from.
        seed: of everything random.

    Raises:
        KaoganError: the file of the encoder is damaged.

    """
    encoder = encoder_beside(generator)
    if encoder is not None:
        return encoder
    sampler, file = generator.sampler, generator.home / ENCODER
    if generator.usual:
        _note_replaced(file)
    with track(pictures, "training the encoder", "pictures") as tracker:
        encoder = train_encoder(sampler.generator, sampler.latent_dim, pictures, seed, tracker)
    if generator.usual:
        write_encoder(encoder, sampler.generator, file)
    return encoder


def distance_of(generator: TrainedGenerator) -> Distance:
    """The distance by which pictures are inverted: of pixels, and of features if possible.

    The features are those of the discriminator of a RUN or a checkpoint.
    """
    if generator.kind not in ("run", "checkpoint"):
        return pixel_distance
    discriminator = generator.network("discriminator").module
    if isinstance(discriminator, Discriminator):
        return with_features(discriminator)
    return pixel_distance  # which feature maps of another network to compare is not known


def strips(generator: TrainedGenerator, found: Directions) -> Pixels | None:
    """Faces from the low end of each direction to its high end; None without directions."""
    origins = latents(list(range(STRIP_SEEDS)), generator.sampler.latent_dim)
    made = []
    for each in found.directions:
        z = across(origins, each.vector, STRIP_STEPS, REACH).transpose(0, 1).flatten(0, 1)
        faces = grid(generator.draw(z), STRIP_STEPS)
        label = _label(f"{each.name}: {each.low} to {each.high}", faces.shape[1])
        made.append(np.concatenate([label, faces]))
    return grid(made, columns=2, gap=6) if made else None


def _label(text: str, width: int) -> Pixels:
    """A line of black text on white."""
    line = Image.new("RGB", (width, LABEL_HEIGHT), "white")
    ImageDraw.Draw(line).text((2, 1), text, fill="black")
    return np.asarray(line)


def _note_replaced(file: Path) -> None:
    """Print a note if a file of other weights, e.g. of an earlier state, is replaced."""
    if file.exists():
        print(f"note: {file} belongs to other weights; replacing it", file=sys.stderr)
