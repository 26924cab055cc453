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
    """Mix whole numbers (each >= 0) into one well-spread 63-bit seed."""
    state = np.random.SeedSequence(parts).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


def latents(seeds: list[int], dim: int) -> Float[Tensor, "N Z"]:
    """One latent z ~ N(0, I) for each seed, on the CPU: seed s gives the same face in any batch."""
    return torch.stack(
        [torch.randn(dim, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    )
