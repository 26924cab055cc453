import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from kaogan.rng import generator, latents, seed_of

parts = st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=4)


@given(parts)
def test_a_seed_is_a_function_of_its_parts_and_fits_a_generator(numbers):
    seed = seed_of(*numbers)
    assert seed == seed_of(*numbers)
    assert 0 <= seed < 2**63
    torch.Generator().manual_seed(seed)


def test_neighbouring_places_have_unlike_seeds():
    seeds = {seed_of(a, b, c) for a in range(4) for b in range(4) for c in range(0, 640, 64)}
    assert len(seeds) == 4 * 4 * 10
    ones = [bin(seed).count("1") for seed in seeds]
    assert 28 < sum(ones) / len(ones) < 35  # half of 63 bits


@given(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=6), st.integers(1, 40))
def test_a_latent_depends_on_its_seed_alone(seeds, dim):
    together = latents(seeds, dim)
    assert together.shape == (len(seeds), dim)
    for row, seed in zip(together, seeds, strict=True):
        assert torch.equal(row, latents([seed], dim)[0])


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_seeds_of_32_bits_are_pytorchs_own(seed, dim):
    """Pictures of these seeds are in reports and documents: they stay."""
    mine = torch.randn(dim, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(latents([seed], dim)[0], mine)


@given(st.integers(0, 2**32 - 1), st.integers(1, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_all_63_bits_of_a_seed_count(low, high, other):
    seeds = [low, low + high * 2**32, low + other * 2**32, high]
    drawn = {tuple(z.tolist()) for z in latents(seeds, 8)}
    assert len(drawn) == len(set(seeds))


def test_a_large_seed_is_that_of_the_reference_implementation():
    """The words of `init_by_array` in mt19937ar.c; RandomState draws from the same state."""
    rng, reference = generator(5 + 9 * 2**32), np.random.RandomState([5, 9])
    bits = torch.empty(1500, dtype=torch.int32).random_(generator=rng)  # the lower 31 of each word
    assert bits.tolist() == reference.randint(0, 2**31, 1500, dtype=np.uint32).tolist()


def test_large_latents_are_standard_normal():
    z = latents([seed << 32 for seed in range(1, 2001)], 20)
    assert abs(z.mean().item()) < 0.02
    assert abs(z.std().item() - 1) < 0.02


def test_latents_are_standard_normal():
    z = latents(list(range(2000)), 20)
    assert abs(z.mean().item()) < 0.02
    assert abs(z.std().item() - 1) < 0.02
