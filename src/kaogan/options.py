"""The options of a recipe for pictures: its fields and those of its parts, in one flat list.

`batch` belongs to the recipe, `width` to the model, `label_smoothing` to the loss. The command
line, the calls of `kaogan.recipes` and the commands that reproduce a run use these names. Type,
bounds, default and description are written at the field only.

The parts themselves are options, too, each as a name or a mapping of its fields:

    model, loss, augmentation   "hinge", {"name": "nonsaturating", "label_smoothing": 0.1}
    penalties                   {"r1": 1.0}, {"mine": {"weight": 2.0, "floor": 0.1}}
    schedule                    of learning rates and penalties; penalty_schedule where they differ
    anneal_images               schedule = {"name": "cosine", "images": N}; None: constant
    framework                   "keras": model = "keras-dcgan"
    attributes                  those of the data set whose labels are learned (`kaogan.labels`)
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from kaogan.errors import UsageError
from kaogan.losses import losses
from kaogan.models import models
from kaogan.registry import Component
from kaogan.schedules import Constant, Cosine
from kaogan.training.recipe import Recipe

Options = dict[str, Any]

FRAMEWORKS = {"pytorch": "dcgan", "keras": "keras-dcgan"}

DEFAULT_LOSS: str = Recipe.model_fields["loss"].default.name
PARTS = {"model", "loss", "penalties", "augmentation", "lr_schedule", "penalty_schedule"}
"""The recipe's fields that are components."""
OTHERS = {"schedule", "anneal_images", "framework"}
SHAPE = ("size", "channels")
"""The options that the data set determines. A model without them has one fixed shape."""
LABELS = "attributes"
"""The model's option that the data set determines by the names that are chosen (--condition)."""

SPELLED = {"latent_dim": "latent", "penalties": "penalty", "augmentation": "augment"}
"""Names that the command line shortens."""


def flag(name: str) -> str:
    """An option as the command line spells it: "--penalty-interval"."""
    return f"--{SPELLED.get(name, name).replace('_', '-')}"


def choices_of(field: FieldInfo) -> tuple[Any, ...]:
    """The values of a field that has a few."""
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else ()


def kind_of(field: FieldInfo) -> type:
    """The type of a field's values: int, float, bool or str."""
    if choices := choices_of(field):
        return type(choices[0])
    kinds = get_args(field.annotation) or (field.annotation,)  # `int | None` has two
    return next((kind for kind in (int, float, bool) if kind in kinds), str)


def own_fields() -> dict[str, FieldInfo]:
    """The recipe's fields that are no components."""
    return {name: field for name, field in Recipe.model_fields.items() if name not in PARTS}


def fields_of(kind: type[Component]) -> dict[str, FieldInfo]:
    """A component's fields."""
    return {name: field for name, field in kind.model_fields.items() if name != "name"}


def draws_pictures(kind: type[Component]) -> bool:
    """Can this model be trained on pictures? A model that needs options is assumed to."""
    try:
        return len(kind().sample_shape) == 3  # type: ignore[attr-defined,call-arg]
    except ValidationError:
        return True


def all_options() -> dict[str, FieldInfo]:
    """The fields of all models for pictures, of all losses and of the recipe, but attributes."""
    sources = [fields_of(models[name]) for name in models if draws_pictures(models[name])]
    sources += [fields_of(losses[name]) for name in losses]
    found: dict[str, FieldInfo] = {}
    for fields in [*sources, own_fields()]:
        found |= {name: field for name, field in fields.items() if name not in found}
    found.pop(LABELS)
    return found


def named(part: object) -> dict[str, Any]:
    """A part as a mapping of its fields: of a name, a mapping or a component."""
    if isinstance(part, Component):
        return part.model_dump()
    return {"name": part} if isinstance(part, str) else dict(part)  # type: ignore[call-overload]


