"""Nearest neighbours against scikit-learn, and who copies."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from kaogan.metrics.copying import copy_rate
from kaogan.metrics.points import nearest


def cloud(count, features=6, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(count, features, generator=rng)


def test_scikit_learn_finds_the_same():
    queries, references = cloud(40), cloud(300, seed=1)
    distances, indices = nearest(queries, references)
    search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(references.double().numpy())
    expected, places = search.kneighbors(queries.double().numpy())
    torch.testing.assert_close(distances, torch.from_numpy(expected[:, 0]), rtol=1e-9, atol=0)
    assert indices.tolist() == places[:, 0].tolist()


def test_copies_among_pixels_are_found_at_distance_0():
    rng = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (50, 16, 16, 3), dtype=torch.uint8, generator=rng)
    chosen = torch.tensor([7, 7, 31])
    distances, indices = nearest(pictures[chosen].flatten(1), pictures.flatten(1))
    assert distances.tolist() == [0, 0, 0]
    assert indices.tolist() == chosen.tolist()


@settings(max_examples=20)
@given(chunk=st.integers(1, 60))
def test_chunks_change_nothing(chunk):
    expected = nearest(cloud(40), cloud(50, seed=1))
    found = nearest(cloud(40), cloud(50, seed=1), chunk)
    torch.testing.assert_close(found[0], expected[0], rtol=1e-12, atol=0)
    assert torch.equal(found[1], expected[1])


def test_nothing_has_no_neighbour():
    with pytest.raises(ValueError, match="5 queries and 0 references"):
        nearest(cloud(5), cloud(0))
    with pytest.raises(ValueError, match="0 queries"):
        nearest(cloud(0), cloud(5))


def rate(generated, training, held_out, quantile=0.01):
    return copy_rate(nearest(generated, training)[0], nearest(held_out, training)[0], quantile)


def test_new_pictures_are_no_copies_and_copies_are():
    training, held_out, new = cloud(500), cloud(1000, seed=1), cloud(1000, seed=2)
    assert rate(new, training, held_out, 0.05) == pytest.approx(0.05, abs=0.03)
    assert rate(training, training, held_out) == 1
    assert rate(training + 0.01 * cloud(500, seed=3), training, held_out) == 1
    assert rate(new + 20, training, held_out) == 0


def test_the_rate_grows_with_the_share_of_copies():
    training, held_out, new = cloud(500), cloud(1000, seed=1), cloud(500, seed=2)
    copied = [
        rate(torch.cat([training[:n], new[n:]]), training, held_out) for n in (0, 100, 300, 500)
    ]
    assert copied == pytest.approx([0.01, 0.21, 0.61, 1], abs=0.02)


def test_the_threshold_is_a_quantile_of_the_held_out():
    held_out, generated = torch.arange(1.0, 102.0), torch.tensor([1.0, 5.9, 6.0, 7.0])
    assert copy_rate(generated, held_out, quantile=0.05) == 0.5  # below 6


def test_a_quantile_needs_pictures_below_it():
    with pytest.raises(ValueError, match=r"99 held-out pictures have no quantile of 0\.01"):
        copy_rate(torch.ones(10), torch.ones(99))
    with pytest.raises(ValueError, match="no generated"):
        copy_rate(torch.ones(0), torch.ones(100))
