"""Which parts of a recipe do not go together, and why."""

from collections.abc import Sequence

from kaogan.contracts import Model
from kaogan.errors import UsageError


def bounds_slope(model: Model, penalties: Sequence[str]) -> bool:
    """Is the discriminator's slope kept in check? Then the generator learns from it, even where it
    tells real from generated without error.
    """
    return bool(penalties) or model.norm == "spectral"


def check_compatibility(model: Model, loss: str, penalties: Sequence[str]) -> None:
    """Refuse parts that would spoil each other.

    Args:
        model: the networks.
        loss: registered name.
        penalties: registered names.

    Raises:
        UsageError: with the reason, and what would fit.

    """
    if len(set(penalties)) < len(penalties):
        raise UsageError("a penalty was named twice; name it once, with the sum of the weights")
    if penalties and model.norm == "batch":
        # Gulrajani et al. 2017, section 4, "No critic batch normalization".
        raise UsageError(
            f"{penalties[0]} and batch norm in the discriminator exclude each other: the penalty "
            "is on the slope of each logit by its own sample, and batch norm makes it depend on "
            "the whole batch; use --norm none or --norm spectral"
        )
    if loss == "wasserstein" and not bounds_slope(model, penalties):
        # Arjovsky et al. 2017, equation 2: the maximum is over functions of bounded slope.
        raise UsageError(
            "the wasserstein loss has no bound unless the discriminator's slope has one; use "
            "--norm none --penalty gradient-penalty=10, or --norm spectral"
        )
    if "gradient-penalty" in penalties and model.packing > 1:
        raise UsageError(
            "gradient-penalty and packing exclude each other: its line runs from one generated "
            "sample to one real sample, not between packs; use r1 and r2"
        )
