"""The radial power spectrum: the power of pictures at each spatial frequency.

Durall et al., "Watch your Up-Convolution: CNN Based Generative Deep Neural Networks are Failing to
Reproduce Spectral Distributions" (CVPR 2020). Blur, noise and checkerboards are hard to see, but
they change the power at high frequencies.

Axes:
    R  radii: cycles per picture, from 0 to the size / sqrt(2) in the corners of a spectrum
"""

import math

import torch
from jaxtyping import Float64, UInt8
from torch import Tensor

from kaogan.metrics.points import exact

ROUNDING_POWER = (2 / 255) ** 2 / 12
"""Power of the error of rounding to uint8, on the scale -1 to 1: no lower power is meaningful."""
CHUNK = 256  # pictures transformed at a time


def radial_spectrum(pictures: UInt8[Tensor, "N H W C"]) -> Float64[Tensor, "R"]:
    """Mean power over pictures, channels and directions at each frequency, in dB.

    Only diagonals reach beyond half the size; a checkerboard of single pixels lies there. Pictures
    are scaled to -1 to 1 and faded out towards their border by a Hann window, which keeps edges of
    the frame out of the spectrum. Noise of variance v has a power of 10 log10(v) dB
    at every frequency. The floor is the error of rounding to uint8, -52.9 dB.

    Raises ValueError for no pictures, or pictures that are not square.
    """
    count, height, width, channels = pictures.shape
    if count == 0 or height != width:
        raise ValueError("a spectrum needs square pictures")
    chunks = torch.split(pictures, CHUNK)
    power = torch.stack([_power(exact(chunk)) for chunk in chunks]).sum(dim=0) / (count * channels)
    cycles = torch.fft.fftfreq(height, 1 / height, dtype=torch.float64)
    radii = torch.hypot(cycles[:, None], cycles).round().long().to(power.device).flatten()
    sums = power.new_zeros(int(radii.max()) + 1).index_add_(0, radii, power.flatten())
    return 10 * torch.log10(sums / radii.bincount() + ROUNDING_POWER)


def spectrum_distance(real: UInt8[Tensor, "N H W C"], fake: UInt8[Tensor, "M h w c"]) -> float:
    """The log-spectral distance in dB: the root of the mean squared difference over all radii.

    Gray and Markel, "Distance Measures for Speech Processing" (1976).

    Raises ValueError for no pictures, pictures that are not square, or of different sizes.
    """
    if real.shape[1:] != fake.shape[1:]:
        raise ValueError(f"shapes {tuple(real.shape[1:])} and {tuple(fake.shape[1:])} differ")
    difference = radial_spectrum(real) - radial_spectrum(fake)
    return math.sqrt(float(difference.square().mean()))


def _power(pictures: Float64[Tensor, "N H W C"]) -> Float64[Tensor, "H W"]:
    """|Fourier transform|^2 of the windowed pictures, summed over pictures and channels."""
    size = pictures.shape[1]
    hann = torch.hann_window(size, periodic=True, dtype=pictures.dtype, device=pictures.device)
    window = hann / hann.square().mean().sqrt()  # keeps the power of noise
    planes = (pictures / 127.5 - 1).permute(0, 3, 1, 2) * window[:, None] * window
    power: Tensor = torch.fft.fft2(planes, norm="ortho").abs().square().sum(dim=(0, 1))
    return power
