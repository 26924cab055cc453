"""Inversion: the latent whose picture is nearest to a given one.

The encoder's guess, made better by going down the slope of

    objective = d(G(z), x) + PRIOR (|z|^2 / Z - 1)^2

with Adam: predict, then optimise, as in Zhu, Krähenbühl, Shechtman and Efros, "Generative Visual
Manipulation on the Natural Image Manifold" (ECCV 2016). The distance d is the mean
absolute difference of the pixels, to which that of a network's feature maps is added where there
is a discriminator. The second term keeps z as long as those that the generator was trained with:
for z ~ N(0, I), |z|^2 / Z is 1, give or take sqrt(2 / Z). All directions are equally likely.
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

Distance = Callable[[Tensor, Tensor], Tensor]
"""How far apart two batches of pictures `N C H W` are, pair by pair: `N`."""


@dataclass(frozen=True)
class Inversion:
    """What was found for N pictures.

    Args:
        encoded: the encoder's latents, `N Z`.
        latents: the refined ones, `N Z`.
        encoded_error: mean absolute difference of the pixels, 0 to 2, for the encoder's latents.
        error: the same for the refined ones.

    """

    encoded: Tensor
    latents: Tensor
    encoded_error: Tensor
    error: Tensor


Distances = Float[Tensor, "N"]
"""How far each picture is from another one."""


def pixel_distance(one: Images, other: Images) -> Distances:
    """Mean absolute difference of the pixels, 0 to 2."""
    return (one - other).abs().flatten(1).mean(1)


def with_features(discriminator: Discriminator, weight: float = FEATURE_WEIGHT) -> Distance:
    """The pixel distance, plus `weight` times how differently a discriminator sees two pictures.

    It is the mean over its layers, but the last one, which judges, of |f(x) - f(y)| / |f(x)|, with
    the mean absolute value of a layer's feature maps as |.|. So each layer counts the same. The
    idea of a discriminator as a measure of likeness is that of Larsen et al., "Autoencoding beyond
    pixels using a learned similarity metric" (ICML 2016).
    """
    *layers, _ = copy.deepcopy(discriminator.layers).eval().requires_grad_(False).children()
    # How much the pictures of a batch differ says nothing of one of them.
    layers = [layer for layer in layers if not isinstance(layer, MinibatchStd)]
    packing = discriminator.packing

    def maps(pictures: Tensor) -> list[Tensor]:
        # One that judges several pictures at once is shown the same one several times.
        current, found = pictures.repeat(1, packing, 1, 1), []
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
    """Find latents for pictures.

    Args:
        generator: latents `N Z` to pictures `N C H W`, in eval mode, on the CPU.
        encoder: pictures to latents, in eval mode.
        pictures: of the generator's size and channels, in [-1, 1].
        steps: of the refinement; 0 leaves the encoder's guess.
        distance: what the refinement lowers.
        tracker: told of every step.

    Raises:
        UsageError: a negative number of steps.

    """
    if steps < 0:
        raise UsageError(f"{steps} steps are none; use 0 or more")
    with torch.no_grad():
        encoded = encoder(pictures)
    latents = refine(generator, pictures, encoded, steps, distance, tracker)
    with torch.no_grad():
        return Inversion(
            encoded,
            latents,
            pixel_distance(pictures, generator(encoded)),
            pixel_distance(pictures, generator(latents)),
        )


def refine(
    generator: nn.Module,
    pictures: Images,
    start: Latents,
    steps: int = STEPS,
    distance: Distance = pixel_distance,
    tracker: Tracker | None = None,
) -> Latents:
    """Latents with a lower objective than `start`, or `start` where none was found.

    Each picture is its own task: a batch is only faster. If `start` lies on the sphere of radius
    sqrt(Z), as the encoder's latents do, the distance never rises either.
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
    """(|z|^2 / Z - 1)^2: 0 on the sphere of radius sqrt(Z), more away from it."""
    return (latents.square().mean(1) - 1).square()
