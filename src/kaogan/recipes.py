"""Recipes: functions that return a frozen `Recipe`. The command line only overrides them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

from pydantic import ValidationError

from kaogan.contracts import Norm
from kaogan.errors import UsageError
from kaogan.losses import losses
from kaogan.models import MLP
from kaogan.models.dcgan import Initialization, Upsample
from kaogan.training.recipe import Recipe

FRAMEWORKS = {"pytorch": "dcgan", "keras": "keras-dcgan"}


class Options(TypedDict, total=False):
    """What can be asked for in a recipe for pictures; the rest is as the recipe has it."""

    size: int
    """Height and width, a power of two from 32 to 256."""
    channels: int
    """1 for grey, 3 for colour."""
    latent_dim: int
    """Entries of a latent vector."""
    width: int
    """Channels of the largest feature map; the deepest has 8 times as many."""
    upsample: Upsample
    """"transposed" convolutions as in the paper, or "resize" against checkerboards."""
    framework: str
    """"pytorch", or "keras": the same networks in Keras layers, from the same seed."""
    loss: str
    """Registered name (`kaogan.losses`): "nonsaturating", "hinge", "relativistic", ..."""
    label_smoothing: float
    """Real labels are 1 minus this, in [0, 0.5); for the two losses with labels."""
    penalties: Mapping[str, float]
    """Registered names (`kaogan.losses.penalties`) with weights, e.g. {"r1": 1.0}."""
    penalty_interval: int
    """Penalties come on every k-th step, with k times their weights."""
    norm: Norm
    """Of the discriminator: "batch", "spectral" or "none"."""
    initialization: Initialization
    """Of the discriminator: "normal" as in the paper, or "he"."""
    minibatch_std: int
    """Pictures in a group whose spread the discriminator is told; 0: none."""
    packing: int
    """Pictures that the discriminator judges together."""
    mirror: bool
    """Mirror every real picture with probability one half."""
    batch: int
    """Pictures in a batch."""
    lr: float
    """Learning rate of both Adam optimisers."""
    beta1: float
    """Adam's first momentum."""
    beta2: float
    """Adam's second momentum."""
    ema_share: float
    """Half-life of the generator's average, as a share of the images seen."""
    anneal_images: int | None
    """Images over which learning rates and penalties fall to a twentieth; None: they stay."""
    seed: int
    """Of everything random."""


GAMMA = 1.0
"""Weight of R1 and R2 in the standard recipe."""


def standard(**options: Unpack[Options]) -> Recipe:
    """Relativistic pairing with R1 and R2: what `kaogan train` does unless told otherwise.

    The game of Huang, Gokaslan, Kuleshov and Tompkin, "The GAN is dead; long live the GAN! A Modern
    Baseline GAN" (R3GAN, NeurIPS 2024), on DCGAN's networks. The discriminator has no norm, He's
    initialisation and a minibatch standard deviation (ProGAN, section 3). Penalties are lazy
    (StyleGAN2, appendix B), pictures are mirrored, Adam has betas (0, 0.99).

    Raises:
        UsageError: a value is out of its range, or two do not go together.

    """
    usual = _modern_game({"r1": GAMMA, "r2": GAMMA})
    usual |= {"penalty_interval": 4, "initialization": "he", "minibatch_std": 4, "mirror": True}
    return _pictures(usual | {"batch": 32, "lr": 3e-4} | options)


def dcgan(**options: Unpack[Options]) -> Recipe:
    """The DCGAN of Radford, Metz and Chintala (ICLR 2016), with an EMA of the generator.

    Binary cross-entropy, batch norm in both networks, Adam 2e-4 with betas (0.5, 0.999), batches of
    128: sections 3 and 4 of the paper.

    Raises:
        UsageError: a value is out of its range, or two do not go together.

    """
    return _pictures(options)


@dataclass(frozen=True)
class Choice:
    """A recipe that can be asked for by its name."""

    make: Callable[..., Recipe]
    what: str
    cost: str
    when: str


