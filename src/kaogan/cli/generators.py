"""Which generator a command draws with: RUN, or --pretrained NAME."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kaogan.errors import UsageError

if TYPE_CHECKING:
    from kaogan.training.recipe import Recipe
    from kaogan.training.run import Run
    from kaogan.training.sampling import Sampler


@dataclass(frozen=True)
class Chosen:
    """A generator ready to draw, and where it comes from.

    Args:
        sampler: the generator, settled, on the CPU.
        name: what to call it: the RUN folder's name, or that of the pretrained generator.
        home: the folder in which files about it lie: the RUN, or the one that kaogan ships.
        run: the training, if it is on the disk.
        recipe: what was trained.

    """

    sampler: "Sampler"
    name: str
    home: Path
    run: "Run | None"
    recipe: "Recipe"


def add_options(command: argparse.ArgumentParser) -> None:
    """Declare the options that say which generator."""
    command.add_argument("run_folder", nargs="?", metavar="RUN", help="folder of a training")
    command.add_argument("--pretrained", metavar="NAME", help="faces-64 or avatars-64, no RUN")
    command.add_argument(
        "--checkpoint",
        metavar="WHICH",
        help="best, newest or images seen (best, or newest if the run was not evaluated)",
    )
    command.add_argument(
        "--weights", choices=("ema", "raw"), default="ema", help="averaged or raw (ema)"
    )


def chosen(options: argparse.Namespace) -> Chosen:
    """The generator that the options name.

    Raises:
        UsageError: not exactly one of RUN and --pretrained, or no such generator or checkpoint.
        KaoganError: there is no run, or it cannot be read.

    """
    if (options.run_folder is None) == (options.pretrained is None):
        raise UsageError("give a RUN folder, or --pretrained NAME, and not both")
    if options.pretrained is not None:
        return _pretrained(options.pretrained)
    from kaogan.training.run import Run

    run = Run(Path(options.run_folder))
    sampler = run.sampler(options.checkpoint, options.weights)
    return Chosen(sampler, run.path.resolve().name, run.path, run, run.recipe)


def _pretrained(name: str) -> Chosen:
    from kaogan import zoo

    recipe = zoo.pretrained_recipe(name)
    return Chosen(zoo.pretrained(name), name, zoo.FOLDER / name, None, recipe)
