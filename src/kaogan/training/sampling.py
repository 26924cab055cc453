"""Drawing with a trained generator."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from kaogan.errors import UsageError
from kaogan.images import Pixels, to_pixels
from kaogan.latent.walks import truncate
from kaogan.rng import latents, seed_of

STANDING_LATENTS = 2048
BATCH = 128


def standing_statistics(
    generator: nn.Module, latent_dim: int, count: int = STANDING_LATENTS
) -> nn.Module:
    """A copy of `generator`, ready to draw: batch norm's averages re-estimated for its weights.

    In training, batch norm keeps running averages over past weights; a generator that changes
    fast, or one with averaged weights, is never described by them, and draws washed-out faces.
    Here means and variances are averaged over `count` latents with the weights as they are
    (standing statistics: Brock et al. 2019, BigGAN, section 3.1 and appendix C). The latents are
    always the same, so that the copy is a function of the weights alone.
    """
    settled = copy.deepcopy(generator)
    norms = [m for m in settled.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    if norms:
        device = next(settled.parameters()).device
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # a plain average over the batches
        settled.train()
        rng = torch.Generator().manual_seed(seed_of(latent_dim, count))
        with torch.no_grad():
            for _ in range(max(1, count // BATCH)):
                settled(torch.randn(BATCH, latent_dim, generator=rng).to(device))
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
    return settled.eval()


def draw(generator: nn.Module, z: Tensor) -> Iterator[Pixels]:
    """Pictures (H x W x C, uint8) for latents `N Z`, batch by batch, from a settled generator."""
    device = next(generator.parameters()).device
    with torch.inference_mode():
        for part in z.split(BATCH):  # type: ignore[no-untyped-call]
            yield from np.asarray(to_pixels(generator(part.to(device))).cpu())


def draw_seeds(
    generator: nn.Module, seeds: list[int], latent_dim: int, truncation: float = 1.0
) -> Iterator[Pixels]:
    """Pictures by seed: the same seed gives the same face, whatever the batch or its size."""
    return draw(generator, truncate(latents(seeds, latent_dim), truncation))


@dataclass(frozen=True)
class Sampler:
    """A settled generator and what it takes to draw with it."""

    generator: nn.Module
    latent_dim: int

    def draw(self, z: Tensor) -> Pixels:
        """Pictures (N x H x W x C, uint8) of latents `N Z`, at least one."""
        return np.stack(list(draw(self.generator, z)))

    def sample(self, count: int = 16, seed: int = 0, truncation: float = 1.0) -> Pixels:
        """`count` pictures (N x H x W x C, uint8), of the seeds `seed`, `seed + 1`, ...

        Raises:
            UsageError: no pictures asked for, or a seed or truncation that makes none.

        """
        if count < 1:
            raise UsageError(f"cannot draw {count} pictures; ask for at least 1")
        if not 0 <= seed <= 2**63 - count:
            raise UsageError(f"there is no seed {seed}; use 0 to {2**63 - count}")
        if not 0.0 <= truncation <= 2.0:
            raise UsageError(f"a truncation of {truncation} makes no faces; use 0 to 2 (1 is none)")
        seeds = list(range(seed, seed + count))
        return np.stack(list(draw_seeds(self.generator, seeds, self.latent_dim, truncation)))
