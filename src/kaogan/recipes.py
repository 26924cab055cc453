"""Recipes: functions that return a frozen `Recipe`. The command line only overrides them."""

from collections.abc import Mapping

from pydantic import ValidationError

from kaogan.contracts import Norm
from kaogan.errors import UsageError
from kaogan.losses import losses
from kaogan.models import MLP
from kaogan.models.dcgan import Upsample
from kaogan.training.recipe import Recipe

FRAMEWORKS = {"pytorch": "dcgan", "keras": "keras-dcgan"}
SMOOTHING = 0.1


def dcgan(
    size: int = 64,
    channels: int = 3,
    latent_dim: int = 100,
    width: int = 64,
    upsample: Upsample = "transposed",
    framework: str = "pytorch",
    loss: str = "nonsaturating",
    label_smoothing: float | None = None,
    penalties: Mapping[str, float] | None = None,
    norm: Norm = "batch",
    packing: int = 1,
    batch: int = 32,
    lr: float = 4e-4,
    beta1: float = 0.5,
    seed: int = 0,
) -> Recipe:
    """DCGAN after Radford, Metz and Chintala (2016), with an EMA of the generator.

    Batch, learning rate and label smoothing are not the paper's (128, 2e-4 and none): with these,
    faces of 64 x 64 pixels are better after the same number of images (docs/results.md).

    Args:
        size: height and width, a power of two from 32 to 256.
        channels: 1 for grey, 3 for colour.
        latent_dim: entries of a latent vector.
        width: channels of the largest feature map; the deepest has 8 times as many.
        upsample: "transposed" convolutions as in the paper, or "resize" against checkerboards.
        framework: "pytorch", or "keras": the same networks in Keras layers, from the same seed.
        loss: registered name (`kaogan.losses`): "nonsaturating", "hinge", "relativistic", ...
        label_smoothing: real labels are 1 minus this, in [0, 0.5); 0.1 unless told, for the two
            losses with labels.
        penalties: registered names (`kaogan.losses.penalties`) with weights, e.g. {"r1": 1.0}.
        norm: of the discriminator: "batch", "spectral" or "none".
        packing: pictures that the discriminator judges together.
        batch: pictures in a batch.
        lr: learning rate of both Adam optimisers.
        beta1: Adam's first momentum.
        seed: of everything random.

    Raises:
        UsageError: a value is out of its range, or two do not go together.

    """
    if framework not in FRAMEWORKS:
        raise UsageError(f"there is no framework {framework!r}; use {' or '.join(FRAMEWORKS)}")
    game: dict[str, object] = {"name": loss}
    if "label_smoothing" in losses[loss].model_fields:
        game["label_smoothing"] = SMOOTHING if label_smoothing is None else label_smoothing
    elif label_smoothing:
        raise UsageError(f"the {loss} loss has no labels to smooth; leave --label-smoothing away")
    try:
        return Recipe.model_validate(
            {
                "model": {
                    "name": FRAMEWORKS[framework],
                    "size": size,
                    "channels": channels,
                    "latent_dim": latent_dim,
                    "width": width,
                    "upsample": upsample,
                    "norm": norm,
                    "packing": packing,
                },
                "loss": game,
                "penalties": [
                    {"name": name, "weight": weight} for name, weight in (penalties or {}).items()
                ],
                "batch": batch,
                "lr": lr,
                "beta1": beta1,
                "seed": seed,
            }
        )
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
    if penalties is None:
        penalties = {"r1": 0.1, "r2": 0.1} if loss == "relativistic" else {}
    return _points(
        {
            "data_dim": data_dim,
            "latent_dim": 2 * copies,
            "width": width,
            "discriminator_width": width,
            "packing": packing,
            "copies": copies,
        },
        loss={"name": loss},
        penalties=[{"name": name, "weight": weight} for name, weight in penalties.items()],
        batch=batch,
        lr=lr if lr is not None else 6e-3 if penalties else 1e-3,
        beta1=0.0,
        beta2=0.99,
        anneal_images=steps * batch,
        seed=seed,
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
    networks = MLP.pacgan(copies, packing).model_dump()
    return _points(networks, loss={"name": loss}, batch=100, lr=1e-4, beta1=0.8, seed=seed)


def _points(networks: Mapping[str, object], **rest: object) -> Recipe:
    try:
        return Recipe.model_validate({"model": {"name": "mlp", **networks}, **rest})
    except ValidationError as error:
        raise UsageError(explain(error)) from None


def explain(error: ValidationError) -> str:
    """The first complaint of a validation as one line: "size: 48; must be a power of two"."""
    first = error.errors()[0]
    field = str(first["loc"][-1]) if first["loc"] else "the recipe"
    return f"{field.replace('_', '-')} cannot be {first['input']!r}: {first['msg']}"
