"""Inversion: the latent whose picture is nearest to a given one.

The encoder's estimate, refined by gradient descent on

    objective = d(G(z), x) + PRIOR (|z|^2 / Z - 1)^2

with Adam: predict, then optimise, as in Zhu, Krähenbühl, Shechtman and Efros, "Generative Visual
Manipulation on the Natural Image Manifold" (ECCV 2016). The distance d is the mean absolute
difference of the pixels, plus that of a discriminator's feature maps if there is one. The second
term keeps the length of z as in training: for z ~ N(0, I), |z|^2 / Z is 1 on average, with a
standard deviation of sqrt(2 / Z), and all directions are equally likely.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from kaogan.contracts import Latents
from kaogan.errors import UsageError
from kaogan.latent.encoder import Images
from kaogan.models.dcgan import Discriminator, MinibatchStd
from kaogan.progress import Silent, Tracker

STEPS = 300
LR = 0.2
PRIOR = 0.1
FEATURE_WEIGHT = 0.3

Distances = Float[Tensor, "N"]
Distance = Callable[[Tensor, Tensor], Tensor]
"""The distance of each pair in two batches of pictures `N C H W`: `N`."""


@dataclass(frozen=True)
class Inversion:
    """The latents of N pictures, from the encoder and refined, `N Z` each; and their errors: the
    mean absolute difference of the pixels, 0 to 2.
    """

    encoded: Tensor
    latents: Tensor
    encoded_error: Tensor
    error: Tensor


def pixel_distance(one: Images, other: Images) -> Distances:
    """Mean absolute difference of the pixels, 0 to 2."""
    return (one - other).abs().flatten(1).mean(1)


def with_features(discriminator: Discriminator, weight: float = FEATURE_WEIGHT) -> Distance:
    """The pixel distance, plus `weight` times the distance of a discriminator's feature maps.

    The latter is the mean of |f(x) - f(y)| / |f(x)| over its hidden layers, with the mean absolute
    value of a layer's feature maps as |.|, so that each layer counts the same. The idea of a
    discriminator as a measure of similarity is that of Larsen et al., "Autoencoding beyond pixels
    using a learned similarity metric" (ICML 2016).
    """
    *hidden, _ = copy.deepcopy(discriminator.layers).eval().requires_grad_(False).children()
    # The variation within a batch says nothing about one picture.
    layers = [layer for layer in hidden if not isinstance(layer, MinibatchStd)]

    def maps(pictures: Tensor) -> list[Tensor]:
        # With packing, the discriminator gets the same picture several times.
        current, found = pictures.repeat(1, discriminator.packing, 1, 1), []
        for layer in layers:
            current = layer(current)
            if isinstance(layer, nn.LeakyReLU):
                found.append(current)
        return found

    def distance(one: Tensor, other: Tensor) -> Tensor:
        terms = [
            (a - b).abs().flatten(1).mean(1) / a.abs().flatten(1).mean(1).clamp_min(1e-6)
            for a, b in zip(maps(one), maps(other), strict=True)
        ]
        return pixel_distance(one, other) + weight * torch.stack(terms).mean(0)

    return distance


def invert(
    generator: nn.Module,
    encoder: nn.Module,
    pictures: Images,
    steps: int = STEPS,
    distance: Distance = pixel_distance,
    tracker: Tracker | None = None,
) -> Inversion:
    """Find latents for pictures of the generator's size and channels, in [-1, 1].

    Generator and encoder are in eval mode, the generator on the CPU. The refinement lowers the
    distance in so many steps; 0 leaves the encoder's estimate. The tracker is told of every step.

    Raises UsageError for a negative number of steps.
    """
    if steps < 0:
        raise UsageError(f"{steps} steps are none; use 0 or more")
    with torch.no_grad():
        encoded = encoder(pictures)
    latents = refine(generator, pictures, encoded, steps, distance, tracker)
    with torch.no_grad():
        errors = [pixel_distance(pictures, generator(z)) for z in (encoded, latents)]
    return Inversion(encoded, latents, *errors)


def refine(
    generator: nn.Module,
    pictures: Images,
    start: Latents,
    steps: int = STEPS,
    distance: Distance = pixel_distance,
    tracker: Tracker | None = None,
) -> Latents:
    """Latents with a lower objective than `start`, or `start` where none was found.

    Pictures do not influence each other; a batch is only faster. If `start` lies on the sphere of
    radius sqrt(Z), as the encoder's latents do, the distance does not increase either.
    """
    tracker = tracker or Silent()
    frozen = copy.deepcopy(generator).eval().requires_grad_(False)
    z = start.detach().clone().requires_grad_()
    best, lowest = start.detach().clone(), torch.full((len(start),), math.inf)
    optimizer = torch.optim.Adam([z], LR, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps))
    for _ in range(steps + 1):
        objective = distance(pictures, frozen(z)) + PRIOR * surprise(z)
        better = objective.detach() < lowest
        lowest = torch.where(better, objective.detach(), lowest)
        best[better] = z.detach()[better]
        optimizer.zero_grad()
        objective.sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        tracker.advance(1)
    return best


def surprise(latents: Latents) -> Distances:
    """(|z|^2 / Z - 1)^2: 0 on the sphere of radius sqrt(Z), larger elsewhere."""
    return (latents.square().mean(1) - 1).square()
