"""Recipes: functions that return a frozen `Recipe`. The command line only overrides them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from kaogan.errors import KaoganError, UsageError
from kaogan.options import Options, build, validated
from kaogan.records import Record, read_json
from kaogan.training.recipe import Recipe

GAMMA = 1.0
"""Weight of R1 and R2 in the standard recipe."""


MODERN: Options = {
    "loss": "relativistic",
    "norm": "none",
    "beta1": 0.0,
    "beta2": 0.99,
}
"""The common options of the recipes for pictures and points: R3GAN, equation 2 and section 2."""

STANDARD: Options = MODERN | {
    "penalties": {"r1": GAMMA, "r2": GAMMA},
    "penalty_interval": 4,
    "penalty_schedule": "constant",
    "initialization": "he",
    "minibatch_std": 4,
    "mirror": True,
    "mirror_until": 0.5,
    "batch": 32,
    "lr": 3e-4,
}


def standard(**options: Any) -> Recipe:
    """Relativistic pairing with R1 and R2, the default of `kaogan train`.

    Losses and penalties of Huang, Gokaslan, Kuleshov and Tompkin, "The GAN is dead; long live the
    GAN! A Modern Baseline GAN" (R3GAN, NeurIPS 2024), with DCGAN's networks. The discriminator has
    no norm, He's initialisation and a minibatch standard deviation (ProGAN, section 3). Penalties
    are lazy (StyleGAN2, appendix B) and keep their weights while learning rates fall. Pictures are
    mirrored in the first half of the training. Adam has betas (0, 0.99).

    Args:
        **options: see `kaogan.options`, e.g. `size=64, loss="hinge"`.

    Raises:
        UsageError: a value is out of its range, or two are incompatible.

    """
    return build(STANDARD, options)


def dcgan(**options: Any) -> Recipe:
    """The DCGAN of Radford, Metz and Chintala (ICLR 2016), with an EMA of the generator.

    Binary cross-entropy, batch norm in both networks, Adam 2e-4 with betas (0.5, 0.999), batches of
    128: sections 3 and 4 of the paper. They are the defaults of `Recipe` and of its parts. Options
    and errors are those of `standard`.
    """
    return build({}, options)


@dataclass(frozen=True)
class Choice:
    """A recipe of `--recipe`."""

    make: Callable[..., Recipe]
    usual: Options
    """Its options that differ from the defaults of the fields."""
    what: str
    cost: str
    when: str


RECIPES: Mapping[str, Choice] = {
    "standard": Choice(
        standard,
        STANDARD,
        "relativistic loss, R1 and R2; no norm in the discriminator",
        "1.3 times the time of dcgan for an image",
        "for good faces: the default",
    ),
    "dcgan": Choice(
        dcgan,
        {},
        "the DCGAN paper: binary cross-entropy, batch norm in both networks",
        "the least time for an image",
        "to learn and to compare: what courses teach",
    ),
}
"""The values of `--recipe`."""


def named(name: str, **options: Any) -> Recipe:
    """A recipe by name, with these options. Raises a UsageError if unknown, and as `standard`."""
    if name not in RECIPES:
        raise UsageError(f"there is no recipe {name!r}; use {' or '.join(RECIPES)}")
    return RECIPES[name].make(**options)


class RecipeFile(Record):
    """A recipe, or a `run.json`, which has one: `validated` says what is wrong in it."""

    model_config = ConfigDict(extra="allow")


def read(file: Path) -> Recipe:
    """The recipe in a JSON file: a recipe as in `run.json`, or a whole `run.json`.

    Raises:
        UsageError: the file has no recipe, or one that is not valid.
        KaoganError: it cannot be read.

    """
    try:
        fields = read_json(file, RecipeFile).model_dump()
    except OSError as error:
        raise KaoganError(f"cannot read {file}: {error.strerror}") from None
    except ValueError:
        raise UsageError(
            f"{file} is no recipe; make one with: kaogan recipes standard > recipe.json"
        ) from None
    try:
        return validated(fields.get("recipe", fields))
    except UsageError as error:
        raise UsageError(f"{file}: {error}") from None


@dataclass(frozen=True)
class Variant:
    """Options for a short training."""

    below: float
    """Images that the standard recipe would see in the time."""
    options: Options
    why: str


VARIANTS = (
    Variant(60_000, {"width": 32, "batch": 16}, "half the width sees three times as many images"),
    Variant(float("inf"), {}, ""),
)
"""The table behind `--minutes`. Its threshold is a guess until the study is done."""


TOY_STEPS = 3000
"""Enough for all modes of the ring and of the grid."""


def toy(
    data_dim: int = 2,
    loss: str = "relativistic",
    penalties: Mapping[str, float] | None = None,
    width: int = 128,
    copies: int = 1,
    batch: int = 128,
    lr: float | None = None,
    steps: int = TOY_STEPS,
    **options: Any,
) -> Recipe:
    """Points on a line or in a plane, by small networks: relativistic pairing with R1 and R2.

    As in Huang et al., "The GAN is dead; long live the GAN!" (R3GAN, 2024), Adam has no first
    momentum, and rates and penalties fall over the whole run.

    Args:
        data_dim: coordinates of a point.
        loss: registered name (`kaogan.losses`).
        penalties: registered names with weights; by default R1 and R2 of weight 0.1 for the
            relativistic loss, and none for others.
        width: units in each of the three hidden layers of both networks.
        copies: independent pairs of networks trained at once.
        batch: points in a batch, for each copy.
        lr: learning rate; by default 6e-3 with penalties, and 1e-3 without.
        steps: of the whole run.
        **options: fields of `Recipe` and of `MLP`, e.g. `packing=2, seed=7`.

    Raises:
        UsageError: a value is out of its range, or two are incompatible.

    """
    if penalties is None:
        penalties = {"r1": 0.1, "r2": 0.1} if loss == "relativistic" else {}
    usual = {
        "model": "mlp",
        "data_dim": data_dim,
        "latent_dim": 2 * copies,
        "width": width,
        "discriminator_width": width,
        "copies": copies,
        "loss": loss,
        "penalties": penalties,
        "batch": batch,
        "lr": lr if lr is not None else 6e-3 if penalties else 1e-3,
        "anneal_images": steps * batch,
    }
    return build(MODERN, usual | options)


def pacgan(loss: str = "nonsaturating", packing: int = 1, copies: int = 1, seed: int = 0) -> Recipe:
    """The synthetic experiments of Lin et al., "PacGAN: The power of two samples in generative
    adversarial networks" (NeurIPS 2018), section 4.1, as in the authors' code.

    The generator has 4 x 400 units with batch norm, the discriminator 3 x 200 with maxout of 5.

    Args:
        loss: registered name; the paper's is "nonsaturating".
        packing: points in a pack, which has one logit; 1 is the paper's plain GAN.
        copies: independent pairs of networks trained at once.
        seed: of everything random.

    """
    model = {
        "model": "mlp",
        "latent_dim": 2 * copies,
        "width": 400,
        "depth": 4,
        "generator_norm": "batch",
        "discriminator_width": 200,
        "discriminator_depth": 3,
        "pieces": 5,
        "packing": packing,
        "initial_std": 0.02,
        "copies": copies,
    }
    return build(model, {"loss": loss, "batch": 100, "lr": 1e-4, "beta1": 0.8, "seed": seed})
