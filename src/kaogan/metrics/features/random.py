"""A network with random weights: features without a download, the same everywhere.

Filters that nobody trained still tell edges, textures and colours apart. Naeem et al., "Reliable
Fidelity and Diversity Metrics for Generative Models" (ICML 2020), use random networks where
pictures are unlike those that trained networks have seen.

Four layers of random 3 x 3 filters see a picture at four scales. The outputs of all but the first
are described by their mean and variance in each part of the picture: what is there, and where?
The logarithms of these, standardised and mixed by a random projection, are the features; those of
a picture have a mean square of 1.
"""

import hashlib
from collections.abc import Iterator
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
PARTS = (0, 2, 4, 4)
"""Of a layer's output along each side; 0: it is not described."""
DIM = 256
SOFTENING = 0.05
"""Added before the logarithm, in standard deviations: a filter may see nothing at all."""
NOISE = 256
"""Pictures of noise that layers and descriptions are standardised by."""


@extractors.register("random")
def load_random(device: torch.device, weights: Path | None) -> Extractor:
    """The random network; it takes no weights.

    Raises:
        UsageError: weights were given.

    """
    if weights is not None:
        raise UsageError("random has no weights to read; leave --features-weights away")
    network = RandomNetwork()
    resize = f"{SIZE} x {SIZE}, bilinear, antialiased"
    return Extractor("random", DIM, network.checksum, resize, network.to(device), device)


class RandomNetwork:
    """uint8 pictures in colour, `N 3 H W`, to features, `N F`."""

    def __init__(self) -> None:
        rng = torch.Generator().manual_seed(SEED)
        # Uniform and not normal: such numbers are the same on every machine, bit for bit.
        filters = [
            _uniform(rng, out, into, 3, 3) for into, out in zip((3, *WIDTHS), WIDTHS, strict=False)
        ]
        sizes = [n * p * p for n, p in zip(WIDTHS, PARTS, strict=True) if p for _ in range(2)]
        mixing = [_uniform(rng, size, DIM) for size in sizes]
        self.checksum = hashlib.sha256(
            b"".join(tensor.numpy().tobytes() for tensor in (*filters, *mixing))
        ).hexdigest()
        self.mixing = [matrix / len(matrix) ** 0.5 for matrix in mixing]
        self.layers: list[tuple[Tensor, Tensor]] = []
        """Filters and biases, so that each output is standardised on noise."""
        noise = maps = natural_noise(rng, NOISE)
        for weight in filters:
            maps = functional.avg_pool2d(maps, 2) if self.layers else maps
            deviation, mean = torch.std_mean(_convolve(maps, weight), dim=(0, 2, 3))
            self.layers.append((weight / deviation[:, None, None, None], -mean / deviation))
            maps = _convolve(maps, *self.layers[-1]).relu()
        self.usual = [torch.std_mean(part, dim=0) for part in self._describe(noise)]

    def to(self, device: torch.device) -> "RandomNetwork":
        """Move it to a device, in place."""
        self.mixing = [matrix.to(device) for matrix in self.mixing]
        self.layers = [(weight.to(device), bias.to(device)) for weight, bias in self.layers]
        self.usual = [(deviation.to(device), mean.to(device)) for deviation, mean in self.usual]
        return self

    def __call__(self, pictures: UInt8[Tensor, "N 3 H W"]) -> Float[Tensor, "N F"]:
        planes = pictures.float() / 127.5 - 1
        if planes.shape[-2:] != (SIZE, SIZE):
            planes = functional.interpolate(planes, (SIZE, SIZE), mode="bilinear", antialias=True)
        described = zip(self._describe(planes), self.usual, self.mixing, strict=True)
        mixed = [((part - mean) / deviation) @ mix for part, (deviation, mean), mix in described]
        return functional.normalize(torch.stack(mixed).sum(dim=0)).mul(DIM**0.5)

    def _describe(self, maps: Float[Tensor, "N 3 64 64"]) -> Iterator[Float[Tensor, "N D"]]:
        """Logarithms of means and of variances, layer by layer."""
        for number, ((weight, bias), parts) in enumerate(zip(self.layers, PARTS, strict=True)):
            maps = functional.avg_pool2d(maps, 2) if number else maps
            maps = _convolve(maps, weight, bias).relu_()
            if parts:
                mean = functional.adaptive_avg_pool2d(maps, parts)
                square = functional.adaptive_avg_pool2d(maps.square(), parts)
                variance = (square - mean.square()).clamp(min=0)
                yield (mean + SOFTENING).log().flatten(1)
                yield (variance + SOFTENING**2).log().flatten(1)


def natural_noise(rng: torch.Generator, count: int) -> Float[Tensor, "N 3 64 64"]:
    """Pictures of noise with the spectrum of natural ones: amplitude 1 / frequency, mostly grey.

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
    # Mirrored at the border: zeros would be an edge that is not in the picture.
    return functional.conv2d(functional.pad(maps, (1, 1, 1, 1), mode="reflect"), weight, bias)
