"""Random numbers as a function of where we are, so that there is no random state to lose.

Every stream is seeded by numbers that name it (the run's seed, images seen, an epoch, ...). A
resumed run draws the same numbers as one that was never stopped (the idea of EDM2's training
loop, Karras et al. 2024).
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


def seed_of(*parts: int) -> int:
    """Mix whole numbers (each >= 0) into one well-spread 63-bit seed.

    PyTorch's generators on a CPU take the lower 32 bits of it, which are as well spread.
    """
    state = np.random.SeedSequence(parts).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


TWISTER = slice(24, 24 + 624 * 8)
"""Where the state of a CPU generator has the 624 words of its Mersenne Twister, 8 bytes each."""


def generator(seed: int) -> torch.Generator:
    """A generator on the CPU that takes all of a seed, 0 to 2^63 - 1.

    `manual_seed` seeds the Mersenne Twister with the lower 32 bits alone. Seeds below 2^32 are left
    to it; larger ones are given as two words to `init_by_array` (Matsumoto and Nishimura, 2002).
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
