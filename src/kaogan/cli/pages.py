"""What `explore` and `export --format page` share: a generator's page, with all that is known."""

import argparse
from typing import TYPE_CHECKING, Any

from kaogan.cli.companions import note_replaced, place_to_keep, train_and_keep

if TYPE_CHECKING:
    from kaogan.export import Network, Page
    from kaogan.export.graph import Precision
    from kaogan.generators import TrainedGenerator
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
    generator: "TrainedGenerator", options: argparse.Namespace, precision: "Precision"
) -> "Page":
    """The page of a generator: with its directions, and with its encoder if there is one.

    Args:
        generator: the page has its name unless told.
        options: as `add_options` declares them.
        precision: of the weights.

    Raises:
        KaoganError: as `kaogan.export.page_of`, or a file that belongs to the page is damaged.

    """
    from kaogan.export import page_of

    network = generator.network()
    return page_of(
        network,
        options.title or generator.name,
        _directions(generator, network),
        _encoder(generator, network, options),
        precision,
    )


def _directions(generator: "TrainedGenerator", network: "Network") -> list[dict[str, Any]]:
    """Those that lie beside the generator, or new ones, which are then kept in the RUN."""
    from kaogan.export.companions import DIRECTIONS, described, directions_beside
    from kaogan.latent.finding import faces_drawn, find
    from kaogan.progress import track

    found = directions_beside(network)
    if found is None:
        with track(faces_drawn(), "finding directions", "faces") as tracker:
            found = find(network.module, network.model.latent_dim, tracker=tracker)
        if file := place_to_keep(generator, DIRECTIONS):
            note_replaced(file)
            found.write(file)
    return described(found)


def _encoder(
    generator: "TrainedGenerator", network: "Network", options: argparse.Namespace
) -> "Encoder | None":
    """The encoder that lies beside the generator, or a new one if asked, kept in the RUN."""
    from kaogan.export.companions import encoder_beside
    from kaogan.latent.encoder import PICTURES
    from kaogan.latent.encoder_file import NAME

    encoder = encoder_beside(network)
    if encoder is None and options.encoder:
        file = place_to_keep(generator, NAME)
        encoder = train_and_keep(network.module, network.model.latent_dim, file, PICTURES)
    return encoder
