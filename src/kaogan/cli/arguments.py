"""What several commands share: their options, the generator that they name, and printing."""

import argparse
import contextlib
import dataclasses
import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.errors import UsageError
from kaogan.progress import Verbosity, verbosity

if TYPE_CHECKING:
    from kaogan.data.dataset import Dataset
    from kaogan.data.shards import Part
    from kaogan.export.onnx import OnnxPrecision
    from kaogan.generators import TrainedGenerator
    from kaogan.page.making import Page
    from kaogan.training.recipe import Hardware

Commands = Any
"""What `ArgumentParser.add_subparsers` returns; argparse has no public name for it."""

FLAG: dict[str, Any] = {"action": "store_true"}
SHARED: dict[str, dict[str, Any]] = {
    "what": {
        "nargs": "?",
        "metavar": "WHAT",
        "help": "a RUN, a checkpoint, an exported file, hf:USER/NAME, faces-64 or avatars-64",
    },
    "--pretrained": {"metavar": "NAME", "help": "instead of WHAT: one that comes with kaogan"},
    "--checkpoint": {
        "metavar": "WHICH",
        "help": "of a RUN: best, newest or images seen (best, or newest if it was not evaluated)",
    },
    "--weights": {
        "choices": ("ema", "raw"),
        "help": "of a generator: averaged over the training, or raw (ema)",
    },
    "--set": {
        "action": "append",
        "default": [],
        "dest": "wishes",
        "metavar": "NAME=VALUE",
        "help": "a wish, of a generator that knows labels: hair-colour=pink; may be given again",
    },
    "--truncation": {
        "type": float,
        "default": 1.0,
        "metavar": "PSI",
        "help": "of the latents; below 1: cleaner faces, less varied (1)",
    },
    "run_folder": {"type": Path, "metavar": "RUN", "help": "folder of the run"},
    "--data": {
        "type": Path,
        "metavar": "DATASET",
        "help": "the data set of the RUN, if it was moved (where it was)",
    },
    "--title": {"help": "title (the RUN's name)"},
    "--author": {"metavar": "NAME", "help": "name of the author"},
    "--course": {"metavar": "NAME", "help": "name of the course"},
    "--date": {"metavar": "TEXT", "help": "date below the title (the day of the run's last event)"},
    "--text": {
        "type": Path,
        "metavar": "NOTES.md",
        "help": "your own words: a Markdown file whose headings are sections of the report",
    },
    "--no-marks": FLAG | {"help": "do not mark the places that wait for --text"},
    "--encoder": {
        **FLAG,
        "help": "train an encoder (minutes) if there is none: the page then reads pictures, too",
    },
    "--no-live": FLAG | {"help": "leave the generator out of the report: a few MB instead of 20"},
    "--no-open": FLAG | {"help": "do not open the browser"},
    "--device": {"default": "auto", "help": "auto, cpu, cuda, cuda:1, mps (auto)"},
    "--precision": {
        "choices": ("auto", "fp32", "bf16", "fp16"),
        "default": "auto",
        "metavar": "FORMAT",
        "help": "number format: fp32, bf16, fp16 or auto (auto)",
    },
    "--no-compile": FLAG | {"help": "no torch.compile and no CUDA graph on GPUs"},
    "--no-tune": FLAG | {"help": "only PyTorch's convolutions on CPUs"},
    "--json": FLAG | {"help": "print the result as JSON"},
    "--quiet": FLAG | {"help": "no progress, only warnings, errors and the result"},
    "--verbose": FLAG | {"help": "say every evaluation and checkpoint, too"},
    "--force": FLAG | {"help": "replace a file that is there (else the new one gets a number)"},
}
"""The declarations of options and arguments that more than one command has."""

GENERATOR = ("what", "--pretrained", "--checkpoint", "--weights")
WORDS = ("--author", "--course", "--date", "--text", "--no-marks")
HARDWARE = ("--device", "--precision", "--no-compile", "--no-tune")


def shared(command: Any, *names: str, **changes: Any) -> None:
    """Declare shared options for a command or a group of its options, with these changes."""
    for name in names:
        command.add_argument(name, **SHARED[name] | changes)


def flag(command: Any, name: str, text: str) -> None:
    """Declare an option without a value."""
    command.add_argument(name, **FLAG, help=text)


def value(command: Any, name: str, metavar: str, default: Any, text: str, kind: Any = None) -> None:
    """Declare an option with a default, which the help shows: "faces to draw (64)".

    Args:
        command: a parser or a group.
        name: the option.
        metavar: what stands for its value in the help.
        default: its default.
        text: its help.
        kind: turns the text of a value into the value; the default's type if None.

    """
    shown = f"{default:g}" if isinstance(default, float) else default
    kind = kind or type(default)
    command.add_argument(
        name, metavar=metavar, default=default, type=kind, help=f"{text} ({shown})"
    )


