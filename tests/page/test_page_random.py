"""Seeds mean the same in the browser as in PyTorch."""

import numpy as np
import pytest

from kaogan.rng import latents

SEEDS = [0, 1, 2, 42, 2**31, 2**32 - 1, 2**32 + 5, 2**63 - 1, *range(1000, 1060)]


@pytest.mark.parametrize("dims", [[1, 2, 7, 15], [16, 17, 31, 32], [64, 100, 128, 129]])
def test_a_seed_gives_the_latent_that_pytorch_draws(visit, dims):
    cases = [[str(seed), dim] for dim in dims for seed in SEEDS]
    drawn = visit().evaluate(
        """async (cases) => {
            const { latentOfSeed } = await import("./js/random.js");
            return cases.map(([seed, dim]) => [...latentOfSeed(seed, dim)]);
        }""",
        cases,
    )
    for (seed, dim), z in zip(cases, drawn, strict=True):
        np.testing.assert_allclose(z, latents([int(seed)], dim)[0], atol=1e-6, rtol=0)
