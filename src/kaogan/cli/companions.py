"""What lies beside a generator in its RUN: read, or made anew and kept there."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from kaogan.generators import TrainedGenerator
    from kaogan.latent.encoder import Encoder


def place_to_keep(generator: "TrainedGenerator", name: str) -> Path | None:
    """Where a file about the generator is kept: in the RUN, for the generator that it draws with
    unless told otherwise. Those of other weights are not kept, and nothing of pretrained ones.
    """
    return generator.home / name if generator.usual else None


def note_replaced(file: Path) -> None:
    """Say that a file of other weights, such as those before more training, gives way."""
    if file.exists():
        print(f"note: {file} belongs to other weights; replacing it", file=sys.stderr)


def train_and_keep(
    generator: "nn.Module", latent_dim: int, file: Path | None, pictures: int, seed: int = 0
) -> "Encoder":
    """A new encoder, kept in `file` if there is one.

    Args:
        generator: whose faces it learns to read.
        latent_dim: entries of a latent vector.
        file: where to keep it.
        pictures: generated ones to learn from.
        seed: of everything random.

    """
    from kaogan.latent.encoder import train_encoder
    from kaogan.latent.encoder_file import write_encoder
    from kaogan.progress import track

    if file:
        note_replaced(file)
    with track(pictures, "training the encoder", "pictures") as tracker:
        encoder = train_encoder(generator, latent_dim, pictures, seed, tracker)
    if file:
        write_encoder(encoder, generator, file)
    return encoder
