"""Which parts of a recipe are incompatible, and why."""

from typing import TYPE_CHECKING

from kaogan.errors import UsageError

if TYPE_CHECKING:
    from kaogan.training.recipe import Recipe


def check_compatibility(recipe: "Recipe") -> None:
    """Raise a UsageError if parts are incompatible, with the reason and with what to use."""
    model, loss, penalties = recipe.model, recipe.loss, recipe.penalties
    if len({penalty.name for penalty in penalties}) < len(penalties):
        raise UsageError("a penalty was named twice; name it once, with the sum of the weights")
    if penalties and model.norm == "batch":
        # Gulrajani et al. 2017, section 4, "No critic batch normalization".
        raise UsageError(
            f"{penalties[0].name} and batch norm in the discriminator exclude each other: the "
            "penalty is on the slope of each logit by its own sample, and batch norm makes it "
            "depend on the whole batch; use --norm none or --norm spectral"
        )
    if loss.needs_bounded_slope and not recipe.bounds_slope:
        raise UsageError(
            f"the {loss.name} loss has no bound unless the discriminator's slope has one; use "
            "--norm none --penalty gradient-penalty=10, or --norm spectral"
        )
    between = [penalty.name for penalty in penalties if penalty.interpolates]
    if between and model.packing > 1:
        raise UsageError(
            f"{between[0]} and packing exclude each other: its line runs from one generated "
            "sample to one real sample, not between packs; use r1 and r2"
        )
    if recipe.batch % model.packing:
        raise UsageError(
            f"a batch of {recipe.batch} cannot be judged in packs of {model.packing}; "
            "choose a multiple"
        )
    if model.attributes and not model.conditional:
        raise UsageError(f"{model.name} cannot learn from labels; leave out --condition")
    if model.attributes and model.norm == "spectral":
        raise UsageError(
            "labels and spectral norm exclude each other: the norm of the last layer would be that "
            "of the logit and of all attributes together; use --norm none"
        )
    if model.attributes and model.packing > 1:
        raise UsageError(
            "labels and packing exclude each other: a pack has several pictures, and a logit the "
            "label of one; use --packing 1"
        )
    if recipe.mirror and len(model.sample_shape) != 3:
        raise UsageError("only pictures can be mirrored; leave mirror away")


def check_parts(recipe: "Recipe", processes: int) -> None:
    """Raise a UsageError if so many processes cannot share out a batch and play the same game."""
    model, batch = recipe.model, recipe.batch
    if processes == 1:
        return
    if not model.synchronises:
        raise UsageError(
            f"{model.name} is trained by one process: its batch norm cannot be that of the whole "
            "batch; use --model dcgan"
        )
    unit = processes * model.neighbours
    if batch % unit:
        near = max(1, round(batch / unit)) * unit
        together = f" of groups of {model.neighbours}" if model.neighbours > 1 else ""
        raise UsageError(
            f"a batch of {batch} cannot be divided among {processes} processes in equal "
            f"parts{together}; use --batch {near}, or another number of processes"
        )
