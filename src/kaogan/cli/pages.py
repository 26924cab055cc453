"""What `explore` and `export --format page` share: a generator's page, with all that is known."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kaogan.export.onnx import OnnxPrecision
    from kaogan.generators import TrainedGenerator
    from kaogan.page.making import Page


def add_options(command: argparse.ArgumentParser) -> None:
    """Declare the options of a page."""
    command.add_argument("--title", help="of the page (the RUN's name)")
    command.add_argument(
        "--encoder",
        action="store_true",
        help="if there is none yet, train an encoder (minutes): the page finds faces in pictures",
    )


def page(
    generator: "TrainedGenerator", options: argparse.Namespace, precision: "OnnxPrecision"
) -> "Page":
    """The page of a generator: with its directions, and with its encoder if there is one.

    Args:
        generator: the page has its name unless told.
        options: as `add_options` declares them.
        precision: of the weights.

    Raises:
        KaoganError: as `kaogan.page.page_of`, or a file that belongs to the page is damaged.

    """
    from kaogan.companions import directions_of, encoder_beside, encoder_of
    from kaogan.export.companions import described
    from kaogan.page.making import page_of

    return page_of(
        generator.network(),
        options.title or generator.name,
        described(directions_of(generator)),
        encoder_of(generator) if options.encoder else encoder_beside(generator),
        precision,
    )
