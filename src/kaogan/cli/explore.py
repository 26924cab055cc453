"""`kaogan explore`: the page of a generator, served on this machine."""

import argparse

from kaogan.cli import arguments as args
from kaogan.page.server import Server, serve


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "explore",
        examples=(
            "kaogan explore faces-64",
            "kaogan explore runs/pictures --encoder",
        ),
        run=run,
        help="open a page that draws faces in the browser",
        description="Serve the page that `kaogan export --format page` writes, to this machine "
        "only, and open it in the browser; Ctrl-C ends it. Needs pip install 'kaogan[onnx]'.",
    )
    args.shared(command, *args.GENERATOR)
    args.value(command, "--port", "N", 0, "port; 0: any free one", args.within(int, 0, 65_535))
    args.shared(command, "--no-open", "--title", "--encoder")


def run(options: argparse.Namespace) -> None:
    """Make the page and serve it until Ctrl-C."""
    with Server(options.port) as serving:  # first, since making the page may take a minute
        serving.files = args.page_of_generator(args.generator_of(options), options, "fp32").files
        serve(serving, open_browser=not options.no_open)
