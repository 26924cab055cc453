"""`train_standalone.py`: a recipe as one readable file that needs torch, NumPy and Pillow only.

What the recipe does not use is not in it. Loss, penalties and schedules are in
their own source (`kaogan.report.source`).
"""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kaogan.errors import KaoganError, UsageError
from kaogan.models import DCGAN, KerasDCGAN
from kaogan.models.dcgan import stage_channels
from kaogan.report.source import Source
from kaogan.schedules import Constant
from kaogan.training.recipe import Recipe
from kaogan.version import __version__

PIECES = Path(__file__).parent / "bundle_templates"

GIVEN = frozenset({"Pass", "math", "nn", "np", "torch"})
"""Names that the program has, whatever the recipe."""


DEFINITIONS = (ast.FunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Map:
    """A feature map: channels x side x side."""

    channels: int
    side: int


def rendered(name: str, **values: Any) -> str:
    """A piece of `handin/` with its values filled in."""
    return _environment().get_template(name).render(version=__version__, **values)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(PIECES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # programs and Markdown, no HTML
    )


def standalone(recipe: Recipe, images: int) -> str:
    """The text of `train_standalone.py`.

    Args:
        recipe: what is trained.
        images: how long, unless its user asks for something else; at least 1.

    Raises:
        UsageError: the networks are no DCGAN's.
        KaoganError: a part of the recipe has no form in one file.

    """
    if type(recipe.model) not in (DCGAN, KerasDCGAN):  # a class of its own has layers of its own
        raise UsageError(
            f"the file is written for networks of a dcgan, not of a {recipe.model.name}"
        )
    if recipe.augmentation:
        raise UsageError("the file has no augmentations")
    model = DCGAN(**recipe.model.model_dump(exclude={"name"}))
    maps = [
        Map(channels, model.size >> stage)
        for stage, channels in enumerate(stage_channels(model.size, model.width), start=1)
    ]
    source = Source(GIVEN)
    loss = source.add(recipe.loss, ["discriminator", "generator"])
    penalties = [source.add(penalty, ["__call__"]) for penalty in recipe.penalties]
    schedules = {
        name: schedule
        for name, schedule in (
            ("SCHEDULE", recipe.lr_schedule),
            ("PENALTY_SCHEDULE", recipe.penalty_schedule),
        )
        if schedule != Constant() and (name == "SCHEDULE" or recipe.penalties)
    }
    if schedules.get("PENALTY_SCHEDULE") == recipe.lr_schedule:
        del schedules["PENALTY_SCHEDULE"]
    text = rendered(
        "train_standalone.py.j2",
        **model.model_dump(exclude={"name"}),
        **recipe.model_dump(exclude={"model", "loss", "penalties"}),
        images=images,
        maps=maps,
        loss=loss,
        penalties=penalties,
        schedules={name: source.add(each, ["__call__"]) for name, each in schedules.items()},
        penalties_follow=recipe.penalty_schedule != Constant(),
        functional=sorted(source.functional),
        parts=source.parts.values(),
        needs_real=recipe.loss.needs_real,
        lazy=len(recipe.kinds_of_steps) > 1,
    )
    defined = [each.name for each in ast.parse(text).body if isinstance(each, DEFINITIONS)]
    if twice := {name for name in defined if defined.count(name) > 1}:
        raise KaoganError(f"the file would have two things called {min(twice)}; rename one")
    return text
