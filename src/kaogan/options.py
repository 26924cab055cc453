"""The options of a recipe for pictures: its fields and those of its parts, in one flat list.

`batch` is the recipe's own, `width` the model's, `label_smoothing` the loss's. The command line,
the calls of `kaogan.recipes` and the lines that make a run again all name a recipe in this way.
Type, bounds, default and description stand at the field, and nowhere else.

Beside the fields there are the parts themselves, each as a name or a mapping of its fields:

    model, loss, augmentation   "hinge", {"name": "nonsaturating", "label_smoothing": 0.1}
    penalties                   {"r1": 1.0}, {"mine": {"weight": 2.0, "floor": 0.1}}
    schedule                    of learning rates and penalties; penalty_schedule where they differ
    anneal_images               schedule = {"name": "cosine", "images": N}; None: constant
    framework                   "keras": model = "keras-dcgan"
"""

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

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
"""The data's: a model that has them not is of one shape."""


SPELLED = {"latent_dim": "latent", "penalties": "penalty", "augmentation": "augment"}
"""Names that the command line shortens."""


def flag(name: str) -> str:
    """An option as the command line spells it: "--penalty-interval"."""
    return f"--{SPELLED.get(name, name).replace('_', '-')}"


@dataclass(frozen=True)
class Option:
    """A field that can be asked for.

    Args:
        name: the field's.
        field: its type, bounds, default and description.

    """

    name: str
    field: FieldInfo

    @property
    def kind(self) -> type:
        """int, float, bool or str."""
        found = _plain(self.field.annotation)
        return found if found in (int, float, bool) else str

    @property
    def choices(self) -> tuple[str, ...]:
        """What it can be, if it is one of some words."""
        annotation = self.field.annotation
        return get_args(annotation) if get_origin(annotation) is Literal else ()


def _plain(annotation: Any) -> Any:
    """`int` out of `int | None` and of `Literal[1, 3]`."""
    if get_origin(annotation) in (Union, types.UnionType):
        return next(kind for kind in get_args(annotation) if kind is not type(None))
    if get_origin(annotation) is Literal:
        return type(get_args(annotation)[0])
    return annotation


def own_fields() -> dict[str, FieldInfo]:
    """The recipe's fields that are no components."""
    return {name: field for name, field in Recipe.model_fields.items() if name not in PARTS}


def fields_of(kind: type[Component]) -> dict[str, FieldInfo]:
    """A component's fields."""
    return {name: field for name, field in kind.model_fields.items() if name != "name"}


def draws_pictures(kind: type[Component]) -> bool:
    """Can this model be trained on pictures? One that cannot be made without options can."""
    try:
        return len(kind().sample_shape) == 3  # type: ignore[attr-defined,call-arg]
    except ValidationError:
        return True


def all_options() -> Iterator[Option]:
    """The fields of all models for pictures, of all losses and of the recipe, each name once."""
    seen: set[str] = set()
    sources = [fields_of(models[name]) for name in models if draws_pictures(models[name])]
    sources += [fields_of(losses[name]) for name in losses]
    for fields in [*sources, own_fields()]:
        for name, field in fields.items():
            if name not in seen:
                seen.add(name)
                yield Option(name, field)


def named(part: object) -> dict[str, Any]:
    """A part as a mapping of its fields: of a name, a mapping or a component."""
    if isinstance(part, Component):
        return part.model_dump()
    return {"name": part} if isinstance(part, str) else dict(part)  # type: ignore[call-overload]


def build(usual: Options, asked: Options) -> Recipe:
    """The recipe of these options.

    Args:
        usual: of a recipe; what model and loss have no field for is left out.
        asked: in their place; each must be a field.

    Raises:
        UsageError: there is no such option, a value is out of its range, or two parts do not go
            together.

    """
    model, loss = _model_and_loss(usual | asked)
    kinds = {"model": models[model["name"]], "loss": losses[loss["name"]]}
    fields = {part: fields_of(kind) for part, kind in kinds.items()}
    rest: dict[str, Any] = {}
    for name, value in (usual | asked).items():
        if name in PARTS - {"model", "loss"} or name in OTHERS or name in own_fields():
            rest[name] = value
        elif name in fields["model"]:
            model[name] = value if name in asked else model.get(name, value)
        elif name in fields["loss"]:
            loss[name] = value if name in asked else loss.get(name, value)
        elif name in asked and name not in SHAPE and name not in ("model", "loss"):
            raise UsageError(
                f"neither the model {model['name']} nor the loss {loss['name']} has {name}; "
                f"leave {flag(name)} away"
            )
    rest.pop("framework", None)
    if (images := rest.get("anneal_images")) is not None and not images > 0:
        raise UsageError(f"anneal-images cannot be {images}; use 1 or more, or None")
    if schedule := rest.pop("schedule", None):
        rest.pop("anneal_images", None)
        rest = {"lr_schedule": named(schedule), "penalty_schedule": named(schedule)} | rest
    for part in ("augmentation", "lr_schedule", "penalty_schedule"):
        if rest.get(part) is not None:
            rest[part] = named(rest[part])
    rest["penalties"] = _penalties(rest.get("penalties", {}))
    return validated({"model": model, "loss": loss, **rest})


