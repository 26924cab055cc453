"""The commands that reproduce a run."""

import json
import shlex
from typing import Any

from kaogan import plugins, recipes
from kaogan.data.decode import Preparation
from kaogan.errors import KaoganError
from kaogan.options import LABELS, SHAPE, differing, flag, shortest
from kaogan.report.facts import Facts
from kaogan.training.recipe import Recipe


def commands(facts: Facts) -> list[str]:
    """Preparing the data as far as it is known, training, drawing, and this report.

    The list is empty for points, and for a recipe that no command trains because a part of it is
    neither kaogan's nor a plugin's, or has a field without an option.
    """
    recipe, training = facts.recipe, facts.training
    if facts.is_toy or not all(map(plugins.known_to_commands, recipe.parts)):
        return []
    train = ["kaogan", "train", facts.data.name, "--out", facts.name]
    train += ["--from", training.start] if training.start else []
    train += ["--images", str(training.images)] if training.images else []
    try:
        train += training_options(recipe)
    except KaoganError:
        return []
    train += [] if training.precision == "fp32" else ["--precision", training.precision]
    for name in plugin_files(recipe):
        train += ["--plugin", f"{facts.name}/plugins/{name}"]
    sample = ["kaogan", "sample", facts.name, "--count", "32", "--out", "faces.png"]
    report = ["kaogan", "report", facts.name]
    return [*preparing(facts), *map(shlex.join, (train, sample, report))]


def plugin_files(recipe: Recipe) -> list[str]:
    """The names of the files of a recipe's plugins."""
    return [plugin.path.name for plugin in plugins.used_by(recipe.parts)]


def call_of(recipe: Recipe) -> tuple[str, dict[str, Any]]:
    """The name and options with which `recipes.named(name, **options)` equals this recipe.

    The name is that of the recipe for pictures that needs the fewest options.

    Raises:
        KaoganError: no options make this recipe: its model or a field of it has no option.

    """
    calls = [(name, differing(recipe, made.usual)) for name, made in recipes.RECIPES.items()]
    name, options = min(calls, key=lambda call: len(call[1]))
    if recipes.named(name, **options) != recipe:
        raise KaoganError("a part of this recipe has a field that no option sets")
    return name, options


def training_options(recipe: Recipe) -> list[str]:
    """The options of `kaogan train` that give this recipe, for its data set.

    Mirroring and the schedule of the standard recipe are always among them, because without them
    `kaogan train` chooses by data and budget.

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
        if key == LABELS:
            words += ["--condition", ",".join(attribute["name"] for attribute in value)]
        elif key not in SHAPE:  # the data set's
            words += _words(flag(key), value)
    return words


def _words(option: str, value: object) -> list[str]:
    """An option with its value, as words of the command line."""
    match value:
        case bool():
            return [option if value else option.replace("--", "--no-", 1)]
        case list():
            return [word for each in value for word in (option, _part(each))]
        case dict() if option == "--penalty":
            each = [
                _part({"name": name, **weight}) if isinstance(weight, dict)
                else f"{name}={_part(weight)}"
                for name, weight in value.items()
            ]  # fmt: skip
            return [word for one in each or ["none"] for word in (option, one)]
        case None:
            return [option, "0"]
    return [option, _part(value)]


def _part(value: Any) -> str:
    """A value as short as possible, or a part with its fields: "cosine:images=1000"."""
    match value:
        case dict():
            fields = [
                f"{key}={_part(field) if isinstance(field, float) else json.dumps(field)}"
                for key, field in value.items()
                if key != "name"
            ]
            return f"{value['name']}:{','.join(fields)}"
        case float():
            short = f"{value:g}"
            return short if float(short) == value else repr(value)
    return str(value)


def preparing(facts: Facts) -> list[str]:
    """The command that made the data set, if the data set can be read."""
    summary = facts.data.summary
    if summary is None or not summary.get("sources"):
        return []
    size, out = str(summary["size"]), ["--out", facts.data.name]
    if summary["sources"] == ["kaogan avatars"]:
        count = str(summary["train"] + summary["held_out"])
        words = ["kaogan", "data", "avatars", "--count", count, "--size", size]
        words += ["--seed", str(summary["seed"])] if summary.get("seed") else []
        return [shlex.join(words + out)]
    words = ["kaogan", "data", "prepare", *map(str, summary["sources"]), "--size", size]
    if summary.get("crop", "centre") != "centre":
        words += ["--crop", str(summary["crop"]), "--margin", f"{summary['margin']:g}"]
    usual = Preparation(min_size=summary["size"] // 2)
    for key in ("channels", "fit", "background", "min_size", "max_pixels"):
        if summary.get(key, getattr(usual, key)) != getattr(usual, key):
            words += [f"--{key.replace('_', '-')}", str(summary[key])]
    words += ["--keep-duplicates"] if summary.get("duplicates") == "kept" else []
    return [shlex.join(words + out)]
