"""The options of `kaogan train` that make a recipe."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.cli import arguments as args

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


def add_recipe_options(command: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Declare the options of a recipe: its parts, then all their fields.

    That needs PyTorch, and the plugins of the run that is resumed. So it is done only when a
    training is asked for.
    """
    from kaogan import plugins
    from kaogan.augmentations import augmentations
    from kaogan.losses import losses
    from kaogan.losses.penalties import penalties
    from kaogan.models import models
    from kaogan.options import FRAMEWORKS, all_options, draws_pictures, flag, kind_of, parse_part
    from kaogan.schedules import schedules

    data = [word for word in words if not word.startswith("-")]
    for run in args.values_of("--out", words) or [f"runs/{run_name(word)}" for word in data]:
        plugins.load_kept(Path(run))
    for run in args.values_of("--like", words):
        plugins.load_kept(Path(run))
    plugins.load_installed()
    group = command.add_argument_group("recipe")
    which = group.add_mutually_exclusive_group()
    args.value(which, "--recipe", "NAME", "standard", "standard or dcgan; see kaogan recipes")
    which.add_argument(
        "--config",
        type=Path,
        metavar="FILE.json",
        help="a recipe (kaogan recipes NAME); options come first",
    )
    which.add_argument(
        "--like",
        type=Path,
        metavar="RUN",
        help="recipe of this run, and its budget if none is given",
    )
    pictured = [name for name in models if draws_pictures(models[name])]
    parts = {
        "model": f"{', '.join(pictured)} (dcgan)",
        "loss": f"{', '.join(losses)} (relativistic)",
        "augmentation": f"{', '.join(augmentations) or 'of a plugin'} (none)",
    }
    for name, text in parts.items():
        group.add_argument(flag(name), dest=name, type=parse_part, metavar="NAME", help=text)
    group.add_argument(
        flag("penalties"),
        dest="penalties",
        action="append",
        metavar="P=W",
        help=f"on D: {', '.join(penalties)}; or none (r1=1 r2=1)",
    )
    group.add_argument(
        "--schedule",
        type=parse_part,
        action="append",
        metavar="NAME",
        help="of learning rates; given twice, the second one is of penalties; "
        f"{', '.join(schedules)} (cosine, constant)",
    )
    group.add_argument(
        "--anneal-images", type=int, metavar="N", help="of the cosine; 0: constant (--images)"
    )
    group.add_argument(
        "--condition",
        metavar="NAME,...",
        help="labels of DATA to learn, or all (none)",
    )
    # An older spelling of --model.
    group.add_argument("--framework", choices=FRAMEWORKS, help=argparse.SUPPRESS)
    for name, field in all_options().items():
        kind, text = kind_of(field), _described(name, field)
        settings: dict[str, Any] = {"action": argparse.BooleanOptionalAction}
        if kind is not bool:
            settings = {"type": kind, "metavar": {int: "N", float: "X"}.get(kind, "HOW")}
        group.add_argument(flag(name), dest=name, help=text, **settings)


def _described(name: str, field: "FieldInfo") -> str:
    """The help of an option: its field's description, and its default in each recipe."""
    from kaogan.options import SHAPE, choices_of
    from kaogan.recipes import RECIPES, VARIANTS

    found = {each: made.usual.get(name, field.default) for each, made in RECIPES.items()}
    (_, first), *others = found.items()
    short = [
        f"{each.options[name]} in short --minutes" for each in VARIANTS if name in each.options
    ]
    words = [
        _word(first),
        *short,
        *(f"{each} {_word(one)}" for each, one in others if one != first),
    ]
    told = "DATA's" if name in SHAPE else "; ".join(words)
    choices = [choice for choice in choices_of(field) if isinstance(choice, str)]
    before = f"{', '.join(choices)}: " if choices else ""
    return f"{before}{field.description} ({told})".replace("%", "%%")


def _word(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def recipe_options(options: argparse.Namespace) -> dict[str, Any]:
    """The options of `kaogan.recipes` that were given; size and channels are the data's."""
    from kaogan.options import OTHERS, PARTS, SHAPE, all_options, parse_penalties

    asked = args.given(options, *sorted((all_options().keys() | PARTS | OTHERS) - set(SHAPE)))
    if "schedule" in asked:
        asked["schedule"], *others = asked["schedule"]
        asked |= {"penalty_schedule": others[-1]} if others else {}
    if "penalties" in asked:
        asked["penalties"] = parse_penalties(asked["penalties"])
    if asked.get("augmentation") == "none":
        asked["augmentation"] = None
    if asked.get("anneal_images") == 0:
        asked["anneal_images"] = None
    return asked


def run_name(data: str) -> str:
    """A folder's name, or an archive's without its extensions."""
    return Path(data).resolve().name.split(".")[0] or "run"
