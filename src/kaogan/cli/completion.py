"""`kaogan completion`: let the shell complete kaogan's commands and options."""

import argparse
import sys
from typing import Any

from kaogan.errors import KaoganError

SHELLS = ("bash", "zsh")


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "completion",
        help="print a script that completes commands in the shell",
        description="Print a script that makes the shell complete kaogan's commands and options "
        "when Tab is pressed; needs pip install 'kaogan[completion]'. For bash, once: "
        "kaogan completion bash >> ~/.bash_completion; for zsh: kaogan completion zsh > "
        "FOLDER/_kaogan, with a FOLDER of $fpath.",
        allow_abbrev=False,
    )
    command.add_argument("shell", choices=SHELLS, metavar="SHELL", help=" or ".join(SHELLS))
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the script."""
    try:
        import shtab
    except ImportError:
        raise KaoganError("completion needs shtab: pip install 'kaogan[completion]'") from None
    from kaogan.cli import parser

    sys.stdout.write(shtab.complete(parser(complete=True), options.shell))
