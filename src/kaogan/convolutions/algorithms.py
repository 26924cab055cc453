"""Three algorithms for a 4x4 convolution of stride 2 and padding 1.

The convolution y = w * x and both of its derivatives come from one number, which is linear in the
picture x, the weight w and the output's gradient g:

    <g, w * x> = sum over all indices of g[n, d, i, j] w[d, c, a, b] x[n, c, 2i + a - 1, 2j + b - 1]

Its derivative by g is the convolution (`forward`), by x the transposed convolution
(`input_gradient`), by w the `weight_gradient`. An algorithm computes all three.
"""

import functools
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d
from torch.nn.grad import conv2d_weight

from kaogan.convolutions.geometry import (
    Weight,
    blocks,
    blocks_adjoint,
    taps,
    taps_adjoint,
    tiles,
    tiles_adjoint,
)

Big = Float[Tensor, "N C H W"]
Small = Float[Tensor, "N D h w"]

SCRATCH_BYTES = 8 * 2**20
"""Memory for a group of pictures: it stays in a cache, and is large enough for a fast product."""


class Algorithm(ABC):
    """A 4x4 convolution of stride 2 and padding 1, and its two derivatives."""

    name: str

    def applies(self, height: int, width: int, dtype: torch.dtype) -> bool:
        """Does it work for outputs of this size and this number format?"""
        return True

    @abstractmethod
    def forward(self, x: Big, weight: Weight) -> Small:
        """The convolution w * x: the derivative of <g, w * x> by g."""

    @abstractmethod
    def input_gradient(self, g: Small, weight: Weight) -> Big:
        """The transposed convolution of g: the derivative of <g, w * x> by x."""

    @abstractmethod
    def weight_gradient(self, x: Big, g: Small) -> Weight:
        """The derivative of <g, w * x> by w."""


class Library(Algorithm):
    """PyTorch's own algorithm."""

    name = "library"

    def forward(self, x: Big, weight: Weight) -> Small:
        return conv2d(x, weight, stride=2, padding=1)

    def input_gradient(self, g: Small, weight: Weight) -> Big:
        return conv_transpose2d(g, weight, stride=2, padding=1)

    def weight_gradient(self, x: Big, g: Small) -> Weight:
        shape = (g.shape[1], x.shape[1], 4, 4)
        weight: Tensor = conv2d_weight(x, shape, g, 2, 1)  # type: ignore[no-untyped-call]
        return weight


class Columns(Algorithm):
    """Gather the input of each output pixel into a row; the rest is one matrix product.

    K. Chellapilla, S. Puri and P. Simard, "High Performance Convolutional Neural Networks for
    Document Processing" (IWFHR 2006), section 3.
    """

    name = "columns"

    def forward(self, x: Big, weight: Weight) -> Small:
        n, _, height, width = x.shape
        h, w, d = height // 2, width // 2, len(weight)
        y = _empty(x, n, d, h, w)
        for part in _parts(x, 4.0):
            rows = _columns(x[part]) @ _kernel(weight).T
            y[part] = rows.view(-1, h, w, d).permute(0, 3, 1, 2)
        return y

    def input_gradient(self, g: Small, weight: Weight) -> Big:
        n, d, h, w = g.shape
        c = weight.shape[1]
        x = _empty(g, n, c, 2 * h, 2 * w)
        for part in _parts(x, 4.0):
            rows = g[part].permute(0, 2, 3, 1).reshape(-1, d) @ _kernel(weight)
            windows = rows.view(-1, h, w, 2, 2, 2, 2, c).permute(3, 4, 0, 1, 2, 5, 6, 7)
            x[part] = tiles_adjoint(windows, 1)
        return x

    def weight_gradient(self, x: Big, g: Small) -> Weight:
        c, d = x.shape[1], g.shape[1]
        kernel = x.new_empty(d, 16 * c)
        for part in _parts(x, 4.0):
            rows = g[part].permute(0, 2, 3, 1).reshape(-1, d)
            kernel.addmm_(rows.T, _columns(x[part]), beta=1 if part.start else 0)
        return taps_adjoint(kernel.view(d, 2, 2, 2, 2, c).permute(1, 2, 0, 3, 4, 5))


def _columns(x: Big) -> Float[Tensor, "pixels taps_C"]:
    """One row for each output pixel: its 16 input pixels, times channels."""
    return tiles(x, 1).permute(2, 3, 4, 0, 1, 5, 6, 7).reshape(-1, 16 * x.shape[1])


def _kernel(weight: Weight) -> Float[Tensor, "D taps_C"]:
    return taps(weight).permute(2, 0, 1, 3, 4, 5).reshape(len(weight), -1)


