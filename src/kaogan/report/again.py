"""The commands that make a run again."""

import shlex
from typing import Any, cast

from kaogan import recipes
from kaogan.data.decode import DEFAULT_MAX_PIXELS as MAX_PIXELS
from kaogan.errors import KaoganError
from kaogan.report.facts import Facts
from kaogan.training.recipe import Recipe

RENAMED = {"latent_dim": "latent", "penalties": "penalty"}
"""Options of a recipe that `kaogan train` calls otherwise."""


def commands(facts: Facts) -> list[str]:
    """Preparing the data as far as it is known, training, drawing, and this report.

    There are none for points, and for a recipe that no command trains.
    """
    data, out = facts.data, shlex.quote(facts.name)
    if facts.is_toy:
        return []
    lines = [*preparing(facts)]
    budget = f" --images {facts.training.images}" if facts.training.images else ""
    try:
        words = training_options(facts.recipe)
    except KaoganError:
        return []
    precision = facts.training.precision
    words += [] if precision == "fp32" else ["--precision", precision]
    options = "".join(f" {word}" for word in words)
    lines.append(f"kaogan train {shlex.quote(data.name)} --out {out}{budget}{options}")
    lines.append(f"kaogan sample {out} --count 32 --out faces.png")
    return [*lines, f"kaogan report {out}"]


def call_of(recipe: Recipe) -> tuple[str, recipes.Options]:
    """The name of the recipe for pictures that is nearest, and the options that make it this one.

    `recipes.named(name, **options)` is then equal to the recipe. The nearest one needs the fewest
    options.

    Raises:
        KaoganError: none makes this recipe: its model, or a number of it, is no option.

    """
    mine = _options(recipe)
    calls = []
    for name in recipes.RECIPES:
        usual = _options(recipes.named(name))
        calls.append((name, {key: mine[key] for key in mine if not _same(mine[key], usual[key])}))
    name, options = min(calls, key=lambda call: len(call[1]))
    call = name, cast(recipes.Options, options)
    if recipes.named(call[0], **call[1]) != recipe:
        raise KaoganError("a part of this recipe has a field that no option sets")
    return call


def _options(recipe: Recipe) -> dict[str, Any]:
    """All options of a recipe for pictures, by the names of `recipes.Options`."""
    model = recipe.model.model_dump()
    frameworks = {name: key for key, name in recipes.FRAMEWORKS.items()}
    if model["name"] not in frameworks:
        raise KaoganError(f"no option chooses the model {model['name']}")
    weights = [penalty.model_dump() for penalty in recipe.penalties]
    there = {
        **{name: model[name] for name in recipes.MODEL_OPTIONS},
        "framework": frameworks[model["name"]],
        "loss": recipe.loss.name,
        "label_smoothing": getattr(recipe.loss, "label_smoothing", 0.0),
        "penalties": {each["name"]: each.get("weight", 1.0) for each in weights},
        "anneal_images": recipe.anneal_images,
    }
    rest = recipe.model_dump(exclude={"model", "loss", "penalties"})
    return {name: (there | rest)[name] for name in recipes.Options.__annotations__}


def _same(one: object, other: object) -> bool:
    """Are they equal, and, of penalties, in one order?"""
    return repr(one) == repr(other)


def training_options(recipe: Recipe) -> list[str]:
    """The options of `kaogan train` that give this recipe, for its data set.

    Mirroring and annealing of the standard recipe are always among them: `kaogan train` chooses
    them by data and budget if it is not told.

    Raises:
        KaoganError: as `call_of`.

    """
    name, given = call_of(recipe)
    options: dict[str, Any] = dict(given)
    words = []
    if name == "standard":
        options |= {"mirror": recipe.mirror, "anneal_images": recipe.anneal_images}
    else:
        words = ["--recipe", name]
    for key, value in options.items():
        if key not in ("size", "channels"):  # the data set's
            words += _words(RENAMED.get(key, key).replace("_", "-"), value)
    return words


def _words(option: str, value: object) -> list[str]:
    """An option of the command line with its value."""
    match value:
        case bool():
            return [f"--{option}" if value else f"--no-{option}"]
        case dict():
            weights = [f"{name}={_number(weight)}" for name, weight in value.items()] or ["none"]
            return [word for weight in weights for word in (f"--{option}", weight)]
        case None:
            return [f"--{option}", "0"]
        case float():
            return [f"--{option}", _number(value)]
    return [f"--{option}", str(value)]


def _number(value: float) -> str:
    """As short as it can be without another meaning."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


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
