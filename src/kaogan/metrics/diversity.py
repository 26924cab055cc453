"""MS-SSIM: how similar two pictures look; the mean over pairs measures how little a set varies.

Wang et al., "Multi-scale Structural Similarity for Image Quality Assessment" (Asilomar 2003). As
a measure of diversity: Odena et al., "Conditional Image Synthesis with Auxiliary Classifier GANs"
(ICML 2017).
"""

import math

import torch
from jaxtyping import Float, Float64, UInt8
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv1d

from kaogan.metrics.points import exact

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the scales, finest first; section 3.2 of the paper."""
WINDOW, SIGMA = 11, 1.5  # a Gaussian, in pixels
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
CHUNK = 32  # pairs compared at a time

Planes = Float[Tensor, "N C H W"]


def mean_ms_ssim(pictures: UInt8[Tensor, "N H W C"], pairs: int = 2000, seed: int = 0) -> float:
    """The mean MS-SSIM over random pairs of two different pictures: lower is more diverse.

    Raises ValueError for fewer than two pictures, no pairs, or pictures below 11 pixels.
    """
    count = len(pictures)
    if count < 2 or pairs < 1:
        raise ValueError(f"{count} pictures and {pairs} pairs: there is nothing to compare")
    rng = torch.Generator().manual_seed(seed)
    first = torch.randint(count, (pairs,), generator=rng)
    second = (first + torch.randint(1, count, (pairs,), generator=rng)) % count
    chunks = torch.split(torch.stack([first, second]).to(pictures.device), CHUNK, dim=1)
    return float(torch.cat([ms_ssim(pictures[i], pictures[j]) for i, j in chunks]).mean())


def ms_ssim(a: UInt8[Tensor, "N H W C"], b: UInt8[Tensor, "N H W C"]) -> Float[Tensor, "N"]:
    """MS-SSIM of each pair, up to 1 for equal pictures; negative terms count as 0. Equation 7:

        SSIM_M^w_M  times  C_j^w_j for the finer scales j = 1 ... M - 1,

    where M is the coarsest scale. SSIM and the contrast and structure term C are averaged over the
    picture and its channels. The paper's five scales need 176 pixels. Smaller pictures have fewer:
    the window of 11 pixels must fit on the coarsest one. These are 2 at 32 pixels, 3 at 64, 4 at
    128 and 5 at 256; their weights are divided by their sum.

    Raises ValueError for pictures below 11 pixels.
    """
    x, y = (exact(pictures).permute(0, 3, 1, 2) for pictures in (a, b))
    scales = scales_for(min(x.shape[2:]))
    weights = x.new_tensor(WEIGHTS[:scales])
    factors = []
    for scale in range(1, scales + 1):
        ssim, contrast = _ssim(x, y)
        factors.append(ssim if scale == scales else contrast)
        x, y = avg_pool2d(x, 2), avg_pool2d(y, 2)
    powers = (weights / weights.sum())[:, None]
    return torch.stack(factors).clamp(min=0).pow(powers).prod(dim=0)


def scales_for(size: int) -> int:
    """The number of scales of pictures of this size. Raises ValueError if there is none."""
    if size < WINDOW:
        raise ValueError(f"MS-SSIM needs pictures of {WINDOW} pixels or more, not {size}")
    return min(len(WEIGHTS), 1 + int(math.log2(size / WINDOW)))


def _ssim(x: Planes, y: Planes) -> tuple[Float[Tensor, "N"], Float[Tensor, "N"]]:
    """SSIM and its contrast and structure term, averaged over each picture.

    With local means, variances and covariance under the window, only where it fits into the
    picture: (2 mx my + C1) / (mx^2 + my^2 + C1) times (2 cov + C2) / (vx + vy + C2).
    """
    mx, my, xx, yy, xy = _blur(torch.stack([x, y, x * x, y * y, x * y]))
    luminance = (2 * mx * my + C1) / (mx * mx + my * my + C1)
    variances = (xx - mx * mx) + (yy - my * my)
    contrast = (2 * (xy - mx * my) + C2) / (variances + C2)
    return (luminance * contrast).mean(dim=(1, 2, 3)), contrast.mean(dim=(1, 2, 3))


def _blur(planes: Float[Tensor, "*B H W"]) -> Float[Tensor, "*B h w"]:
    """The means under a Gaussian window, by products with banded matrices: faster than `conv2d`."""
    height, width = planes.shape[-2:]
    return _windows(height).to(planes) @ planes @ _windows(width).to(planes).T


def _windows(size: int) -> Float64[Tensor, "m n"]:
    """Row i is the window over the pixels i to i + 10."""
    offsets = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    window = torch.exp(-offsets.square() / (2 * SIGMA**2))
    pixels = torch.eye(size, dtype=torch.float64)[:, None]
    return conv1d(pixels, (window / window.sum())[None, None])[:, 0].T.contiguous()