class ToomCook(Algorithm):
    """Fewer multiplications: m x m outputs at once by (m + 1)^2 products instead of 4 m^2.

    Along one axis, m outputs of a filter with 2 taps are <g, w * x> = <x, g . w>, where g . w is
    the product of two polynomials of m and 2 coefficients. It is known by its values at m + 1
    points (Toom 1963, Cook 1966), each the product of two values. With V_k the matrix that
    evaluates k coefficients at the points (Vandermonde's; the last point is infinity, where the
    value is the leading coefficient):

        <g, w * x> = sum of (A g) (G w) (B x),    A = V_m,  G = V_2,  B = V_(m+1)^-T

    So y = A^T ((G w) (B x)), and the derivatives are B^T ((G w) (A g)) and G^T ((B x) (A g)). For
    both axes, each matrix is applied to rows and to columns (a Kronecker product). Summed over
    channels or tiles, the products become (m + 1)^2 products of matrices. This is S. Winograd's
    minimal filtering as A. Lavin and S. Gray use it in "Fast Algorithms for Convolutional Neural
    Networks" (CVPR 2016), section 4, for 2x2 kernels on planes.

    m = 2 takes 9 products instead of 16 (Karatsuba's trick in both directions). It needs sums and
    differences only, so it is as exact as the direct sum. m = 4 takes 25 instead of 64, and its
    rounding error is a few times that of the direct sum.
    """

    POINTS = (0.0, 1.0, -1.0, 0.5)

    def __init__(self, m: int) -> None:
        self.m = m
        self.name = f"toom-cook-{m}"

    def applies(self, height: int, width: int, dtype: torch.dtype) -> bool:
        """Outputs come in m x m blocks; in half precision, differences lose too many digits."""
        whole = height % self.m == 0 and width % self.m == 0
        return whole and dtype in (torch.float32, torch.float64)

    @functools.lru_cache  # noqa: B019  (two instances live as long as the program)
    def matrices(self, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
        """A, G and B for both axes: (m + 1)^2 rows; m^2, 4 and (m + 1)^2 columns."""
        points = torch.tensor(self.POINTS[: self.m], dtype=torch.float64)

        def evaluation(coefficients: int) -> Tensor:
            infinity = torch.eye(coefficients, dtype=torch.float64)[-1:]
            return torch.cat([torch.vander(points, coefficients, increasing=True), infinity])

        a, g, b = evaluation(self.m), evaluation(2), torch.linalg.inv(evaluation(self.m + 1)).T
        kron_a, kron_g, kron_b = (torch.kron(each, each).to(dtype) for each in (a, g, b))
        return kron_a, kron_g, kron_b

    def forward(self, x: Big, weight: Weight) -> Small:
        m, (a, _, _) = self.m, self.matrices(x.dtype)
        n, _, height, width = x.shape
        h, w, d = height // 2, width // 2, len(weight)
        values_w = self._weight_values(weight)
        y = _empty(x, n, d, h, w)
        for part in _parts(x, (1 + 1 / m) ** 2):
            products = torch.bmm(self._picture_values(x[part]), values_w.mT)
            summed = a.T @ products.flatten(1)
            y[part] = blocks_adjoint(summed.view(m, m, -1, h // m, w // m, d))
        return y

    def input_gradient(self, g: Small, weight: Weight) -> Big:
        m, (_, _, b) = self.m, self.matrices(g.dtype)
        n, _, h, w = g.shape
        c = weight.shape[1]
        values_w = self._weight_values(weight)
        x = _empty(g, n, c, 2 * h, 2 * w)
        for part in _parts(x, (1 + 1 / m) ** 2):
            products = torch.bmm(self._gradient_values(g[part]), values_w)
            summed = b.T @ products.flatten(1)
            x[part] = tiles_adjoint(summed.view(m + 1, m + 1, -1, h // m, w // m, 2, 2, c), m)
        return x

    def weight_gradient(self, x: Big, g: Small) -> Weight:
        _, matrix_g, _ = self.matrices(x.dtype)
        c, d = x.shape[1], g.shape[1]
        products = x.new_empty(len(matrix_g), d, 4 * c)
        for part in _parts(x, (1 + 1 / self.m) ** 2):
            values_g, values_x = self._gradient_values(g[part]), self._picture_values(x[part])
            products.baddbmm_(values_g.mT, values_x, beta=1 if part.start else 0)
        return taps_adjoint((matrix_g.T @ products.flatten(1)).view(2, 2, d, 2, 2, c))

    def _picture_values(self, x: Big) -> Float[Tensor, "points tiles C4"]:
        """B x."""
        b = self.matrices(x.dtype)[2]
        return (b @ tiles(x, self.m).reshape(len(b), -1)).view(len(b), -1, 4 * x.shape[1])

    def _gradient_values(self, g: Small) -> Float[Tensor, "points tiles D"]:
        """A g."""
        a = self.matrices(g.dtype)[0]
        return (a @ blocks(g, self.m).reshape(self.m**2, -1)).view(len(a), -1, g.shape[1])

    def _weight_values(self, weight: Weight) -> Float[Tensor, "points D C4"]:
        """G w."""
        d, c, _, _ = weight.shape
        g = self.matrices(weight.dtype)[1]
        return (g @ taps(weight).reshape(4, -1)).view(len(g), d, 4 * c)


def _empty(like: Tensor, *shape: int) -> Tensor:
    """A tensor to fill, channels-last."""
    return torch.empty(
        shape, dtype=like.dtype, device=like.device, memory_format=torch.channels_last
    )


def _parts(x: Big, growth: float) -> Iterator[slice]:
    """Equal groups of pictures; each, `growth` times as large, fits into `SCRATCH_BYTES`."""
    needed = growth * x.numel() * x.element_size()
    size = math.ceil(len(x) / math.ceil(needed / SCRATCH_BYTES))
    for start in range(0, len(x), size):
        yield slice(start, start + size)


LIBRARY = Library()
ALGORITHMS: dict[str, Algorithm] = {
    algorithm.name: algorithm for algorithm in (LIBRARY, Columns(), ToomCook(2), ToomCook(4))
}
