"""What `explore` and `export --format page` share: a generator's page, with all that is known."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from kaogan.export import Network, Page
    from kaogan.export.graph import Precision
    from kaogan.latent.encoder import Encoder


def add_options(command: argparse.ArgumentParser) -> None:
    """Declare the options of a page."""
    command.add_argument("--title", help="of the page (the RUN's name)")
    command.add_argument(
        "--encoder",
        action="store_true",
        help="if there is none yet, train an encoder (minutes): the page finds faces in pictures",
    )


def page(
    network: "Network", name: str, options: argparse.Namespace, precision: "Precision"
) -> "Page":
    """The page of a generator: with its directions, and with its encoder if there is one.

    Args:
        network: the generator.
        name: its title, unless told.
        options: as `add_options` declares them.
        precision: of the weights.

    Raises:
        KaoganError: as `kaogan.export.page_of`, or a file that belongs to the page is damaged.

    """
    from kaogan.export import page_of

    return page_of(
        network,
        options.title or name,
        _directions(network),
        _encoder(network, train=options.encoder),
        precision,
    )


def _directions(network: "Network") -> list[dict[str, Any]]:
    """Those that lie beside the generator, or new ones, which are then kept in the RUN."""
    from kaogan.export.companions import DIRECTIONS, described, directions_beside
    from kaogan.latent.finding import faces_drawn, find
    from kaogan.progress import track

    found = directions_beside(network)
    if found is None:
        with track(faces_drawn(), "finding directions", "faces") as tracker:
            found = find(network.module, network.model.latent_dim, tracker=tracker)
        if file := _free_place(network, DIRECTIONS):
            found.write(file)
    return described(found)


def _encoder(network: "Network", train: bool) -> "Encoder | None":
    """The encoder that lies beside the generator, or a new one, which is then kept in the RUN."""
    from kaogan.export.companions import encoder_beside
    from kaogan.latent.encoder import PICTURES, train_encoder
    from kaogan.latent.encoder_file import NAME, write_encoder
    from kaogan.progress import track

    encoder, generator = encoder_beside(network), network.module
    if encoder is None and train:
        with track(PICTURES, "training the encoder", "pictures") as tracker:
            encoder = train_encoder(generator, network.model.latent_dim, tracker=tracker)
        if file := _free_place(network, NAME):
            write_encoder(encoder, generator, file)
    return encoder


def _free_place(network: "Network", name: str) -> "Path | None":
    """Where to keep a file in the RUN; None without a RUN, or if one of other weights is there."""
    from kaogan.export.companions import place

    file = place(network, name)
    if file is None or network.origin is None or network.origin.run is None:
        return None
    if file.exists():
        print(f"note: {file} belongs to other weights, and stays as it is", file=sys.stderr)
        return None
    return file
