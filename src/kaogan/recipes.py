"""Recipes: functions that return a frozen `Recipe`. The command line only overrides them."""

from pydantic import ValidationError

from kaogan.errors import UsageError
from kaogan.models.dcgan import Upsample
from kaogan.training.recipe import Recipe


def dcgan(
    size: int = 64,
    channels: int = 3,
    latent_dim: int = 100,
    width: int = 64,
    upsample: Upsample = "transposed",
    loss: str = "nonsaturating",
    label_smoothing: float = 0.1,
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
        loss: "nonsaturating" or "minimax".
        label_smoothing: real labels are 1 minus this, in [0, 0.5).
        batch: pictures in a batch.
        lr: learning rate of both Adam optimisers.
        beta1: Adam's first momentum.
        seed: of everything random.

    Raises:
        UsageError: a value is out of its range.

    """
    try:
        return Recipe.model_validate(
            {
                "model": {
                    "name": "dcgan",
                    "size": size,
                    "channels": channels,
                    "latent_dim": latent_dim,
                    "width": width,
                    "upsample": upsample,
                },
                "loss": {"name": loss, "label_smoothing": label_smoothing},
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
