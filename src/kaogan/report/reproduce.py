"""The commands that make a run again."""

import json
import shlex
from typing import Any

from kaogan import plugins, recipes
from kaogan.data.decode import DEFAULT_MAX_PIXELS as MAX_PIXELS
from kaogan.errors import KaoganError
from kaogan.options import SHAPE, differing, flag, shortest
from kaogan.report.facts import Facts
from kaogan.training.recipe import Recipe


def commands(facts: Facts) -> list[str]:
    """Preparing the data as far as it is known, training, drawing, and this report.

    There are none for points, and for a recipe that no command trains: a part of it is neither
    kaogan's nor a plugin's, or has a field that is no option.
    """
    data, out = facts.data, shlex.quote(facts.name)
    if facts.is_toy or not all(map(plugins.known_to_commands, facts.recipe.parts)):
        return []
    lines = [*preparing(facts)]
    budget = f" --images {facts.training.images}" if facts.training.images else ""
    try:
        words = training_options(facts.recipe)
    except KaoganError:
        return []
    precision = facts.training.precision
    words += [] if precision == "fp32" else ["--precision", precision]
    used = [plugin.path.name for plugin in plugins.used_by(facts.recipe.parts)]
    words += [word for name in used for word in ("--plugin", f"{facts.name}/plugins/{name}")]
    options = "".join(f" {shlex.quote(word)}" for word in words)
    lines.append(f"kaogan train {shlex.quote(data.name)} --out {out}{budget}{options}")
    lines.append(f"kaogan sample {out} --count 32 --out faces.png")
    return [*lines, f"kaogan report {out}"]


def call_of(recipe: Recipe) -> tuple[str, dict[str, Any]]:
    """The name of the recipe for pictures that is nearest, and the options that make it this one.

    `recipes.named(name, **options)` is then equal to the recipe. The nearest one needs the fewest
    options.

    Raises:
        KaoganError: none makes this recipe: its model, or a number of it, is no option.

    """
    calls = [(name, differing(recipe, made.usual)) for name, made in recipes.RECIPES.items()]
    name, options = min(calls, key=lambda call: len(call[1]))
    if recipes.named(name, **options) != recipe:
        raise KaoganError("a part of this recipe has a field that no option sets")
    return name, options


def training_options(recipe: Recipe) -> list[str]:
    """The options of `kaogan train` that give this recipe, for its data set.

    Mirroring and the schedule of the standard recipe are always among them: `kaogan train` chooses
    them by data and budget if it is not told.

    Raises:
        KaoganError: as `call_of`.

    """
    name, options = call_of(recipe)
    words = [] if name == "standard" else ["--recipe", name]
    if name == "standard":
        options |= {"mirror": recipe.mirror}
        if "schedule" not in options:
            options |= {"anneal_images": recipe.anneal_images}
    if "penalty_schedule" in options:
        options.pop("anneal_images", None)
        options["schedule"] = [shortest(recipe.lr_schedule), options.pop("penalty_schedule")]
    for key, value in options.items():
        if key not in SHAPE:  # the data set's
            words += _words(flag(key), value)
    return words


def _words(option: str, value: object) -> list[str]:
    """An option of the command line with its value."""
    match value:
        case bool():
            return [option if value else option.replace("--", "--no-", 1)]
        case list():
            return [word for each in value for word in (option, _part(each))]
        case dict() if option == "--penalty":
            each = [_penalty(name, weight) for name, weight in value.items()] or ["none"]
            return [word for one in each for word in (option, one)]
        case None:
            return [option, "0"]
    return [option, _part(value)]


def _penalty(name: str, weight: object) -> str:
    if isinstance(weight, dict):
        return _part({"name": name, **weight})
    return f"{name}={_part(weight)}"


def _part(value: Any) -> str:
    """A value, or a part with its fields: "cosine:images=1000"."""
    if isinstance(value, dict):
        fields = (f"{key}={_field(value[key])}" for key in value if key != "name")
        return f"{value['name']}:{','.join(fields)}"
    return _number(value) if isinstance(value, float) else str(value)


def _field(value: object) -> str:
    return _number(value) if isinstance(value, float) else json.dumps(value)


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
