"""Recipes: functions that return a frozen `Recipe`. The command line only overrides them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kaogan.errors import UsageError
from kaogan.models import MLP
from kaogan.options import Options, build, validated
from kaogan.training.recipe import Recipe

GAMMA = 1.0
"""Weight of R1 and R2 in the standard recipe."""


MODERN: Options = {
    "loss": "relativistic",
    "norm": "none",
    "beta1": 0.0,
    "beta2": 0.99,
}
"""What the recipes for pictures and for points share: R3GAN, equation 2 and section 2."""

STANDARD: Options = MODERN | {
    "penalties": {"r1": GAMMA, "r2": GAMMA},
    "penalty_interval": 4,
    "penalty_schedule": "constant",
    "initialization": "he",
    "minibatch_std": 4,
    "mirror": True,
    "batch": 32,
    "lr": 3e-4,
}


def standard(**options: Any) -> Recipe:
    """Relativistic pairing with R1 and R2: what `kaogan train` does unless told otherwise.

    The game of Huang, Gokaslan, Kuleshov and Tompkin, "The GAN is dead; long live the GAN! A Modern
    Baseline GAN" (R3GAN, NeurIPS 2024), on DCGAN's networks. The discriminator has no norm, He's
    initialisation and a minibatch standard deviation (ProGAN, section 3). Penalties are lazy
    (StyleGAN2, appendix B) and keep their weights while learning rates fall; pictures are mirrored;
    Adam has betas (0, 0.99).

    Args:
        **options: as `kaogan.options` describes them, e.g. `size=64, loss="hinge"`.

    Raises:
        UsageError: a value is out of its range, or two do not go together.

    """
    return build(STANDARD, options)


def dcgan(**options: Any) -> Recipe:
    """The DCGAN of Radford, Metz and Chintala (ICLR 2016), with an EMA of the generator.

    Binary cross-entropy, batch norm in both networks, Adam 2e-4 with betas (0.5, 0.999), batches of
    128: sections 3 and 4 of the paper. They are the defaults of `Recipe` and of its parts.

    Args:
        **options: as `kaogan.options` describes them.

    Raises:
        UsageError: a value is out of its range, or two do not go together.

    """
    return build({}, options)


@dataclass(frozen=True)
class Choice:
    """A recipe that can be asked for by its name."""

    make: Callable[..., Recipe]
    usual: Options
    """Its options, where they are not the defaults of the fields."""
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
"""What `--recipe` takes."""


def named(name: str, **options: Any) -> Recipe:
    """The recipe of that name, with these options in place of its own.

    Raises:
        UsageError: there is no such recipe; else as `standard`.

    """
    if name not in RECIPES:
        raise UsageError(f"there is no recipe {name!r}; use {' or '.join(RECIPES)}")
    return RECIPES[name].make(**options)


TOY_STEPS = 3000
"""Enough for every mode of the ring and of the grid."""


def toy(
    data_dim: int = 2,
    loss: str = "relativistic",
    penalties: Mapping[str, float] | None = None,
    width: int = 128,
    packing: int = 1,
    copies: int = 1,
    batch: int = 128,
    lr: float | None = None,
    steps: int = TOY_STEPS,
    seed: int = 0,
) -> Recipe:
    """Points on a line or in a plane, by small networks: relativistic pairing with R1 and R2.

    As in Huang et al., "The GAN is dead; long live the GAN!" (R3GAN, 2024): Adam without its first
    momentum, rates and penalties annealed over the whole run.

    Args:
        data_dim: coordinates of a point.
        loss: registered name (`kaogan.losses`).
        penalties: registered names with weights; unless told, R1 and R2 of weight 0.1 for the
            relativistic loss, and none for others.
        width: hidden units, three layers of them in each network.
        packing: points that the discriminator judges together.
        copies: independent pairs of networks trained at once.
        batch: points in a batch, of each copy.
        lr: learning rate; unless told, 6e-3 with penalties, which bear so much, and 1e-3 without.
        steps: of the whole run.
        seed: of everything random.

    Raises:
        UsageError: a value is out of its range, or two do not go together.

    """
    if penalties is None:
        penalties = {"r1": 0.1, "r2": 0.1} if loss == "relativistic" else {}
    return build(
        {},
        {
            "model": "mlp",
            "data_dim": data_dim,
            "latent_dim": 2 * copies,
            "width": width,
            "discriminator_width": width,
            "packing": packing,
            "copies": copies,
            "loss": loss,
            "penalties": penalties,
            "batch": batch,
            "lr": lr if lr is not None else 6e-3 if penalties else 1e-3,
            "beta1": MODERN["beta1"],
            "beta2": MODERN["beta2"],
            "anneal_images": steps * batch,
            "seed": seed,
        },
    )


def pacgan(loss: str = "nonsaturating", packing: int = 1, copies: int = 1, seed: int = 0) -> Recipe:
    """The synthetic experiments of Lin et al., "PacGAN" (NeurIPS 2018), section 4.1.

    Args:
        loss: registered name; the paper's is "nonsaturating".
        packing: points that the discriminator judges together; 1 is the paper's plain GAN.
        copies: independent pairs of networks trained at once.
        seed: of everything random.

    Raises:
        UsageError: a value is out of its range, or two do not go together.

    """
    numbers = {"batch": 100, "lr": 1e-4, "beta1": 0.8, "seed": seed}
    return validated({"model": MLP.pacgan(copies, packing), "loss": {"name": loss}, **numbers})
