"""A network with random weights: features without a download, the same everywhere.

Random filters still distinguish edges, textures and colours. Naeem et al., "Reliable Fidelity and
Diversity Metrics for Generative Models" (ICML 2020), use random networks for pictures that are
unlike those of ImageNet.

Four layers of random 3 x 3 filters see a picture at four scales. The outputs of the last one,
standardised and mixed by a random projection, are the features. The features of a picture have a
mean square of 1. The outputs of earlier layers show fine texture, and would dominate the faces.
"""

import functools
import hashlib
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

from kaogan.errors import UsageError
from kaogan.metrics.features.base import Extractor, extractors

SEED = 2020
SIZE = 64
WIDTHS = (24, 48, 96, 96)
DIM = 256
NOISE = 256
"""Pictures of noise by which layers and features are standardised."""


@extractors.register("random")
@functools.cache  # standardising takes a second
def load_random(device: torch.device, weights: Path | None) -> Extractor:
    """The random network. Raises UsageError if weights are given, because it takes none."""
    if weights is not None:
        raise UsageError("random has no weights to read; leave --features-weights away")
    rng = torch.Generator().manual_seed(SEED)
    # Uniform and not normal: such numbers are the same on every machine, bit for bit.
    filters = [
        _uniform(rng, out, into, 3, 3) for into, out in zip((3, *WIDTHS), WIDTHS, strict=False)
    ]
    side = SIZE >> len(WIDTHS) - 1
    mixing = _uniform(rng, WIDTHS[-1] * side * side, DIM)
    content = b"".join(tensor.numpy().tobytes() for tensor in (*filters, mixing))
    layers: list[
        tuple[Tensor, Tensor]
    ] = []  # filters and biases, so that each output is standardised on noise
    maps = natural_noise(rng, NOISE)
    for weight in filters:
        maps = functional.avg_pool2d(maps, 2) if layers else maps
        deviation, mean = torch.std_mean(_convolve(maps, weight), dim=(0, 2, 3))
        layers.append((weight / deviation[:, None, None, None], -mean / deviation))
        maps = _convolve(maps, *layers[-1]).relu()
    deviation, mean = (each.to(device) for each in torch.std_mean(maps.flatten(1), dim=0))
    mixing = (mixing / len(mixing) ** 0.5).to(device)
    layers = [(weight.to(device), bias.to(device)) for weight, bias in layers]

    def network(pictures: UInt8[Tensor, "N 3 H W"]) -> Float[Tensor, "N F"]:
        planes = pictures.float() / 127.5 - 1
        if planes.shape[-2:] != (SIZE, SIZE):
            planes = functional.interpolate(planes, (SIZE, SIZE), mode="bilinear", antialias=True)
        for number, (weight, bias) in enumerate(layers):
            planes = functional.avg_pool2d(planes, 2) if number else planes
            planes = _convolve(planes, weight, bias).relu_()
        mixed = ((planes.flatten(1) - mean) / deviation) @ mixing
        return functional.normalize(mixed).mul(DIM**0.5)

    checksum, resize = (
        hashlib.sha256(content).hexdigest(),
        f"{SIZE} x {SIZE}, bilinear, antialiased",
    )
    return Extractor("random", DIM, checksum, resize, network, device)


def natural_noise(rng: torch.Generator, count: int) -> Float[Tensor, "N 3 64 64"]:
    """Noise with the spectrum of natural pictures: amplitude 1 / frequency, mostly grey.

    Field, "Relations Between the Statistics of Natural Images and the Response Properties of
    Cortical Cells" (1987). The range is -1 to 1.
    """
    white = _uniform(rng, count, 1, SIZE, SIZE) + 0.5 * _uniform(rng, count, 3, SIZE, SIZE)
    cycles = torch.fft.fftfreq(SIZE, 1 / SIZE)
    frequency = torch.hypot(cycles[:, None], cycles).clamp(min=1)
    noise: Tensor = torch.fft.ifft2(torch.fft.fft2(white) / frequency).real
    return noise.div_(2 * noise.std()).clamp_(-1, 1)


def _uniform(rng: torch.Generator, *shape: int) -> Tensor:
    """Random numbers of mean 0 and variance 1."""
    return (torch.rand(*shape, generator=rng) - 0.5) * 12**0.5


def _convolve(maps: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    # Mirrored at the border, because zeros would add an edge to the picture.
    return functional.conv2d(functional.pad(maps, (1, 1, 1, 1), mode="reflect"), weight, bias)
