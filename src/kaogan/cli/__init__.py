"""The command line: parsing and printing only.

One file for each command; each offers `add(commands)`, which declares its options and the function
that carries it out.
"""

import argparse
import difflib
import errno
import itertools
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from kaogan.cli.bench import add as add_bench
from kaogan.cli.bundle import add as add_bundle
from kaogan.cli.completion import add as add_completion
from kaogan.cli.data import add as add_data
from kaogan.cli.directions import add as add_directions
from kaogan.cli.doctor import add as add_doctor
from kaogan.cli.evaluate import add as add_evaluate
from kaogan.cli.explore import add as add_explore
from kaogan.cli.export import add as add_export
from kaogan.cli.invert import add as add_invert
from kaogan.cli.recipes import add as add_recipes
from kaogan.cli.report import add as add_report
from kaogan.cli.sample import add as add_sample
from kaogan.cli.toy import add as add_toy
from kaogan.cli.train import add as add_train
from kaogan.cli.walk import add as add_walk
from kaogan.errors import KaoganError
from kaogan.machine import limit_threads
from kaogan.version import __version__

COMMANDS = (
    add_data,
    add_train,
    add_recipes,
    add_toy,
    add_sample,
    add_walk,
    add_directions,
    add_invert,
    add_evaluate,
    add_report,
    add_bundle,
    add_export,
    add_explore,
    add_bench,
    add_doctor,
    add_completion,
)

WITH_PLUGINS = (
    *("train", "toy", "sample", "walk", "directions", "invert", "evaluate", "report", "bundle"),
    *("export", "explore"),
)
"""The commands that make or open a RUN."""


Late = Callable[["Parser", Sequence[str]], None]


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one line: what is wrong, what may have been meant,
    and where help is. `late` declares options that take time to know, when they are needed.
    """

    def __init__(self, *args: Any, late: Late | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._late = late

    def complete(self, words: Sequence[str] = ()) -> None:
        """Declare what is declared late, given the words to parse."""
        late, self._late = self._late, None
        if late:
            late(self, words)

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """Complain about what is unknown here and not in the outermost parser, which does not know
        the options that there are.
        """
        words = sys.argv[1:] if args is None else args
        self.complete(words)
        self._check_options(words)
        namespace, rest = super().parse_known_args(args, namespace)
        if rest:
            self.error(f"too much: {' '.join(rest)}")
        return namespace, rest

    def _check_options(self, words: Sequence[str]) -> None:
        known = self._option_string_actions
        commands = [action.choices for action in self._actions if action.nargs == argparse.PARSER]
        for word in words:
            if word == "--" or any(word in names for names in commands if names):
                return  # what follows is no option, or another parser's
            option = word.split("=")[0]
            if word.startswith("--") and option not in known:
                self.error(f"there is no option {option}{_meant(option, list(known))}")

    def error(self, message: str) -> NoReturn:
        wrong = re.fullmatch(r"argument (.+): invalid choice: '(.*)' \(choose from (.+)\)", message)
        if wrong:
            what, given, known = wrong[1], wrong[2], wrong[3].replace("'", "")
            hint = _meant(given, known.split(", ")) or f"; use {known}"
            message = f"{what} cannot be {given!r}{hint}"
        missing = message.removeprefix("the following arguments are required: ")
        if missing != message:
            message = f"{missing} is missing"
        self.exit(2, f"error: {message}; see {self.prog} --help\n")


def _meant(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def parser(complete: bool = False) -> argparse.ArgumentParser:
    """The whole command line; `complete`: with the options that are declared late."""
    top = Parser(
        prog="kaogan",
        description="Turn a folder of pictures into a GAN that draws new ones.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"kaogan {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in COMMANDS:
        add(commands)
    for name in WITH_PLUGINS:
        commands.choices[name].add_argument(
            "--plugin",
            action="append",
            metavar="FILE.py",
            help="components of your own; repeatable",
        )
        if complete:
            commands.choices[name].complete()
    return top


def _plugins(words: Sequence[str]) -> Iterator[str]:
    """The files that --plugin names; they are loaded before the options are read."""
    for word, following in itertools.pairwise([*words, ""]):
        if word == "--":
            return
        if word == "--plugin":
            yield following
        elif word.startswith("--plugin="):
            yield word.partition("=")[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0, 1 (it failed) or 2 (it made no sense)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        for file in _plugins(arguments):
            from kaogan import plugins  # imports torch

            plugins.load(file)
        options = parser().parse_args(arguments)
        limit_threads()
        options.command_line = shlex.join(["kaogan", *arguments])
        options.run(options)
    except KaoganError as error:
        return _complain(str(error), error.exit_status)
    except KeyboardInterrupt:
        return _complain("interrupted", 130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone: nothing to complain about
        return 1
    except OSError as error:
        return _complain(_explain(error), 1)
    return 0


def _complain(message: str, status: int) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return status


def _explain(error: OSError) -> str:
    where = f" {error.filename}" if error.filename else ""
    advice = {
        errno.ENOSPC: "make room, or write to another disk",
        errno.EACCES: "check the permissions, or write elsewhere",
        errno.EROFS: "write to a disk that is not read-only",
        errno.ENOENT: "check the path",
    }.get(error.errno or 0, "check the path and the disk")
    return f"{error.strerror or type(error).__name__}:{where}; {advice}"
