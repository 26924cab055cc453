"""What `kaogan train` chooses for the data and the time, where the user did not choose.

Only the standard recipe is fitted; `dcgan` stays the paper's for every budget. The choices become a
part of the recipe (`run.json`), so the same command again resumes the same run.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from kaogan import recipes
from kaogan.data.dataset import Dataset
from kaogan.data.handedness import HANDED, handedness
from kaogan.options import LABELS, Options, flat
from kaogan.recipes import VARIANTS
from kaogan.schedules import Constant, Cosine
from kaogan.training import checkpoints
from kaogan.training.recipe import Budget, Recipe
from kaogan.training.run import Run
from kaogan.training.world import World

Rate = Callable[[Recipe], float]
"""Measures the speed of this machine with a recipe, in images per second."""


CHOSEN = ("batch", "mirror", "mirror_until", "width")
"""The options that may be chosen, besides the schedule."""


@dataclass(frozen=True)
class Fitted:
    """A recipe, and the choices that were made for it, in sentences."""

    recipe: Recipe
    remarks: tuple[str, ...]


def fitted(
    name: str,
    options: Options,
    dataset: Dataset,
    budget: Budget,
    out: Run,
    rate: Rate,
) -> Fitted:
    """The recipe called `name` with these options, and the rest fitted to data and budget.

    Args:
        name: registered name; only "standard" is fitted.
        options: the user's options; they are never changed.
        dataset: the pictures to train on. The recipe takes their size and channels.
        budget: how long to train.
        out: the run's folder. If a run is there already, its choices are kept, and its schedules
            end with the budget.
        rate: called only if the budget is one of time.

    Raises:
        UsageError: there is no such recipe, or it is not valid.

    """
    asked: Options = {"size": dataset.size, "channels": dataset.channels, **options}
    if name != "standard":
        return Fitted(recipes.named(name, **asked), ())
    if checkpoints.found(out.checkpoints):
        kept = _kept(out, budget, len(dataset.train))
        return Fitted(recipes.standard(**kept | asked), ())
    remarks: list[str] = []
    if "mirror" not in options:
        share = handedness(dataset.train)
        if asked.get(LABELS):
            asked = {**asked, "mirror": False}
            remarks.append(
                "a label may be about left or right, so the pictures are not mirrored; --mirror "
                "mirrors them all the same"
            )
        elif share >= HANDED:
            asked = {**asked, "mirror": False}
            remarks.append(
                "left and right differ in these pictures (a simple test tells "
                f"{share:.0%} of them from their mirror images), so they are not mirrored; "
                "--mirror mirrors them all the same"
            )
    horizon = budget.images_limit(len(dataset.train))
    if budget.minutes is not None:
        seconds = budget.minutes * 60
        images = rate(recipes.standard(**asked)) * seconds
        variant = next(each for each in VARIANTS if images < each.below)
        if variant.options and not (variant.options.keys() | {"model"}) & options.keys():
            asked = {**asked, **variant.options}
            images = rate(recipes.standard(**asked)) * seconds
            words = " ".join(f"--{key} {value}" for key, value in variant.options.items())
            remarks.append(f"{budget.minutes:g} minutes on this machine: {words}; {variant.why}")
        horizon = min(rounded(images), horizon or rounded(images))
    if not {"anneal_images", "schedule"} & options.keys() and horizon is not None:
        asked = {**asked, "anneal_images": horizon}
        remarks.append(f"learning rates fall over {horizon:,} images")
    return Fitted(recipes.standard(**asked), tuple(remarks))


def fitted_together(world: World, fit: Callable[[Rate], Fitted], rate: Rate) -> Fitted:
    """What `fit(rate)` returns in the first process, for all.

    `rate` measures all processes together, so the others are called to each measurement.
    """
    if not world.leads:
        while "remarks" not in (told := json.loads(world.shared(""))):
            rate(Recipe.model_validate(told["recipe"]))
        return Fitted(Recipe.model_validate(told["recipe"]), tuple(told["remarks"]))

    def common_rate(recipe: Recipe) -> float:
        world.shared(json.dumps({"recipe": recipe.model_dump(mode="json")}))
        return rate(recipe)

    made = fit(common_rate)
    about = {"recipe": made.recipe.model_dump(mode="json"), "remarks": made.remarks}
    world.shared(json.dumps(about))
    return made


def rounded(images: float) -> int:
    """A number of images, to two digits: a measurement is no more precise."""
    return max(1, int(float(f"{images:.1e}")))


def _kept(out: Run, budget: Budget, epoch_size: int) -> Options:
    """The choices of a run that is there already, with schedules that end with this budget."""
    recipe, state = out.recipe, out.read("newest")[1]
    horizon = budget.images_limit(epoch_size)
    if budget.minutes is not None:
        seen, seconds = state["images_seen"], state["seconds"]
        left = budget.minutes * 60 - seconds
        images = rounded(seen + left * seen / max(seconds, 1.0))
        horizon = min(images, horizon or images)
        if budget.minutes == out.about.get("budget", {}).get("minutes"):
            horizon = recipe.anneal_images
    penalties = recipe.penalty_schedule
    if horizon is not None and penalties == recipe.lr_schedule != Constant():
        penalties = Cosine(images=horizon)  # they fell with the learning rates, and still do
    options = flat(recipe)
    chosen = {name: options[name] for name in CHOSEN if name in options}
    return chosen | {"anneal_images": horizon, "penalty_schedule": penalties}
