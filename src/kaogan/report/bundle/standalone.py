"""`train_standalone.py`: a recipe as one readable file that needs only torch, NumPy and Pillow.

It holds what the recipe uses and nothing else. Loss, penalties and schedules are there in their own
source (`kaogan.report.bundle.source`).
"""

import ast

from kaogan.errors import KaoganError, UsageError
from kaogan.models import DCGAN, KerasDCGAN
from kaogan.models.dcgan import stage_channels
from kaogan.report.bundle.source import Source
from kaogan.report.render import render
from kaogan.schedules import Constant
from kaogan.training.recipe import Recipe

DEFINITIONS = (ast.FunctionDef, ast.ClassDef)


def standalone(recipe: Recipe, images: int) -> str:
    """The text of `train_standalone.py`.

    Args:
        recipe: what is trained.
        images: length of a training unless its user says otherwise; at least 1.

    Raises:
        UsageError: the networks are not those of a DCGAN, or there is an augmentation.
        KaoganError: a part of the recipe cannot be written into one file.

    """
    if type(recipe.model) not in (DCGAN, KerasDCGAN):  # a class of its own has layers of its own
        raise UsageError(
            f"the file is written for networks of a dcgan, not of a {recipe.model.name}"
        )
    if recipe.augmentation:
        raise UsageError("the file has no augmentations")
    model = DCGAN(**recipe.model.model_dump(exclude={"name"}))
    maps = [
        {"channels": channels, "side": model.size >> stage}
        for stage, channels in enumerate(stage_channels(model.size, model.width), start=1)
    ]
    source = Source()
    loss = source.add(recipe.loss, ["discriminator", "generator"])
    penalties = [source.add(penalty, ["__call__"]) for penalty in recipe.penalties]
    schedules = {} if recipe.lr_schedule == Constant() else {"SCHEDULE": recipe.lr_schedule}
    if recipe.penalties and recipe.penalty_schedule not in (Constant(), recipe.lr_schedule):
        schedules["PENALTY_SCHEDULE"] = recipe.penalty_schedule
    text = render(
        "train_standalone.py.j2",
        **model.model_dump(exclude={"name"}),
        **recipe.model_dump(exclude={"model", "loss", "penalties"}),
        mirrored_images=recipe.mirrored_images,
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
