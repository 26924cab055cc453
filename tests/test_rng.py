import torch
from hypothesis import given
from hypothesis import strategies as st

from kaogan.rng import latents, seed_of

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


def test_latents_are_standard_normal():
    z = latents(list(range(2000)), 20)
    assert abs(z.mean().item()) < 0.02
    assert abs(z.std().item() - 1) < 0.02
