"""What `explore` and `export --format page` share: a generator's page, with all that is known."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from kaogan.latent.directions import Directions, as_json
    from kaogan.latent.finding import faces_drawn, find
    from kaogan.latent.fingerprint import fingerprint
    from kaogan.progress import track

    origin, found = network.origin, None
    file = origin.home / "directions.json" if origin else None
    if file and file.exists():
        found = Directions.read(file)
        if found.generator != fingerprint(network.module):
            print(
                f"note: {file} belongs to other weights; finding directions anew", file=sys.stderr
            )
            found = None
    if found is None:
        with track(faces_drawn(), "finding directions", "faces") as tracker:
            found = find(network.module, network.model.latent_dim, tracker=tracker)
        if file and origin and origin.run and not file.exists():
            found.write(file)
    shown = ("name", "kind", "vector", "low", "high", "r2", "per_unit")
    plain = [as_json(direction) for direction in found.directions]
    return [{key: direction[key] for key in shown} for direction in plain]


def _encoder(network: "Network", train: bool) -> "Encoder | None":
    """The encoder that lies beside the generator, or a new one, which is then kept in the RUN."""
    from kaogan.latent.encoder import PICTURES, train_encoder
    from kaogan.latent.encoder_file import NAME, read_encoder, write_encoder
    from kaogan.progress import track

    origin, generator = network.origin, network.module
    file = origin.home / NAME if origin else None
    encoder = read_encoder(file, generator) if file else None
    if encoder is None and train:
        with track(PICTURES, "training the encoder", "pictures") as tracker:
            latent_dim = network.model.latent_dim
            encoder = train_encoder(generator, latent_dim, tracker=tracker)
        if file and origin and origin.run and not file.exists():
            write_encoder(encoder, generator, file)
    return encoder
