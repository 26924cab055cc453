"""Recipes: functions that return a frozen `Recipe`. The command line only overrides them."""

from collections.abc import Mapping

from pydantic import ValidationError

from kaogan.contracts import Norm
from kaogan.errors import UsageError
from kaogan.losses import losses
from kaogan.models.dcgan import Upsample
from kaogan.training.recipe import Recipe

FRAMEWORKS = {"pytorch": "dcgan", "keras": "keras-dcgan"}


def dcgan(
    size: int = 64,
    channels: int = 3,
    latent_dim: int = 100,
    width: int = 64,
    upsample: Upsample = "transposed",
    framework: str = "pytorch",
    loss: str = "nonsaturating",
    label_smoothing: float = 0.0,
    penalties: Mapping[str, float] | None = None,
    norm: Norm = "batch",
    packing: int = 1,
    batch: int = 64,
    lr: float = 2e-4,
    beta1: float = 0.5,
    seed: int = 0,
) -> Recipe:
    """DCGAN after Radford, Metz and Chintala (2016), with an EMA of the generator.

    Args:
        size: height and width, a power of two from 32 to 256.
        channels: 1 for grey, 3 for colour.
        latent_dim: entries of a latent vector.
        width: channels of the largest feature map; the deepest has 8 times as many.
        upsample: "transposed" convolutions as in the paper, or "resize" against checkerboards.
        framework: "pytorch", or "keras": the same networks in Keras layers, from the same seed.
        loss: registered name (`kaogan.losses`): "nonsaturating", "hinge", "relativistic", ...
        label_smoothing: real labels are 1 minus this, in [0, 0.5); for the two losses with labels.
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
    smoothing = {"label_smoothing": label_smoothing} if label_smoothing else {}
    if smoothing.keys() - losses[loss].model_fields.keys():
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
                "loss": {"name": loss, **smoothing},
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


def explain(error: ValidationError) -> str:
    """The first complaint of a validation as one line: "size: 48; must be a power of two"."""
    first = error.errors()[0]
    field = str(first["loc"][-1]) if first["loc"] else "the recipe"
    return f"{field.replace('_', '-')} cannot be {first['input']!r}: {first['msg']}"
