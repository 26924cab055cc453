"""Drawing with a trained generator."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from kaogan.contracts import Labels
from kaogan.errors import UsageError
from kaogan.images import Pixels, to_pixels
from kaogan.label_vectors import random_codes, vectors
from kaogan.labels import Attribute
from kaogan.latent.walks import truncate
from kaogan.rng import latents, seed_of

STANDING_LATENTS = 2048
BATCH = 128


def standing_statistics(
    generator: nn.Module, latent_dim: int, count: int = STANDING_LATENTS
) -> nn.Module:
    """A copy of `generator`, in eval mode, with batch norm's averages recomputed for its weights.

    During training, batch norm averages over past weights. These averages do not fit a generator
    that changes fast or has averaged weights: it draws washed-out faces. Here means and variances
    are averaged over `count` latents with the current weights (standing statistics: Brock et al.
    2019, BigGAN, section 3.1 and appendix C), and over random wishes if it takes any. Latents and
    wishes are always the same, so the copy is a function of the weights.
    """
    settled = copy.deepcopy(generator)
    rng = torch.Generator().manual_seed(seed_of(latent_dim, count))
    batches = max(1, count // BATCH)
    latent_batches = (torch.randn(BATCH, latent_dim, generator=rng) for _ in range(batches))
    wishing = RandomlyWishing(settled, seed_of(latent_dim, count, 1))
    update_bn(latent_batches, wishing, next(settled.parameters()).device)
    return settled.eval()


class RandomlyWishing(nn.Module):
    """A generator with new wishes for each batch, as in its training."""

    def __init__(self, generator: nn.Module, seed: int) -> None:
        super().__init__()
        self.generator, self.attributes = generator, attributes_of(generator)
        self.rng = torch.Generator().manual_seed(seed)

    def forward(self, z: Tensor) -> Tensor:
        if not self.attributes:
            drawn: Tensor = self.generator(z)
            return drawn
        codes = random_codes(self.attributes, len(z), self.rng).to(z.device)
        return conditioned(self.generator, z, vectors(self.attributes, codes))


class Wishing(nn.Module):
    """A generator with one wish for all pictures: a label vector `1 Y`."""

    def __init__(self, generator: nn.Module, wish: Tensor) -> None:
        super().__init__()
        self.generator = generator
        self.register_buffer("wish", wish)

    def forward(self, z: Tensor) -> Tensor:
        wish = cast(Tensor, self.wish)
        return conditioned(self.generator, z, wish.expand(len(z), -1))


class SideBySide(nn.Module):
    """A generator whose latents and label vectors are one tensor, `N Z+Y`."""

    def __init__(self, sampler: "Sampler") -> None:
        super().__init__()
        self.generator, self.latent_dim = sampler.generator, sampler.latent_dim

    def forward(self, inputs: Tensor) -> Tensor:
        latents, labels = inputs.tensor_split([self.latent_dim], 1)
        return conditioned(self.generator, latents, labels)


def attributes_of(generator: nn.Module) -> tuple[Attribute, ...]:
    """What can be wished for of this generator."""
    found: tuple[Attribute, ...] = getattr(generator, "attributes", ())
    return found


def conditioned(network: nn.Module, inputs: Tensor, c: Labels) -> Tensor:
    """The network's output for these inputs, and for their label vectors if they have entries."""
    outputs: Tensor = network(inputs, c) if c.shape[1] else network(inputs)
    return outputs


def draw(generator: nn.Module, z: Tensor) -> Iterator[Pixels]:
    """Pictures (H x W x C, uint8) of latents `N Z`, from a generator with standing statistics."""
    device = next(generator.parameters()).device
    with torch.inference_mode():
        for part in z.split(BATCH):  # type: ignore[no-untyped-call]
            yield from np.asarray(to_pixels(generator(part.to(device))).cpu())


@dataclass(frozen=True)
class Sampler:
    """A generator with standing statistics, for drawing."""

    generator: nn.Module
    latent_dim: int

    def wishing(self, wish: Float[Tensor, "1 Y"]) -> "Sampler":
        """The sampler that draws with this wish (`kaogan.labels.wish`)."""
        return Sampler(Wishing(self.generator, wish), self.latent_dim)

    def draw(self, z: Tensor) -> Pixels:
        """Pictures (N x H x W x C, uint8) of latents `N Z`, at least one."""
        return np.stack(list(draw(self.generator, z)))

    def sample(self, count: int = 16, seed: int = 0, truncation: float = 1.0) -> Pixels:
        """`count` pictures (N x H x W x C, uint8), of the seeds `seed`, `seed + 1`, ...

        A seed gives the same picture in any batch.

        Raises:
            UsageError: `count`, `seed` or `truncation` is out of range.

        """
        return np.stack(list(self.samples(count, seed, truncation)))

    def samples(self, count: int, seed: int = 0, truncation: float = 1.0) -> Iterator[Pixels]:
        """The pictures of `sample` (H x W x C), one after the other as they are drawn."""
        if count < 1:
            raise UsageError(f"cannot draw {count} pictures; ask for at least 1")
        if not 0 <= seed <= 2**63 - count:
            raise UsageError(f"there is no seed {seed}; use 0 to {2**63 - count}")
        if not 0.0 <= truncation <= 2.0:
            raise UsageError(f"a truncation of {truncation} makes no faces; use 0 to 2 (1 is none)")
        parts = (range(first, min(first + BATCH, seed + count))
                 for first in range(seed, seed + count, BATCH))  # fmt: skip
        return (
            picture
            for part in parts
            for picture in draw(
                self.generator, truncate(latents(list(part), self.latent_dim), truncation)
            )
        )
