"""The encoder: a small network that estimates the latent of a picture.

It is trained on the generator's own pictures, whose latents are known: z ~ N(0, I), x = G(z). With
a light augmentation A, for which E(A(x)) must still be z,

    loss = mean over entries of (E(A(x)) - z)^2  +  weight x mean over pixels of |G(E(A(x))) - x|

The second term is that of Zhu, Krähenbühl, Shechtman and Efros, "Generative Visual Manipulation on
the Natural Image Manifold" (ECCV 2016), who train a predictor of latents on real pictures. The
first is possible because the pictures are drawn here, as in Bau et al., "Seeing What a GAN Cannot
Generate" (ICCV 2019).

Its output lies on the sphere of radius sqrt(Z), near which nearly all of N(0, I) lies. Otherwise a
network that lowers a squared error would give too short latents where it is uncertain, and the
generator would draw washed-out faces.
"""

import copy
import itertools
import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from kaogan.contracts import Latents, Scalar
from kaogan.models.dcgan import stage_channels
from kaogan.progress import Silent, Tracker
from kaogan.rng import generator as generator_of
from kaogan.rng import seed_of

WIDTH = 24
"""Channels of the largest map: 0.7 million parameters for 64 x 64 pixels and 100 latents."""
LARGEST = 64
"""Side in pixels to which larger pictures are averaged down."""

PICTURES = 24_576
BATCH = 32
LR = 2e-3
PICTURE_WEIGHT = 4.0
"""With 1, the faces of the estimates differ much from the pictures: many directions of z are hardly
visible, and the squared error counts them all alike."""

Images = Float[Tensor, "N C H W"]


class Encoder(nn.Module):
    """Pictures `N C H W` in [-1, 1] to latents `N Z`, each of length sqrt(Z)."""

    def __init__(self, size: int, channels: int, latent_dim: int, width: int = WIDTH) -> None:
        super().__init__()
        self.shape = {"size": size, "channels": channels, "latent_dim": latent_dim, "width": width}
        widths = stage_channels(min(size, LARGEST), width)
        layers: list[nn.Module] = []
        if size > LARGEST:
            layers.append(nn.AvgPool2d(size // LARGEST))
        for channels_in, channels_out in itertools.pairwise([channels, *widths]):
            layers += [
                nn.Conv2d(channels_in, channels_out, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(channels_out),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        layers += [nn.Flatten(), nn.Linear(widths[-1] * 4 * 4, latent_dim)]
        self.layers = nn.Sequential(*layers)

    def forward(self, pictures: Images) -> Latents:
        return to_sphere(self.layers(pictures))


def to_sphere(latents: Latents) -> Latents:
    """Latents of the same directions and of length sqrt(Z)."""
    return F.normalize(latents) * math.sqrt(latents.shape[1])


def loss(
    encoder: nn.Module,
    generator: nn.Module,
    latents: Latents,
    seen: Images,
    drawn: Images,
    picture_weight: float = PICTURE_WEIGHT,
) -> Scalar:
    """The equation at the top: `seen` is A(x), `drawn` is x = G(z)."""
    estimates = encoder(seen)
    return F.mse_loss(estimates, latents) + picture_weight * F.l1_loss(generator(estimates), drawn)


def train_encoder(
    generator: nn.Module,
    latent_dim: int,
    pictures: int = PICTURES,
    seed: int = 0,
    tracker: Tracker | None = None,
    picture_weight: float = PICTURE_WEIGHT,
    start: Encoder | None = None,
) -> Encoder:
    """Train an encoder, or `start` further, on so many pictures, each drawn once and seen once.

    The generator maps latents `N Z` to pictures `N C H W`, in eval mode. The seed determines the
    encoder's weights, the latents and the augmentation. The tracker is told of every picture.
    `picture_weight` is the weight in the equation at the top.
    """
    tracker = tracker or Silent()
    rng = torch.Generator().manual_seed(seed_of(seed, latent_dim))
    with torch.no_grad():
        _, channels, size, _ = generator(torch.zeros(1, latent_dim)).shape
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(generator_of(seed).get_state())
        encoder = Encoder(size, channels, latent_dim)
    if start is not None:
        encoder.load_state_dict(start.state_dict())
    optimizer = torch.optim.Adam(encoder.parameters(), LR, betas=(0.9, 0.99))
    steps = max(1, pictures // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=steps)
    frozen = copy.deepcopy(generator).eval().requires_grad_(False)
    for _ in range(steps):
        z = torch.randn(BATCH, latent_dim, generator=rng)
        with torch.no_grad():
            x = frozen(z)
        optimizer.zero_grad()
        error = loss(encoder, frozen, z, augment(x, rng), x, picture_weight)
        error.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        tracker.advance(BATCH, f"loss {error.item():.3f}")
    return encoder.eval()


def augment(pictures: Images, rng: torch.Generator) -> Images:
    """Pictures slightly moved, resized, recoloured, blurred and noisy, each to another degree.

    The generator draws no real picture exactly. An encoder that was trained without augmentation
    relies on the finest details of generated pictures, and fails without them.
    """
    count, channels = pictures.shape[:2]

    def normal(*shape: int) -> Tensor:
        strength = torch.rand(count, generator=rng).square()
        wide = strength.reshape(-1, *[1] * (len(shape)))
        return wide * torch.randn(count, *shape, generator=rng)

    place = torch.eye(2, 3).repeat(count, 1, 1)
    place[:, :, :2] *= 1 + 0.06 * normal(1, 1)
    place[:, :, 2] += 0.06 * normal(2)
    where = F.affine_grid(place, list(pictures.shape), align_corners=False)
    moved = F.grid_sample(pictures, where, padding_mode="border", align_corners=False)
    blurred = F.avg_pool2d(moved, 3, 1, 1, count_include_pad=False)
    soft = torch.lerp(moved, blurred, normal(1, 1, 1).abs().clamp(max=1))
    coloured = soft * (1 + 0.2 * normal(1, 1, 1)) + 0.2 * normal(channels, 1, 1)
    return (coloured + 0.2 * normal(*pictures.shape[1:])).clamp(-1, 1)
