"""What only moves numbers: each function and its adjoint, and what the planes are for."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import conv2d, pad

from kaogan.convolutions import geometry

SIZES = st.integers(1, 3)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def inner(left: Tensor, right: Tensor) -> float:
    return float((left * right).sum())


@given(n=SIZES, c=SIZES, rows=SIZES, columns=SIZES, m=st.sampled_from([1, 2, 4]))
def test_tiles_and_their_adjoint_are_adjoint(
    n: int, c: int, rows: int, columns: int, m: int
) -> None:
    x = random(n, c, 2 * m * rows, 2 * m * columns)
    t = random(m + 1, m + 1, n, rows, columns, 2, 2, c, seed=1)
    there = inner(geometry.tiles(x, m), t)
    assert there == pytest.approx(inner(x, geometry.tiles_adjoint(t, m)), abs=1e-9)


@given(n=SIZES, d=SIZES, rows=SIZES, columns=SIZES, m=st.sampled_from([1, 2, 4]))
def test_blocks_come_back_to_their_places(n: int, d: int, rows: int, columns: int, m: int) -> None:
    y = random(n, d, m * rows, m * columns)
    pieces = geometry.blocks(y, m)
    assert pieces.shape == (m, m, n, rows, columns, d)
    assert torch.equal(geometry.blocks_adjoint(pieces), y)


@given(d=SIZES, c=SIZES)
def test_taps_come_back_to_the_weight(d: int, c: int) -> None:
    weight = random(d, c, 4, 4)
    kernel = geometry.taps(weight)
    assert torch.equal(geometry.taps_adjoint(kernel), weight)
    assert torch.equal(kernel[1, 0, :, 0, 1], weight[:, :, 2, 1])  # a, b = 1, 0 and p, q = 0, 1


def test_the_convolution_is_one_with_2x2_taps_of_the_planes() -> None:
    x, weight = random(2, 3, 8, 12), random(5, 3, 4, 4, seed=1)
    windows = geometry.tiles(x, 1)  # 2 2 N h w 2 2 C
    y = torch.einsum("abnijpqc,abdpqc->ndij", windows, geometry.taps(weight))
    assert torch.allclose(y, conv2d(x, weight, stride=2, padding=1))


def test_a_tile_is_what_its_outputs_see() -> None:
    x = random(1, 1, 8, 8)
    padded = pad(x, (1, 1, 1, 1))
    seen = geometry.tiles(x, 2)[:, :, 0, 1, 0].permute(0, 2, 1, 3, 4).reshape(6, 6)
    assert torch.equal(seen, padded[0, 0, 4:10, 0:6])
