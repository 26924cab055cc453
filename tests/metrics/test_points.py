"""Distances: exact where it matters, and the same in any blocks."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kaogan.metrics.points import distance_blocks


def cloud(count, features, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(count, features, generator=rng)


def distances(queries, references, chunk=512):
    blocks = list(distance_blocks(queries, references, chunk))
    assert [i for rows, _ in blocks for i in range(rows.start, rows.stop)] == [*range(len(queries))]
    return torch.cat([block for _, block in blocks])


def test_distances_are_euclidean():
    x, y = cloud(30, 7), cloud(40, 7, seed=1)
    direct = (x[:, None].double() - y.double()).norm(dim=2)
    torch.testing.assert_close(distances(x, y), direct, rtol=1e-9, atol=0)


def test_points_far_from_zero_keep_their_distances():
    x, y = cloud(20, 5) + 1000, cloud(20, 5, seed=1) + 1000
    direct = (x[:, None].double() - y.double()).norm(dim=2)
    torch.testing.assert_close(distances(x, y), direct, rtol=1e-6, atol=0)


@pytest.mark.parametrize("features", [1, 100, 12288])
def test_equal_points_are_at_distance_0_exactly(features):
    x = 50 * cloud(20, features).abs()
    assert distances(x, x.clone()).diagonal().eq(0).all()
    assert distances(x, x).count_nonzero() == 20 * 19


def test_pixels_are_compared_as_they_are():
    x = torch.tensor([[0, 255, 0]], dtype=torch.uint8)
    y = torch.tensor([[255, 0, 0], [0, 254, 0]], dtype=torch.uint8)
    assert distances(x, y).tolist() == [[255 * 2**0.5, 1]]


@settings(max_examples=20)
@given(chunk=st.integers(1, 50), others=st.integers(1, 50))
def test_blocks_of_any_size_give_the_same(chunk, others):
    x, y = cloud(23, 6), cloud(31, 6, seed=1)
    torch.testing.assert_close(distances(x, y, chunk), distances(x, y, others), rtol=1e-12, atol=0)