RECIPES: Mapping[str, Choice] = {
    "standard": Choice(
        standard,
        "relativistic loss, R1 and R2; no norm in the discriminator",
        "1.3 times the time of dcgan for an image",
        "for good faces: the default",
    ),
    "dcgan": Choice(
        dcgan,
        "the DCGAN paper: binary cross-entropy, batch norm in both networks",
        "the least time for an image",
        "to learn and to compare: what courses teach",
    ),
}
"""What `--recipe` takes."""


def named(name: str, **options: Unpack[Options]) -> Recipe:
    """The recipe of that name, with these options in place of its own.

    Raises:
        UsageError: there is no such recipe; else as `standard`.

    """
    if name not in RECIPES:
        raise UsageError(f"there is no recipe {name!r}; use {' or '.join(RECIPES)}")
    return RECIPES[name].make(**options)


def _modern_game(penalties: Mapping[str, float]) -> Options:
    """What the recipes for pictures and for points share: R3GAN, equation 2 and section 2."""
    return {
        "loss": "relativistic",
        "penalties": penalties,
        "norm": "none",
        "beta1": 0.0,
        "beta2": 0.99,
    }


MODEL_OPTIONS = (
    "size",
    "channels",
    "latent_dim",
    "width",
    "upsample",
    "norm",
    "initialization",
    "minibatch_std",
    "packing",
)


def _pictures(options: Options) -> Recipe:
    """A DCGAN's recipe; what is not among the options is as in `Recipe` and `DCGAN`."""
    rest: dict[str, Any] = dict(options)
    framework = rest.pop("framework", "pytorch")
    if framework not in FRAMEWORKS:
        raise UsageError(f"there is no framework {framework!r}; use {' or '.join(FRAMEWORKS)}")
    model = {name: rest.pop(name) for name in MODEL_OPTIONS if name in rest}
    loss = _loss(rest.pop("loss", "nonsaturating"), rest.pop("label_smoothing", None))
    penalties = _weighted(rest.pop("penalties", {}))
    return _validated({"name": FRAMEWORKS[framework], **model}, loss, penalties, rest)


def _loss(name: str, label_smoothing: float | None) -> dict[str, object]:
    if label_smoothing is None:
        return {"name": name}
    if "label_smoothing" not in losses[name].model_fields:
        if label_smoothing:
            raise UsageError(
                f"the {name} loss has no labels to smooth; leave --label-smoothing away"
            )
        return {"name": name}
    return {"name": name, "label_smoothing": label_smoothing}


def _weighted(penalties: Mapping[str, float]) -> list[dict[str, object]]:
    return [{"name": name, "weight": weight} for name, weight in penalties.items()]


def _validated(
    model: Mapping[str, object],
    loss: Mapping[str, object],
    penalties: list[dict[str, object]],
    rest: Mapping[str, object],
) -> Recipe:
    try:
        return Recipe.model_validate({"model": model, "loss": loss, "penalties": penalties, **rest})
    except ValidationError as error:
        raise UsageError(explain(error)) from None


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
    game = _modern_game({"r1": 0.1, "r2": 0.1} if loss == "relativistic" else {})
    penalties = game["penalties"] if penalties is None else penalties
    return _validated(
        {
            "name": "mlp",
            "data_dim": data_dim,
            "latent_dim": 2 * copies,
            "width": width,
            "discriminator_width": width,
            "packing": packing,
            "copies": copies,
        },
        {"name": loss},
        _weighted(penalties),
        {
            "batch": batch,
            "lr": lr if lr is not None else 6e-3 if penalties else 1e-3,
            "beta1": game["beta1"],
            "beta2": game["beta2"],
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
    model = MLP.pacgan(copies, packing).model_dump()
    return _validated(
        model, {"name": loss}, [], {"batch": 100, "lr": 1e-4, "beta1": 0.8, "seed": seed}
    )


def explain(error: ValidationError) -> str:
    """The first complaint of a validation as one line: "size: 48; must be a power of two"."""
    first = error.errors()[0]
    field = str(first["loc"][-1]) if first["loc"] else "the recipe"
    return f"{field.replace('_', '-')} cannot be {first['input']!r}: {first['msg']}"
