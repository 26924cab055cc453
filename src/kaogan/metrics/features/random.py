"""A network with random weights: features without a download, the same everywhere.

Filters that nobody trained still tell edges, textures and colours apart. Naeem et al., "Reliable
Fidelity and Diversity Metrics for Generative Models" (ICML 2020), use random networks where
pictures are unlike those that trained networks have seen.

Four layers of random 3 x 3 filters see a picture at four scales. The outputs of the last,
standardised and mixed by a random projection, are the features; those of a picture have a mean
square of 1. What the earlier layers see is fine texture, and would drown the faces.
"""

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
"""Pictures of noise that layers and features are standardised by."""


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
        side = SIZE >> len(WIDTHS) - 1
        mixing = _uniform(rng, WIDTHS[-1] * side * side, DIM)
        self.checksum = hashlib.sha256(
            b"".join(tensor.numpy().tobytes() for tensor in (*filters, mixing))
        ).hexdigest()
        self.mixing = mixing / len(mixing) ** 0.5
        self.layers: list[tuple[Tensor, Tensor]] = []
        """Filters and biases, so that each output is standardised on noise."""
        maps = natural_noise(rng, NOISE)
        for weight in filters:
            maps = functional.avg_pool2d(maps, 2) if self.layers else maps
            deviation, mean = torch.std_mean(_convolve(maps, weight), dim=(0, 2, 3))
            self.layers.append((weight / deviation[:, None, None, None], -mean / deviation))
            maps = _convolve(maps, *self.layers[-1]).relu()
        self.usual = torch.std_mean(maps.flatten(1), dim=0)
        """Deviation and mean of each output of the last layer, on noise."""

    def to(self, device: torch.device) -> "RandomNetwork":
        """Move it to a device, in place."""
        self.mixing = self.mixing.to(device)
        self.layers = [(weight.to(device), bias.to(device)) for weight, bias in self.layers]
        self.usual = (self.usual[0].to(device), self.usual[1].to(device))
        return self

    def __call__(self, pictures: UInt8[Tensor, "N 3 H W"]) -> Float[Tensor, "N F"]:
        planes = pictures.float() / 127.5 - 1
        if planes.shape[-2:] != (SIZE, SIZE):
            planes = functional.interpolate(planes, (SIZE, SIZE), mode="bilinear", antialias=True)
        for number, (weight, bias) in enumerate(self.layers):
            planes = functional.avg_pool2d(planes, 2) if number else planes
            planes = _convolve(planes, weight, bias).relu_()
        deviation, mean = self.usual
        mixed = ((planes.flatten(1) - mean) / deviation) @ self.mixing
        return functional.normalize(mixed).mul(DIM**0.5)


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
