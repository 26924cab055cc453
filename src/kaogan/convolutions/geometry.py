"""A 4x4 convolution of stride 2 as a 2x2 convolution of stride 1.

Pad a picture by one pixel and split its rows and columns into even and odd ones. The four pictures
of half the size, stacked as channels, are its *planes*. Each output pixel depends on a 2x2 window
of them. These functions only rearrange numbers; pairs are adjoint: <f(a), b> = <a, f'(b)>.

    x        N C H W              the picture, H = 2h and W = 2w
    planes   N h+1 w+1 2 2 C      even and odd rows, even and odd columns, channels
    tiles    n n N T S 2 2 C      windows of n x n places of the planes, one every m = n - 1
    y        N D h w              the output
    weight   D C 4 4              taps: 2 2 D 2 2 C

All memory is channels-last, so that C numbers are moved at a time.
"""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

Images = Float[Tensor, "N C H W"]
Tiles = Float[Tensor, "n n N T S 2 2 C"]
Weight = Float[Tensor, "D C 4 4"]


def tiles(x: Images, m: int) -> Tiles:
    """The tiles of x's planes: windows of m + 1 places, which overlap by one. A view."""
    pixels = pad(x.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
    n, height, width, channels = pixels.shape
    planes = pixels.view(n, height // 2, 2, width // 2, 2, channels).transpose(2, 3)
    return _windows(planes, m)


def tiles_adjoint(blocks: Tiles, m: int) -> Images:
    """Add every tile to the place that `tiles` took it from."""
    _, _, n, rows, columns, _, _, channels = blocks.shape
    height, width = 2 * (m * rows + 1), 2 * (m * columns + 1)
    pixels = blocks.new_zeros(n, height, width, channels)
    planes = pixels.view(n, height // 2, 2, width // 2, 2, channels).transpose(2, 3)
    places = _windows(planes, m)
    # Within each of these four statements, tiles do not overlap.
    places[:m, :m] = blocks[:m, :m]
    places[m, :m] += blocks[m, :m]
    places[:m, m] += blocks[:m, m]
    places[m, m] += blocks[m, m]
    return pixels[:, 1:-1, 1:-1].permute(0, 3, 1, 2)


def _windows(planes: Tensor, m: int) -> Tiles:
    return planes.unfold(1, m + 1, m).unfold(2, m + 1, m).permute(6, 7, 0, 1, 2, 3, 4, 5)


def blocks(y: Float[Tensor, "N D h w"], m: int) -> Float[Tensor, "m m N T S D"]:
    """The m x m output pixels that belong to each tile. A view where y is channels-last."""
    n, channels, height, width = y.shape
    pixels = y.permute(0, 2, 3, 1).reshape(n, height // m, m, width // m, m, channels)
    return pixels.permute(2, 4, 0, 1, 3, 5)


def blocks_adjoint(pieces: Float[Tensor, "m m N T S D"]) -> Float[Tensor, "N D h w"]:
    """Put every block back into its place."""
    m, _, n, rows, columns, channels = pieces.shape
    pixels = pieces.permute(2, 3, 0, 4, 1, 5).reshape(n, m * rows, m * columns, channels)
    return pixels.permute(0, 3, 1, 2)


def taps(weight: Weight) -> Float[Tensor, "2 2 D 2 2 C"]:
    """The kernel for planes: tap (a, b) at even or odd (p, q) is the weight's (2a + p, 2b + q)."""
    d, c, _, _ = weight.shape
    return weight.permute(0, 2, 3, 1).reshape(d, 2, 2, 2, 2, c).permute(1, 3, 0, 2, 4, 5)


def taps_adjoint(kernel: Float[Tensor, "2 2 D 2 2 C"]) -> Weight:
    """A kernel for planes as a weight."""
    _, _, d, _, _, c = kernel.shape
    return kernel.permute(2, 0, 3, 1, 4, 5).reshape(d, 4, 4, c).permute(0, 3, 1, 2)
