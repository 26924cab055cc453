"""The arguments that say which generator a command draws with: WHAT, or --pretrained NAME."""

import argparse
from typing import TYPE_CHECKING

from kaogan.errors import UsageError

if TYPE_CHECKING:
    from kaogan.generators import TrainedGenerator

WHAT = "a RUN, a checkpoint, an exported file, faces-64 or avatars-64"


def add_what(command: argparse.ArgumentParser) -> None:
    """Declare WHAT, and its other spelling."""
    command.add_argument("what", nargs="?", metavar="WHAT", help=WHAT)
    command.add_argument(
        "--pretrained", metavar="NAME", help="instead of WHAT: one that comes with kaogan"
    )


def add_options(command: argparse.ArgumentParser) -> None:
    """Declare the arguments that say which generator."""
    add_what(command)
    command.add_argument(
        "--checkpoint",
        metavar="WHICH",
        help="of a RUN: best, newest or images seen (best, or newest if it was not evaluated)",
    )
    command.add_argument(
        "--weights", choices=("ema", "raw"), help="of a RUN: averaged or raw (ema)"
    )


def check(options: argparse.Namespace) -> None:
    """Raise a UsageError unless there is exactly one of WHAT and --pretrained."""
    if (options.what is None) == (options.pretrained is None):
        raise UsageError(
            "give a RUN, a checkpoint, an exported file or a NAME as WHAT, or --pretrained NAME, "
            "and not both"
        )


def chosen(options: argparse.Namespace) -> "TrainedGenerator":
    """The generator that the arguments name.

    Raises:
        UsageError: not exactly one of WHAT and --pretrained, or no such generator or checkpoint.
        KaoganError: there is nothing of this name, or it cannot be read.

    """
    from kaogan.generators import open_generator, open_pretrained

    check(options)
    if options.pretrained is not None:
        return open_pretrained(options.pretrained, options.checkpoint, options.weights)
    return open_generator(options.what, options.checkpoint, options.weights)
