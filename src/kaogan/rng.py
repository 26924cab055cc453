"""Random numbers as a function of the position in the training, without random state.

Every stream is seeded by the numbers that identify it (the run's seed, images seen, an epoch, ...).
So a resumed run draws the same numbers as an uninterrupted one (as in the training loop of EDM2,
Karras et al. 2024).
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


def seed_of(*parts: int) -> int:
    """Mix whole numbers (each >= 0) into one 63-bit seed.

    PyTorch's generators on a CPU use its lower 32 bits, which are mixed as well.
    """
    state = np.random.SeedSequence(parts).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


TWISTER = slice(24, 24 + 624 * 8)
"""The 624 words of the Mersenne Twister, 8 bytes each, in the state of a CPU generator."""


def generator(seed: int) -> torch.Generator:
    """A generator on the CPU that uses all 63 bits of a seed.

    `manual_seed` uses only the lower 32 bits. Seeds from 2^32 on are passed as two words to the
    Mersenne Twister's `init_by_array` (Matsumoto and Nishimura, 2002).
    """
    rng = torch.Generator().manual_seed(seed)
    if seed >= 2**32:
        words = np.random.RandomState([seed % 2**32, seed >> 32]).get_state(legacy=False)
        state = rng.get_state()
        state.numpy()[TWISTER] = words["state"]["key"].astype(np.uint64).view(np.uint8)
        rng.set_state(state)
    return rng


def latents(seeds: list[int], dim: int) -> Float[Tensor, "N Z"]:
    """One latent z ~ N(0, I) for each seed, on the CPU: seed s gives the same face in any batch."""
    return torch.stack([torch.randn(dim, generator=generator(seed)) for seed in seeds])