def build(usual: Options, asked: Options) -> Recipe:
    """The recipe of these options.

    Args:
        usual: the options of a named recipe. Those that model and loss do not have are ignored.
        asked: options that replace them. Each must be a field.

    Raises:
        UsageError: there is no such option, a value is out of its range, or two parts are
            incompatible.

    """
    options = usual | asked
    model, loss = _model(options), named(options.get("loss", DEFAULT_LOSS))
    model_fields, loss_fields = fields_of(models[model["name"]]), fields_of(losses[loss["name"]])
    others: dict[str, Any] = {}
    for name, value in options.items():
        if name in ("model", "loss", "framework"):
            continue
        if name in PARTS | OTHERS or name in own_fields():
            others[name] = value
        elif name in model_fields:
            model[name] = value if name in asked else model.get(name, value)
        elif name in loss_fields:
            loss[name] = value if name in asked else loss.get(name, value)
        elif name in asked and name not in SHAPE:
            raise UsageError(
                f"neither the model {model['name']} nor the loss {loss['name']} has {name}; "
                f"leave out {flag(name)}"
            )
    return validated({"model": model, "loss": loss, **_spelled_out(others)})


def _model(options: Options) -> dict[str, Any]:
    if options.get("model") is not None:
        return named(options["model"])
    framework = options.get("framework", "pytorch")
    if framework not in FRAMEWORKS:
        raise UsageError(f"there is no framework {framework!r}; use {' or '.join(FRAMEWORKS)}")
    return named(FRAMEWORKS[framework])


def _spelled_out(options: Options) -> dict[str, Any]:
    """The recipe's fields, with `schedule` and the names of parts written out."""
    fields = dict(options)
    if (images := fields.get("anneal_images")) is not None and not images > 0:
        raise UsageError(f"anneal-images cannot be {images}; use 1 or more, or None")
    if schedule := fields.pop("schedule", None):
        fields.pop("anneal_images", None)
        fields = {"lr_schedule": schedule, "penalty_schedule": schedule} | fields
    for part in ("augmentation", "lr_schedule", "penalty_schedule"):
        if fields.get(part) is not None:
            fields[part] = named(fields[part])
    penalties = fields.get("penalties", {})
    if isinstance(penalties, Mapping):
        # {"r1": 1.0} and {"r1": {"weight": 1.0}} to [{"name": "r1", "weight": 1.0}]
        penalties = [
            {"name": name, **(value if isinstance(value, Mapping) else {"weight": value})}
            for name, value in penalties.items()
        ]
    return fields | {"penalties": [named(each) for each in penalties]}


def validated(fields: Mapping[str, object]) -> Recipe:
    """The recipe of these fields; raises a UsageError if they are not valid."""
    try:
        return Recipe.model_validate(fields)
    except ValidationError as error:
        raise UsageError(explain(error)) from None


PLAIN_WORDS = {
    "greater_than": "use more than {gt}",
    "greater_than_equal": "use {ge} or more",
    "less_than": "use less than {lt}",
    "less_than_equal": "use {le} or less",
    "finite_number": "use a finite number",
    "int_type": "use a whole number",
    "int_parsing": "use a whole number",
    "int_from_float": "use a whole number",
    "float_type": "use a number",
    "float_parsing": "use a number",
    "bool_type": "use true or false",
    "bool_parsing": "use true or false",
    "string_type": "use a word",
    "literal_error": "use {expected}",
    "tuple_type": "use a list",
    "dict_type": "use a mapping of names and values",
    "model_type": 'use a mapping with its name, as {{"name": "..."}}',
    "model_attributes_type": 'use a mapping with its name, as {{"name": "..."}}',
    "value_error": "it {error}",
}
"""What to do, by pydantic's type of an error. Its own messages are for programmers."""


def explain(error: ValidationError) -> str:
    """The first error of a validation as one line: "size cannot be 48; it must be ..."."""
    first = error.errors()[0]
    field = str(first["loc"][-1]).replace("_", "-") if first["loc"] else "the recipe"
    if first["type"] == "missing":
        return f"{field} is missing"
    if first["type"] == "extra_forbidden":
        return f"there is no {field} here; leave it out"
    context = {name: _shown(value) for name, value in first.get("ctx", {}).items()}
    advice = PLAIN_WORDS.get(first["type"], "see the reference for what it can be")
    if first["input"] != first["input"]:
        advice = "use a number"  # it is NaN, which violates every bound
    return f"{field} cannot be {first['input']!r}; {advice.format(**context)}"


