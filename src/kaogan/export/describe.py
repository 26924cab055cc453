"""Descriptions of a training for a page and for a model card."""

from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from torch import nn

from kaogan.contracts import Model
from kaogan.export.equations import equations_of, mathml, remarks_of, summary_of
from kaogan.export.network import Network, Player, build
from kaogan.models.dcgan import MinibatchStd
from kaogan.training.recipe import Recipe
from kaogan.training.rows import Row

T = TypeVar("T")

PLAYERS: tuple[Player, Player] = ("generator", "discriminator")
MOST_ROWS = 300
"""Points of a curve; more are not visible."""
NORMS = (nn.modules.batchnorm._BatchNorm, nn.GroupNorm, nn.LayerNorm)
"""They belong to the layer before."""
SHOWN = ("fd", "kid", "recall", "density", "coverage")
"""Figures of an evaluation; rows of older versions lack some of them."""


def describe_training(network: Network) -> Row | None:
    """The training of a generator for about.json; None if it is unknown.

    Images seen and data set are None for a generator without a run.
    """
    origin = network.origin
    if origin is None:
        return None
    recipe = origin.recipe
    return {
        "images_seen": origin.images_seen,
        "dataset": origin.dataset,
        "loss": recipe.loss.name,
        "penalties": [penalty.name for penalty in recipe.penalties],
        "losses": describe_losses(recipe),
        "penalty_interval": recipe.penalty_interval,
        "batch": recipe.batch,
        "mirror": recipe.mirror,
        "mirrored_images": recipe.mirrored_images,
        "lr": recipe.lr,
        "generator_lr": recipe.generator_lr,
        "betas": [recipe.beta1, recipe.beta2],
        "anneal_images": recipe.anneal_images,
        "parameters": {player: parameters(build(network.model, player)) for player in PLAYERS},
        "layers": [
            {"network": player, **row}
            for player in PLAYERS
            for row in layers(network.model, player)
        ],
        "curves": thinned(origin.curves, MOST_ROWS),
        "quality": thinned(origin.quality, MOST_ROWS),
    }


def describe_losses(recipe: Recipe) -> Row:
    """The losses and penalties in words and equations, as their docstrings have them.

    Keys: `equations`, of the losses, and `penalty_equations`, as MathML; `words`, paragraphs about
    the loss; `penalties`, a few words for each.
    """
    terms = [(term.name, summary_of(term)) for term in recipe.penalties]
    return {
        "equations": [mathml(one) for one in equations_of(recipe.loss)],
        "words": list(remarks_of(recipe.loss)),
        "penalties": [f"{name} ({words})" if words else name for name, words in terms],
        "penalty_equations": [
            mathml(one) for term in recipe.penalties for one in equations_of(term)
        ],
    }


def parameters(module: nn.Module) -> int:
    """How many numbers are learned."""
    return sum(parameter.numel() for parameter in module.parameters())


def layers(model: Model, player: Player) -> list[Row]:
    """A row for each layer of a network with weights, in the order of use, with the layers that
    follow it up to the next one. Operations between layers, such as skips and sums, are left out.

    Keys: `layer`, in words; `shape`, of its output without the batch; `parameters`.
    """
    module = build(model, player).eval()
    x = torch.zeros(1, model.latent_dim)
    if player == "discriminator":
        x = torch.zeros(model.packing, *model.sample_shape)
    rows: list[Row] = []

    def note(layer: nn.Module, _: object, out: torch.Tensor) -> None:
        own = parameters(layer)
        begins = isinstance(layer, nn.Upsample) or (own and not isinstance(layer, NORMS))
        if not rows or (begins and rows[-1]["parameters"]):
            rows.append({"layer": words(layer), "shape": [], "parameters": 0})
        else:
            rows[-1]["layer"] += f", {words(layer)}"
        if isinstance(out, torch.Tensor):
            rows[-1]["shape"] = list(out.shape[1:])
        rows[-1]["parameters"] += own

    for name, each in module.named_modules():
        # The modules that compute the weights of a layer (spectral norm) are a part of it.
        others = dict(each.named_children()).keys() - {"parametrizations"}
        if "parametrizations" not in name and not others:
            each.register_forward_hook(note)
    with torch.inference_mode():
        module(x)
    return rows


NAMES: dict[type[nn.Module], str] = {
    nn.BatchNorm2d: "batch norm",
    nn.Linear: "fully connected",
    nn.Upsample: "twice as large",
    nn.Tanh: "tanh",
    nn.Flatten: "reshaped",
    nn.Unflatten: "reshaped",
    MinibatchStd: "minibatch standard deviation",
}


def words(layer: nn.Module) -> str:
    """The name of a layer."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        kind = "convolution" if isinstance(layer, nn.Conv2d) else "transposed convolution"
        return f"{kind} {layer.kernel_size[0]}×{layer.kernel_size[1]}"
    names = (name for kind, name in NAMES.items() if isinstance(layer, kind))
    return next(names, type(layer).__name__)


def thinned(rows: Sequence[T], most: int) -> Sequence[T]:
    """At most so many rows, evenly spread, the first and the last among them."""
    if len(rows) <= most:
        return rows
    return [rows[round(i * (len(rows) - 1) / (most - 1))] for i in range(most)]


def figures(rows: list[Row]) -> dict[str, Any]:
    """The figures of the last evaluation, if there was one."""
    if not rows:
        return {}
    return {key: rows[-1][key] for key in SHOWN if key in rows[-1]}
