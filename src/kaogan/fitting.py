"""A recipe that fits the data and the time: what `kaogan train` fills in where it was not told.

Only the standard recipe is fitted; `dcgan` is the paper's, whatever the budget. What is chosen here
becomes a part of the recipe (`run.json`), so the same command again goes on with the same run.
"""

from collections.abc import Callable
from dataclasses import dataclass

from kaogan import recipes
from kaogan.data.dataset import Dataset
from kaogan.data.handedness import HANDED, handedness
from kaogan.options import Options, flat
from kaogan.schedules import Constant, Cosine
from kaogan.training import checkpoints
from kaogan.training.recipe import Budget, Recipe
from kaogan.training.run import Run

Rate = Callable[[Recipe], float]
"""Measures how many images a second this machine trains a recipe with."""


@dataclass(frozen=True)
class Variant:
    """What suits a training of so many images, counted at the standard's width."""

    below: float
    options: Options
    why: str


VARIANTS = (
    Variant(
        60_000,
        {"width": 32, "batch": 16},
        "half the width sees three times as many images in so short a time",
    ),
    Variant(float("inf"), {}, ""),
)
"""The table behind `--minutes`. Its threshold is a guess until the study is done."""


CHOSEN = ("batch", "mirror", "width")
"""What may be chosen, besides the schedule."""


@dataclass(frozen=True)
class Fitted:
    """A recipe, and what was chosen for it, in sentences."""

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
    """The recipe called `name` with these options, the rest fitted to data and budget.

    Args:
        name: registered name; only "standard" is fitted.
        options: what was asked for; it is never changed.
        dataset: what will be trained on; its size and channels are taken over.
        budget: how long.
        out: where the run will be, or is already: then its choices are kept, and only annealing is
            prolonged where the budget is.
        rate: asked only where the budget is one of time.

    Raises:
        UsageError: there is no such recipe, or it is not valid.

    """
    asked: Options = {"size": dataset.size, "channels": dataset.channels, **options}
    if name != "standard":
        return Fitted(recipes.named(name, **asked), ())
    earlier = _earlier(out)
    if earlier is not None:
        kept = earlier.choices | earlier.schedules(budget, len(dataset.train))
        return Fitted(recipes.standard(**{**kept, **asked}), ())
    remarks: list[str] = []
    if "mirror" not in options:
        share = handedness(dataset.train)
        if share >= HANDED:
            asked = {**asked, "mirror": False}
            remarks.append(
                "these pictures have a right and a wrong way round (a simple test tells "
                f"{share:.0%} of them from their mirror images): they are not mirrored; "
                "--mirror does it anyway"
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


def rounded(images: float) -> int:
    """Two digits of a number of images: what was measured is known no better."""
    return max(1, int(float(f"{images:.1e}")))


@dataclass(frozen=True)
class Earlier:
    """A run that is there already."""

    recipe: Recipe
    minutes: float | None
    """The time that it was fitted to."""
    images_seen: int
    seconds: float

    @property
    def choices(self) -> Options:
        """What may have been chosen for it."""
        all_options = flat(self.recipe)
        return {name: all_options[name] for name in CHOSEN if name in all_options}

    def schedules(self, budget: Budget, epoch_size: int) -> Options:
        """Those of the run, prolonged; penalties that fell with the learning rates still do."""
        horizon, kept = self.horizon(budget, epoch_size), self.recipe.penalty_schedule
        if horizon is not None and kept == self.recipe.lr_schedule != Constant():
            return {"anneal_images": horizon, "penalty_schedule": Cosine(images=horizon)}
        return {"anneal_images": horizon, "penalty_schedule": kept}

    def horizon(self, budget: Budget, epoch_size: int) -> int | None:
        """Images over which it is annealed: as before, or up to the end of a longer budget."""
        limit = budget.images_limit(epoch_size)
        if budget.minutes is None:
            return limit
        if budget.minutes == self.minutes:
            return self.recipe.anneal_images
        left = budget.minutes * 60 - self.seconds
        images = rounded(self.images_seen + left * self.images_seen / max(self.seconds, 1.0))
        return min(images, limit or images)


def _earlier(out: Run) -> Earlier | None:
    if not checkpoints.found(out.checkpoints):
        return None
    state = out.read("newest")[1]
    minutes = out.about.get("budget", {}).get("minutes")
    return Earlier(out.recipe, minutes, state["images_seen"], state["seconds"])