def _model_and_loss(options: Options) -> tuple[dict[str, Any], dict[str, Any]]:
    model = options.get("model")
    if model is None:
        framework = options.get("framework", "pytorch")
        if framework not in FRAMEWORKS:
            raise UsageError(f"there is no framework {framework!r}; use {' or '.join(FRAMEWORKS)}")
        model = FRAMEWORKS[framework]
    return named(model), named(options.get("loss", DEFAULT_LOSS))


def _penalties(penalties: object) -> list[dict[str, Any]]:
    """{"r1": 1.0} and {"r1": {"weight": 1.0}} to [{"name": "r1", "weight": 1.0}]."""
    if not isinstance(penalties, Mapping):
        return [named(each) for each in penalties]  # type: ignore[attr-defined]
    return [
        {"name": name, **(value if isinstance(value, Mapping) else {"weight": value})}
        for name, value in penalties.items()
    ]


def validated(fields: Mapping[str, object]) -> Recipe:
    """The recipe of these fields; a UsageError in one line if they are none."""
    try:
        return Recipe.model_validate(fields)
    except ValidationError as error:
        raise UsageError(explain(error)) from None


def explain(error: ValidationError) -> str:
    """The first complaint of a validation as one line: "size: 48; must be a power of two"."""
    first = error.errors()[0]
    field = str(first["loc"][-1]) if first["loc"] else "the recipe"
    return f"{field.replace('_', '-')} cannot be {first['input']!r}: {first['msg']}"


def flat(recipe: Recipe) -> dict[str, Any]:
    """All options of a recipe for pictures. `build({}, ...)` makes the recipe of them again."""
    model, loss = recipe.model.model_dump(), recipe.loss.model_dump()
    own = recipe.model_dump(include=set(own_fields()))
    penalties = [penalty.model_dump() for penalty in recipe.penalties]
    options = {"model": model.pop("name"), **model, "loss": loss.pop("name"), **loss, **own}
    options["penalties"] = {
        fields.pop("name"): fields["weight"] if len(fields) == 1 else fields for fields in penalties
    }
    options["augmentation"] = recipe.augmentation and shortest(recipe.augmentation)
    return options | _schedules(recipe)


def model_options(recipe: Recipe) -> dict[str, Any]:
    """The options that make its model, but for those of the data."""
    fields = recipe.model.model_dump(exclude=set(SHAPE))
    return {"model": fields.pop("name"), **fields}


def _schedules(recipe: Recipe) -> dict[str, Any]:
    rates = recipe.lr_schedule
    found: dict[str, Any] = {"schedule": shortest(rates)}
    if rates == Constant():
        found = {"anneal_images": None}
    elif isinstance(rates, Cosine) and rates == Cosine(images=rates.images):
        found = {"anneal_images": rates.images}
    return found | {"penalty_schedule": shortest(recipe.penalty_schedule)}


def shortest(part: Component) -> str | dict[str, Any]:
    """A part's name, or its name with the fields that are not as they are by themselves."""
    fields = part.model_dump()
    changed = {
        name: fields[name] for name, field in fields_of(type(part)).items()
        if fields[name] != field.default
    }  # fmt: skip
    return {"name": fields["name"], **changed} if changed else fields["name"]


def differing(recipe: Recipe, usual: Options) -> dict[str, Any]:
    """The options that, given to `build` with the usual ones, make this recipe."""
    mine = flat(recipe)
    kinds = (type(recipe.model), type(recipe.loss))
    defaults: dict[str, Any] = {name: field.default for name, field in own_fields().items()}
    for kind in kinds:
        defaults |= {name: field.default for name, field in fields_of(kind).items()}
    parts = {"model": FRAMEWORKS["pytorch"], "loss": DEFAULT_LOSS, "penalties": {}}
    schedules = {"anneal_images": None, "penalty_schedule": shortest(recipe.lr_schedule)}
    usual = defaults | parts | {"augmentation": None} | schedules | usual
    # Of penalties the order counts, which equality of mappings passes over.
    return {
        name: value
        for name, value in mine.items()
        if name not in usual or repr(value) != repr(usual[name])
    }
