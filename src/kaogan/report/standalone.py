"""`train_standalone.py`: a recipe as one readable file that needs torch, NumPy and Pillow only.

The text is put together of pieces in `handin/`: what the recipe does not use is not in it. A loss
and a penalty have a piece each, found by their registered names.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound

from kaogan.errors import KaoganError, UsageError
from kaogan.models import DCGAN, KerasDCGAN
from kaogan.models.dcgan import stage_channels
from kaogan.training.recipe import Recipe
from kaogan.version import __version__

PIECES = Path(__file__).parent / "handin"

FUNCTIONS = {
    "nonsaturating": "softplus",
    "minimax": "softplus",
    "relativistic": "softplus",
    "hinge": "relu",
}
"""What a loss's piece takes from `torch.nn.functional`."""


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


def model_of(recipe: Recipe) -> DCGAN:
    """The recipe's networks in PyTorch.

    Raises:
        UsageError: it draws no pictures, or they are another model's.

    """
    if type(recipe.model) is KerasDCGAN:
        return recipe.model.twin
    if type(recipe.model) is DCGAN:
        return recipe.model
    if len(recipe.model.sample_shape) != 3:
        what = "this run draws points, not pictures; a hand-in is made of runs of pictures"
        raise UsageError(what)
    raise UsageError(
        f"this run's model is {recipe.model.name}; a hand-in is made of runs of a dcgan or "
        "keras-dcgan, so make a report of it instead: kaogan report RUN"
    )


def standalone(recipe: Recipe, images: int) -> str:
    """The text of `train_standalone.py`.

    Args:
        recipe: what is trained.
        images: how long, unless its user asks for something else; at least 1.

    Raises:
        UsageError: as `model_of`.
        KaoganError: there is no piece for the recipe's loss or for one of its penalties.

    """
    model = model_of(recipe)
    maps = [
        Map(channels, model.size >> stage)
        for stage, channels in enumerate(stage_channels(model.size, model.width), start=1)
    ]
    loss = recipe.loss.name
    names = {penalty.name for penalty in recipe.penalties}
    try:
        return rendered(
            "train_standalone.py.j2",
            **model.model_dump(exclude={"name"}),
            **recipe.model_dump(exclude={"model", "loss", "penalties"}),
            anneal_images=recipe.anneal_images,
            images=images,
            maps=maps,
            loss=loss,
            functional=FUNCTIONS.get(loss),
            smoothing=getattr(recipe.loss, "label_smoothing", 0.0),
            needs_real=recipe.loss.needs_real,
            penalties=[_penalty(dict(penalty)) for penalty in recipe.penalties],
            lazy=len(recipe.kinds_of_steps) > 1,
            by_samples=not names.isdisjoint({"r1", "r2"}),
            epsilon="gradient-penalty" in names,
        )
    except TemplateNotFound as missing:
        piece = str(missing.name).removesuffix(".py.j2")
        raise KaoganError(
            f"kaogan has no text of {piece} for a program without kaogan; use train.py"
        ) from None


def _penalty(fields: dict[str, Any]) -> dict[str, Any]:
    constant = f"{fields['name'].upper().replace('-', '_')}_WEIGHT"
    return fields | {"constant": constant}
