"""`kaogan completion`: let the shell complete kaogan's commands and options."""

import argparse
import sys

from kaogan.cli import arguments as args
from kaogan.errors import KaoganError

SHELLS = ("bash", "zsh")


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "completion",
        examples=(
            "kaogan completion bash >> ~/.bash_completion",
            "kaogan completion zsh > ~/.zfunc/_kaogan",
        ),
        run=run,
        help="print a script that completes commands in the shell",
        description="Print a script that makes the shell complete kaogan's commands and options "
        "when Tab is pressed; needs pip install 'kaogan[completion]'. For bash, run once: "
        "kaogan completion bash >> ~/.bash_completion. For zsh: kaogan completion zsh > "
        "FOLDER/_kaogan, where FOLDER is in $fpath.",
    )
    command.add_argument("shell", choices=SHELLS, metavar="SHELL", help=" or ".join(SHELLS))


def run(options: argparse.Namespace) -> None:
    """Print the script."""
    try:
        import shtab
    except ImportError:
        raise KaoganError("completion needs shtab: pip install 'kaogan[completion]'") from None
    from kaogan.cli import parser

    sys.stdout.write(shtab.complete(parser(complete=True), options.shell))