def generator_of(options: argparse.Namespace) -> "TrainedGenerator":
    """The generator that WHAT or --pretrained names.

    Raises:
        UsageError: not exactly one of WHAT and --pretrained, or no such generator or checkpoint.
        KaoganError: there is nothing of this name, or it cannot be read.

    """
    from kaogan.generators import open_generator, open_pretrained

    if (options.what is None) == (options.pretrained is None):
        raise UsageError(
            "give a RUN, a checkpoint, an exported file or a NAME as WHAT, or --pretrained NAME, "
            "and not both"
        )
    if options.pretrained is not None:
        found = open_pretrained(options.pretrained, options.checkpoint, options.weights)
    else:
        found = open_generator(options.what, options.checkpoint, options.weights)
    wishes = wishes_of(options)
    return found.wishing(wishes) if wishes else found


def wishes_of(options: argparse.Namespace) -> dict[str, str]:
    """The values of --set by attribute.

    Raises:
        UsageError: one is not written as NAME=VALUE, or an attribute is named twice.

    """
    wishes: dict[str, str] = {}
    for text in getattr(options, "wishes", ()):
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--set {text} names no value; write --set {text}=VALUE")
        if name in wishes:
            raise UsageError(f"--set {name} was given twice; give it once")
        wishes[name] = value
    return wishes


def page_of_generator(
    generator: "TrainedGenerator", options: argparse.Namespace, precision: "OnnxPrecision"
) -> "Page":
    """The page that `explore` and `export --format page` show, as --title and --encoder say."""
    from kaogan.latent.directions import described
    from kaogan.latent_tools import directions_of, encoder_beside, encoder_of
    from kaogan.page.making import page_of

    return page_of(
        generator.network(labels=True),
        options.title or generator.name,
        described(directions_of(generator)),
        encoder_of(generator) if options.encoder else encoder_beside(generator),
        precision,
    )


def hardware_of(options: argparse.Namespace, workers: int = 1) -> "Hardware":
    """The hardware that the options of `HARDWARE` describe."""
    from kaogan.training.recipe import Hardware

    return Hardware(
        device=options.device,
        precision=options.precision,
        workers=workers,
        compile=not options.no_compile,
        tune=not options.no_tune,
    )


def given(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    """The options of these names that the user gave a value."""
    values = {name: getattr(options, name, None) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def open_data(options: argparse.Namespace, part: "Part | None" = None) -> "Dataset":
    """The prepared data set at DATA, or a part of it.

    Raises:
        UsageError: it has another size or other channels than those asked for.

    """
    from kaogan.data.dataset import open_dataset

    dataset = open_dataset(options.data, part=part)
    for name, asked in given(options, "size", "channels").items():
        prepared = getattr(dataset, name)
        if asked != prepared:
            raise UsageError(
                f"{options.data} was prepared with --{name} {prepared}, not {asked}; leave out "
                f"--{name}, or prepare the data again: kaogan data prepare SOURCE "
                f"--{name} {asked} --out NEW"
            )
    return dataset


def values_of(option: str, words: Sequence[str]) -> list[str]:
    """The values of an option, read before the parser knows all options."""
    before = [*itertools.takewhile(lambda word: word != "--", words), ""]
    found = [after for word, after in itertools.pairwise(before) if word == option]
    return found + [word.partition("=")[2] for word in before if word.startswith(f"{option}=")]


def file_named(name: str | Path, *suffixes: str) -> Path:
    """The path of a file to write.

    Raises:
        UsageError: it has none of these suffixes.

    """
    file = Path(name)
    if file.suffix.lower() not in suffixes or file.is_dir():
        raise UsageError(f"cannot write {file}: give --out FILE{' or '.join(suffixes)}")
    return file


def new_file(file: Path, force: bool) -> Path:
    """`file`, or if it is there already and not `force`, one with a number: faces-2.png."""
    if force or not file.exists():
        return file
    numbered = (file.with_stem(f"{file.stem}-{number}") for number in itertools.count(2))
    free = next(each for each in numbered if not each.exists())
    if verbosity() > Verbosity.QUIET:
        words = f"note: {file} is there already, so this is {free}; --force replaces it"
        print(words, file=sys.stderr)
    return free


MOST = 2**63 - 64
"""The largest number that `within` takes: seeds have 63 bits, and a walk uses up to 64 of them."""


def within(kind: type[int] | type[float], low: float, high: float = MOST) -> Any:
    """An argparse type: a number of this kind from `low` to `high`."""
    bounds = f"{low} or more" if high == MOST else f"{low} to {high}"

    def number(text: str) -> float:
        with contextlib.suppress(ValueError):
            value = kind(text)
            if low <= value <= high:
                return value
        raise argparse.ArgumentTypeError(f"cannot be {text}; use {bounds}")

    return number


def tell(options: argparse.Namespace, about: Any, *lines: str, indent: int | None = None) -> None:
    """Print the result, as JSON or in these lines; `about` may be JSON already."""
    if options.json and not isinstance(about, str):
        about = json.dumps(about, default=dataclasses.asdict, indent=indent)
    print(about if options.json else "\n".join(lines), flush=True)


def tell_files(options: argparse.Namespace, about: Any, *lines: str, missing: Any) -> None:
    """Print what was written, and which parts of it were left out and why."""
    left_out = [f"left out: {one.part}: {one.why}" for one in missing]
    tell(options, about | {"left_out": list(missing)}, *lines, *left_out)
