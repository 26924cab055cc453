"""`kaogan explore`: the page of a generator, served on this machine."""

import argparse

from kaogan.cli.arguments import (
    GENERATOR,
    Commands,
    add_shared,
    add_value,
    generator_of,
    page_of_generator,
    within,
)
from kaogan.page.server import Server, serve


def add(commands: Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "explore",
        run=run,
        help="open a page that draws faces in the browser",
        description="Serve the page that `kaogan export --format page` writes, to this machine "
        "only, and open it in the browser; Ctrl-C ends it. Needs pip install 'kaogan[onnx]'.",
    )
    add_shared(command, *GENERATOR)
    add_value(command, "--port", "N", 0, "port; 0: any free one", within(int, 0, 65_535))
    add_shared(command, "--no-open", "--title", "--encoder")


def run(options: argparse.Namespace) -> None:
    """Make the page and serve it until Ctrl-C."""
    with Server(options.port) as serving:  # first, since making the page may take a minute
        serving.files = page_of_generator(generator_of(options), options, "fp32").files
        serve(serving, open_browser=not options.no_open)
