"""`kaogan explore`: the page of a generator, served on this machine."""

import argparse

from kaogan.cli import arguments as args
from kaogan.page.server import USUAL_PORT, Server, serve, usual_server


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
        "only, and open it in the browser; Ctrl-C ends it. Faces that are kept on the page stay in "
        "the browser, for this port. Needs pip install 'kaogan[onnx]'.",
    )
    args.shared(command, *args.GENERATOR)
    command.add_argument(
        "--port",
        metavar="N",
        type=args.within(int, 0, 65_535),
        help=f"port; 0: any free one ({USUAL_PORT}, or the next free one)",
    )
    args.shared(command, "--no-open", "--title", "--encoder")


def run(options: argparse.Namespace) -> None:
    """Make the page and serve it until Ctrl-C."""
    # First, since making the page may take a minute.
    with usual_server() if options.port is None else Server(options.port) as serving:
        serving.files = args.page_of_generator(args.generator_of(options), options, "fp32").files
        serve(serving, open_browser=not options.no_open)
