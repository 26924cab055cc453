"""`kaogan explore`: the page of a generator, served on this machine."""

import argparse
from typing import TYPE_CHECKING, Any

from kaogan.cli import pages
from kaogan.cli.generators import add_options, chosen
from kaogan.errors import UsageError
from kaogan.page.server import Server, serve

if TYPE_CHECKING:
    from kaogan.page.making import Page


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "explore",
        help="open a page that draws faces in the browser",
        description="Serve the page that `kaogan export --format page` writes, to this machine "
        "only, and open it in the browser; Ctrl-C ends it. Needs pip install 'kaogan[onnx]'.",
        allow_abbrev=False,
    )
    add_options(command)
    command.add_argument("--port", type=int, default=0, help="port to listen on (any free one)")
    command.add_argument("--no-open", action="store_true", help="do not open the browser")
    pages.add_options(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Make the page and serve it until Ctrl-C."""
    if not 0 <= options.port < 2**16:
        raise UsageError(
            f"there is no port {options.port}; use 1024 to 65535, or 0 for any free one"
        )
    with Server(options.port) as serving:  # first, since making the page may take a minute
        serving.files = _page(options).files
        serve(serving, open_browser=not options.no_open)


def _page(options: argparse.Namespace) -> "Page":
    return pages.page(chosen(options), options, "fp32")
