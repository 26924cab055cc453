"""The commands that make a run again."""

import shlex

from kaogan import recipes
from kaogan.data.decode import DEFAULT_MAX_PIXELS as MAX_PIXELS
from kaogan.report.facts import Facts
from kaogan.training.recipe import Recipe

OPTIONS = {
    "model.latent_dim": "--latent",
    "model.width": "--width",
    "model.upsample": "--upsample",
    "model.norm": "--norm",
    "model.packing": "--packing",
    "loss.name": "--loss",
    "loss.label_smoothing": "--label-smoothing",
    "batch": "--batch",
    "lr": "--lr",
    "beta1": "--beta1",
    "seed": "--seed",
}
"""Where in a recipe an option of `kaogan train` is found."""


def commands(facts: Facts) -> list[str]:
    """Preparing the data as far as it is known, training, drawing, and this report."""
    data, out = facts.data, shlex.quote(facts.name)
    if facts.is_toy:
        return []
    lines = [*preparing(facts)]
    budget = f" --images {facts.training.images}" if facts.training.images else ""
    words = training_options(facts.recipe)
    precision = facts.training.precision
    words += [] if precision == "fp32" else ["--precision", precision]
    options = "".join(f" {word}" for word in words)
    lines.append(f"kaogan train {shlex.quote(data.name)} --out {out}{budget}{options}")
    lines.append(f"kaogan sample {out} --count 32 --out faces.png")
    return [*lines, f"kaogan report {out}"]


def training_options(recipe: Recipe) -> list[str]:
    """The options of `kaogan train` by which a recipe differs from the usual one.

    What has no option (beta2, the EMA's half-life) is as it always is.
    """
    words: list[str] = []
    usual = recipes.dcgan(loss=recipe.loss.name)
    for place, option in OPTIONS.items():
        mine, theirs = _at(recipe, place), _at(usual, place)
        if place == "loss.name":
            theirs = recipes.dcgan().loss.name
        if mine is not None and mine != theirs:
            words += [option, f"{mine:g}" if isinstance(mine, float) else str(mine)]
    if recipe.model.name == "keras-dcgan":
        words += ["--framework", "keras"]
    for penalty in recipe.penalties:
        words += ["--penalty", f"{penalty.name}={penalty.weight:g}"]  # type: ignore[attr-defined]
    return words


def preparing(facts: Facts) -> list[str]:
    """How the data set was made, if it is there to say so."""
    summary = facts.data.summary
    if summary is None or not summary.get("sources"):
        return []
    name, size = shlex.quote(facts.data.name), summary["size"]
    if summary["sources"] == ["kaogan avatars"]:
        count = summary["train"] + summary["held_out"]
        seed = f" --seed {summary['seed']}" if summary.get("seed") else ""
        return [f"kaogan data avatars --count {count} --size {size}{seed} --out {name}"]
    sources = " ".join(shlex.quote(str(source)) for source in summary["sources"])
    grey = " --channels 1" if summary["channels"] == 1 else ""
    usual = {"fit": "crop", "background": "white", "min_size": size // 2, "max_pixels": MAX_PIXELS}
    others = "".join(
        f" --{key.replace('_', '-')} {summary[key]}"
        for key, value in usual.items()
        if summary.get(key, value) != value
    )
    kept = " --keep-duplicates" if summary.get("duplicates") == "kept" else ""
    return [f"kaogan data prepare {sources} --size {size}{grey}{others}{kept} --out {name}"]


def without_option(recipe: Recipe) -> list[str]:
    """The numbers of a recipe that are not the usual ones and that no option sets."""
    usual = Recipe()
    names = ("beta2", "ema_share", "anneal_images")
    return [name for name in names if getattr(recipe, name) != getattr(usual, name)]


def _at(recipe: Recipe, place: str) -> object:
    """The value at a dotted place; None if this recipe has none."""
    value: object = recipe
    for name in place.split("."):
        value = getattr(value, name, None)
    return value
