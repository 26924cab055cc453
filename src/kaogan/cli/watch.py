"""`kaogan watch`: a run in progress as a page, served on this machine."""

import argparse

from kaogan.cli import arguments as args
from kaogan.page.server import Server, serve


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "watch",
        run=run,
        help="watch a training in the browser",
        description="Serve a page to this machine only that shows a run while it trains: the "
        "newest faces, all earlier ones, the curves, and what happened. It reads the RUN and "
        "changes nothing in it. Ctrl-C ends the page, not the training.",
        examples=("kaogan watch runs/pictures", "kaogan watch runs/toy-ring --no-open --port 8500"),
    )
    args.shared(command, "run_folder")
    args.value(command, "--port", "N", 0, "port; 0: any free one", args.within(int, 0, 65_535))
    args.shared(command, "--no-open")


def run(options: argparse.Namespace) -> None:
    """Serve until Ctrl-C."""
    from kaogan.report.watch import Watched
    from kaogan.training.run import Run

    with Server(options.port) as serving:
        serving.files = Watched(Run(options.run_folder))
        serve(serving, open_browser=not options.no_open)
