"""Every algorithm computes the same three things as the library, as exactly as it promises."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from kaogan.convolutions import algorithms
from kaogan.convolutions.algorithms import ALGORITHMS, LIBRARY, Algorithm, ToomCook

OTHERS = [a for a in ALGORITHMS.values() if a is not LIBRARY]
OPERATIONS = ("forward", "input_gradient", "weight_gradient")
each_algorithm = pytest.mark.parametrize("algorithm", OTHERS, ids=lambda a: a.name)


def operands(
    n: int, c: int, d: int, h: int, w: int, dtype: torch.dtype = torch.float64
) -> tuple[Tensor, Tensor, Tensor]:
    """Return x, weight, g."""
    rng = torch.Generator().manual_seed(0)
    shapes = ((n, c, 2 * h, 2 * w), (d, c, 4, 4), (n, d, h, w))
    x, weight, g = (torch.randn(*s, generator=rng, dtype=torch.float64).to(dtype) for s in shapes)
    return x, weight, g


def carry_out(algorithm: Algorithm, x: Tensor, weight: Tensor, g: Tensor) -> list[Tensor]:
    return [
        algorithm.forward(x, weight),
        algorithm.input_gradient(g, weight),
        algorithm.weight_gradient(x, g),
    ]


def test_the_library_computes_the_sum_in_the_docstring() -> None:
    x, weight, g = operands(2, 2, 3, 2, 4)
    total = 0.0
    for i in range(2):
        for j in range(4):
            for a in range(4):
                for b in range(4):
                    row, column = 2 * i + a - 1, 2 * j + b - 1
                    if 0 <= row < 4 and 0 <= column < 8:
                        seen = x[:, :, row, column] @ weight[:, :, a, b].T
                        total += float((g[:, :, i, j] * seen).sum())
    y, x_gradient, w_gradient = carry_out(LIBRARY, x, weight, g)
    for left, right in ((g, y), (x, x_gradient), (weight, w_gradient)):
        assert float((left * right).sum()) == pytest.approx(total)


@each_algorithm
@given(
    n=st.integers(1, 3),
    c=st.integers(1, 4),
    d=st.integers(1, 4),
    rows=st.integers(1, 2),
    columns=st.integers(1, 3),
    scratch=st.sampled_from([1, 2000, 10**6]),
)
def test_all_agree_with_the_library(
    algorithm: Algorithm, n: int, c: int, d: int, rows: int, columns: int, scratch: int
) -> None:
    step = algorithm.m if isinstance(algorithm, ToomCook) else 1
    given_ = operands(n, c, d, step * rows, step * columns)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(algorithms, "SCRATCH_BYTES", scratch)  # one picture at a time, or all
        ours = carry_out(algorithm, *given_)
    for mine, theirs in zip(ours, carry_out(LIBRARY, *given_), strict=True):
        assert mine.shape == theirs.shape
        assert torch.allclose(mine, theirs, rtol=1e-10, atol=1e-10)


@each_algorithm
def test_rounding_errors_in_float32_stay_near_the_librarys(algorithm: Algorithm) -> None:
    exact = carry_out(LIBRARY, *operands(8, 64, 128, 8, 8))
    single = operands(8, 64, 128, 8, 8, torch.float32)
    ours, theirs = carry_out(algorithm, *single), carry_out(LIBRARY, *single)
    # Evaluating at -1 and 1/2 costs m = 4 some digits; sums and differences cost m = 2 none.
    allowed = 20 if algorithm.name == "toom-cook-4" else 4
    for mine, library, right in zip(ours, theirs, exact, strict=True):
        error = (mine - right).norm() / right.norm()
        assert error < allowed * (library - right).norm() / right.norm() + 1e-7


@each_algorithm
def test_results_are_channels_last(algorithm: Algorithm) -> None:
    x, weight, g = operands(2, 8, 16, 4, 4)
    y, x_gradient, w_gradient = carry_out(algorithm, x, weight, g)
    for result in (y, x_gradient, w_gradient):
        assert result.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("m", [2, 4])
def test_toom_cook_s_matrices_multiply_polynomials(m: int) -> None:
    kron_a, kron_g, kron_b = ToomCook(m).matrices(torch.float64)
    # What Kronecker products are made of stands in the rows and columns of the last point.
    a, g, b = (
        matrix[-(m + 1) :, -side:] for matrix, side in ((kron_a, m), (kron_g, 2), (kron_b, m + 1))
    )
    b = b / b[-1, -1]
    for i in range(m):
        for j in range(2):
            products = a[:, i] * g[:, j]
            assert torch.allclose(b.T @ products, torch.eye(m + 1, dtype=torch.float64)[i + j])


def test_toom_cook_needs_whole_blocks_and_whole_digits() -> None:
    two, four = ToomCook(2), ToomCook(4)
    assert two.applies(2, 6, torch.float32)
    assert not four.applies(4, 6, torch.float32)
    assert not two.applies(3, 4, torch.float32)
    assert not two.applies(4, 4, torch.bfloat16)


def test_columns_in_bf16_are_the_librarys_but_for_rounding() -> None:
    columns = ALGORITHMS["columns"]
    half = operands(4, 16, 32, 4, 4, torch.bfloat16)
    for mine, exact in zip(
        carry_out(columns, *half), carry_out(LIBRARY, *(o.double() for o in half)), strict=True
    ):
        assert mine.dtype == torch.bfloat16
        assert (mine.double() - exact).norm() < 0.01 * exact.norm()


def test_the_scratch_is_bounded_and_every_picture_is_dealt_with() -> None:
    x = torch.zeros(64, 64, 32, 32)
    parts = list(algorithms._parts(x, 4.0))
    sizes = [len(x[part]) for part in parts]
    assert sum(sizes) == 64
    assert max(sizes) * 4 * x[0].nbytes <= algorithms.SCRATCH_BYTES
    assert max(sizes) - min(sizes) <= max(sizes) / 2
