"""The command line: parsing and printing only.

Each command has one file. Its function `add(commands)` declares the options, and the function that
runs the command.
"""

import argparse
import difflib
import errno
import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from kaogan.cli import (
    bench,
    bundle,
    completion,
    data,
    directions,
    doctor,
    evaluate,
    explore,
    export,
    invert,
    publish,
    recipes,
    report,
    runs,
    sample,
    toy,
    train,
    walk,
    watch,
)
from kaogan.cli.arguments import values_of
from kaogan.errors import Heard, KaoganError
from kaogan.machine import limit_threads
from kaogan.progress import Verbosity, set_verbosity
from kaogan.version import __version__

COMMANDS = (
    *(data, train, recipes, runs, watch, toy, sample, walk, directions, invert),
    *(evaluate, report, bundle, export, publish, explore, bench, doctor, completion),
)
WITHOUT_PLUGINS = ("data", "list", "bench", "doctor", "completion")
"""The commands that neither make a RUN nor open its recipe."""


Late = Callable[["Parser", Sequence[str]], None]
Run = Callable[[argparse.Namespace], None]


class Parser(argparse.ArgumentParser):
    """An argument parser with one-line errors: what is wrong, what may have been meant, and where
    to find help.

    Args:
        *args: as for `argparse.ArgumentParser`.
        run: the function that runs the command.
        late: declares options that take time to know. It is called when the command is parsed.
        examples: command lines at the end of the help.
        **options: as for `argparse.ArgumentParser`.

    """

    def __init__(
        self,
        *args: Any,
        run: Run | None = None,
        late: Late | None = None,
        examples: Sequence[str] = (),
        **options: Any,
    ) -> None:
        super().__init__(*args, **options | {"allow_abbrev": False})
        self._late, self.examples = late, examples
        if run:
            self.set_defaults(run=run)

    def format_help(self) -> str:
        """The help as argparse writes it, then the examples, one line each."""
        lines = [f"  {example}" for example in self.examples]
        return super().format_help() + ("\n".join(["", "examples:", *lines, ""]) if lines else "")

    def complete(self, words: Sequence[str] = ()) -> None:
        """Declare the late options, given the words to parse."""
        late, self._late = self._late, None
        if late:
            late(self, words)

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """Report unknown options here: the outermost parser does not know a command's options."""
        words = sys.argv[1:] if args is None else args
        self.complete(words)
        has_commands = any(action.nargs == argparse.PARSER for action in self._actions)
        if not words and has_commands and not self.get_default("run"):
            self.print_help()
            self.exit()
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
                return  # from here on there are no options, or those of another parser
            option = word.split("=")[0]
            if word.startswith("--") and option not in known:
                self.error(f"there is no option {option}{_meant(option, list(known))}")

    def error(self, message: str) -> NoReturn:
        wrong = re.fullmatch(r"argument (.+): invalid choice: '(.*)' \(choose from (.+)\)", message)
        if wrong:
            what, given, known = wrong[1], wrong[2], wrong[3].replace("'", "")
            hint = _meant(given, known.split(", ")) or f"; use {known}"
            message = f"{what} cannot be {given!r}{hint}"
        message = re.sub(r"^argument (\S+): (?=cannot be )", r"\1 ", message)
        message = re.sub(
            r"^argument (.+): not allowed with argument (.+)$", r"give \1 or \2, not both", message
        )
        message = re.sub(r"^argument (.+): expected (one|at least one) argument$",
                         r"\1 needs a value", message)  # fmt: skip
        for kind, words in (("int", "a whole number"), ("float", "a number")):
            wrong = re.fullmatch(rf"argument (.+): invalid {kind} value: (.+)", message)
            if wrong:
                message = f"{wrong[1]} cannot be {wrong[2]}; use {words}"
        missing = message.removeprefix("the following arguments are required: ")
        if missing != message:
            message = f"{missing} is missing"
        self.exit(2, f"error: {message}; see {self.prog} --help\n")


def _meant(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def parser(complete: bool = False) -> argparse.ArgumentParser:
    """The whole command line; with `complete`, it has the late options, too."""
    top = Parser(
        prog="kaogan",
        description="Turn a folder of pictures into a GAN that draws new ones. In the help of a "
        "command (kaogan help COMMAND), the default of an option stands in parentheses.",
        examples=("kaogan sample faces-64 --out faces.png", "kaogan train pictures --minutes 60"),
    )
    top.add_argument("--version", action="version", version=f"kaogan {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    for name, command in commands.choices.items():
        if name not in WITHOUT_PLUGINS:
            command.add_argument(
                "--plugin",
                action="append",
                metavar="FILE.py",
                help="components of your own; repeatable",
            )
        if complete:
            command.complete()
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit status: 0, 1 (it failed) or 2 (wrong usage)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if "TORCHELASTIC_RUN_ID" in os.environ:
        # When another process ends, PyTorch would print its own stack beside our line.
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    if list(arguments[:1]) == ["help"]:
        arguments = [*arguments[1:], "--help"]
    try:
        for file in values_of("--plugin", arguments):  # before the options are read
            from kaogan import plugins  # imports torch

            plugins.load(file)
        options = parser().parse_args(arguments)
        limit_threads()
        set_verbosity(_verbosity(options))
        options.command_line = shlex.join(["kaogan", *arguments])
        options.run(options)
    except Heard as error:
        return error.exit_status
    except KaoganError as error:
        return _fail(str(error), error.exit_status)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of the output has gone, which is no error
        return 1
    except (MemoryError, ImportError) as error:
        # A library that does not fit into the memory cannot be imported.
        if isinstance(error, ImportError) and "failed to map segment" not in str(error):
            raise
        return _fail("out of memory; close other programs, or use a machine with more", 1)
    except OSError as error:
        return _fail(_explain(error), 1)
    return 0


def _verbosity(options: argparse.Namespace) -> Verbosity:
    if getattr(options, "quiet", False):
        return Verbosity.QUIET
    return Verbosity.VERBOSE if getattr(options, "verbose", False) else Verbosity.USUAL


def _fail(message: str, status: int) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return status


def _explain(error: OSError) -> str:
    where = f": {error.filename}" if error.filename else ""
    advice = {
        errno.ENOSPC: "make room, or write to another disk",
        errno.EACCES: "check the permissions, or write elsewhere",
        errno.EROFS: "write to a disk that is not read-only",
        errno.ENOENT: "check the path",
    }.get(error.errno or 0, "check the path and the disk")
    return f"{error.strerror or type(error).__name__}{where}; {advice}"