def _shown(value: object) -> str:
    """A bound as it is written for people: 1 and not 1.0."""
    return f"{value:g}" if isinstance(value, float) else str(value).replace("'", "")


def flat(recipe: Recipe) -> dict[str, Any]:
    """All options of a recipe for pictures. `build` with them makes the same recipe."""
    model, loss = recipe.model.model_dump(), recipe.loss.model_dump()
    own = recipe.model_dump(include=set(own_fields()))
    penalties = [penalty.model_dump() for penalty in recipe.penalties]
    options = {"model": model.pop("name"), **model, "loss": loss.pop("name"), **loss, **own}
    options["penalties"] = {
        fields.pop("name"): fields["weight"] if len(fields) == 1 else fields for fields in penalties
    }
    options["augmentation"] = recipe.augmentation and shortest(recipe.augmentation)
    rates = recipe.lr_schedule
    if rates == Constant():
        options["anneal_images"] = None
    elif isinstance(rates, Cosine) and rates == Cosine(images=rates.images):
        options["anneal_images"] = rates.images
    else:
        options["schedule"] = shortest(rates)
    return options | {"penalty_schedule": shortest(recipe.penalty_schedule)}


def model_options(recipe: Recipe) -> dict[str, Any]:
    """The options of a recipe's model, without those of the data."""
    fields = recipe.model.model_dump(exclude=set(SHAPE))
    return {"model": fields.pop("name"), **fields}


def shortest(part: Component) -> str | dict[str, Any]:
    """A part's name; with those of its fields that do not have their defaults, if there are any."""
    changed = part.model_dump(exclude={"name"}, exclude_defaults=True)
    return {"name": part.name, **changed} if changed else part.name


def differing(recipe: Recipe, usual: Options) -> dict[str, Any]:
    """The options `asked` for which `build(usual, asked)` makes this recipe."""
    fields = own_fields() | fields_of(type(recipe.model)) | fields_of(type(recipe.loss))
    usual = {
        **{name: field.default for name, field in fields.items()},
        "model": FRAMEWORKS["pytorch"],
        "loss": DEFAULT_LOSS,
        "penalties": {},
        "augmentation": None,
        "anneal_images": None,
        "penalty_schedule": shortest(recipe.lr_schedule),
        **usual,
    }
    # `repr` compares the order of penalties, too, which equality of mappings ignores.
    return {
        name: value
        for name, value in flat(recipe).items()
        if name not in usual or repr(value) != repr(usual[name])
    }


def parse_part(text: str) -> str | dict[str, Any]:
    """The fields of "cosine:images=1000,end=0.1"; a name alone stays a name.

    Raises:
        UsageError: the text is not written in this way.

    """
    name, colon, fields = text.partition(":")
    return {"name": name, **_parse_fields(fields, text)} if colon else name


def parse_penalties(texts: list[str]) -> dict[str, Any]:
    """["r1=10"] to {"r1": 10.0}; ["none"] to {}; ["mine:floor=1"] to {"mine": {"floor": 1}}.

    Raises:
        UsageError: a text is not written in this way, or names a penalty again.

    """
    penalties: dict[str, Any] = {}
    for text in [] if texts == ["none"] else texts:
        name, sign, value = re.fullmatch(r"([^=:]*)([=:]?)(.*)", text, re.S).groups()  # type: ignore[union-attr]
        if name in penalties:
            raise UsageError(f"--penalty {name} was given twice; give it once")
        try:
            penalties[name] = _parse_fields(value, text) if sign == ":" else float(value)
        except ValueError:
            raise UsageError(
                f"--penalty {text} has no weight; give NAME=WEIGHT, e.g. --penalty r1=1"
            ) from None
    return penalties


def _parse_fields(fields: str, text: str) -> dict[str, Any]:
    parsed = {}
    for each in fields.split(","):
        name, equals, value = each.partition("=")
        if not (name and equals):
            raise UsageError(f"{text} is not understood; write NAME:FIELD=VALUE,FIELD=VALUE")
        try:
            parsed[name.replace("-", "_")] = json.loads(value)
        except (ValueError, RecursionError):
            parsed[name.replace("-", "_")] = value
    return parsed
