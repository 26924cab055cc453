"""Ways through the latent space: pure functions of latents.

Latents are z ~ N(0, I). In many dimensions nearly all of them have a length near sqrt(Z), and a
generator has learned to draw from those alone: it is the sphere of this radius that is walked on.

Axes, beside those of `kaogan.contracts`:
    K  stops on the way, or axes     T  frames     P  faces in a frame
    A, B  steps along two axes
"""

import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from kaogan.rng import latents, seed_of

Latent = Float[Tensor, "Z"]
Moments = Float[Tensor, "T"]
Way = Float[Tensor, "T Z"]
Interpolation = Callable[[Tensor, Tensor, Tensor], Tensor]

SMALLEST_ANGLE = 1e-4
"""Radians from 0 or pi below which an arc is not told from a chord in float32."""


def truncate(z: Float[Tensor, "... Z"], psi: float) -> Float[Tensor, "... Z"]:
    """Pull latents toward their mean, 0: psi * z. Below 1, faces are more alike and cleaner.

    The truncation of Karras et al. 2019, StyleGAN, section B, in z for want of a w.
    """
    return psi * z


def lerp(a: Latent, b: Latent, t: Moments) -> Way:
    """The chord: (1 - t) a + t b, for each t from 0 to 1."""
    t = t[:, None]
    return (1 - t) * a + t * b


def slerp(a: Latent, b: Latent, t: Moments) -> Way:
    """The arc: sin((1 - t) w) / sin(w) a + sin(t w) / sin(w) b, for each t from 0 to 1.

    w is the angle between a and b. The equation is that of Shoemake, "Animating rotation with
    quaternion curves" (SIGGRAPH 1985), section 3.3; for generators, White, "Sampling generative
    networks" (2016), section 2.1. Ends of one length keep the whole way at it; the chord between
    two random latents is shorter by 0.7 in its middle, where the generator has seen nothing.
    Where there is no arc, because the ends point the same way or opposite ways, it is the chord.
    """
    cosine = torch.nn.functional.cosine_similarity(a.double(), b.double(), dim=0).clamp(-1, 1)
    angle = torch.arccos(cosine)
    if not SMALLEST_ANGLE < angle < math.pi - SMALLEST_ANGLE:
        return lerp(a, b, t)
    t = t.double()[:, None]
    way = torch.sin((1 - t) * angle) * a.double() + torch.sin(t * angle) * b.double()
    return (way / torch.sin(angle)).to(a.dtype)


def path(
    stops: Float[Tensor, "K Z"],
    frames: int,
    interpolation: Interpolation = slerp,
    closed: bool = False,
) -> Way:
    """`frames` latents on the way through `stops`, each leg in equal time.

    Open, the first frame is the first stop and the last frame the last stop. Closed, the way goes
    on to the first stop again, and the frame after the last would be the first.

    Raises:
        ValueError: fewer than two stops, or fewer than two frames.

    """
    if len(stops) < 2 or frames < 2:
        raise ValueError("a way needs two stops and two frames")
    if closed:
        stops = torch.cat([stops, stops[:1]])
    legs = len(stops) - 1
    moments = torch.arange(frames, dtype=torch.float64) * legs / (frames if closed else frames - 1)
    leg = moments.floor().clamp(max=legs - 1)
    parts = [
        interpolation(stops[n], stops[n + 1], (moments[leg == n] - n).to(stops.dtype))
        for n in range(legs)
    ]
    return torch.cat(parts)


def loop(frames: int, dim: int, seed: int = 0, harmonics: int = 2) -> Way:
    """A random walk that begins with the latent of `seed` and comes back to it, for ever.

    A truncated Fourier series on the sphere: with orthonormal c_k and s_k, and r = |z(0)|,

        z(t) = r / sqrt(K) * sum over k = 1 ... K of (cos(2 pi k t) c_k + sin(2 pi k t) s_k)

    Every frame is ~ N(0, I) by itself: the frame of vectors is a random rotation, so z(t) / r
    points anywhere with equal right, and r is the length of a normal vector. All frames have the
    length r, and all steps are equally long, because |z'(t)| does not depend on t. After t = 1
    everything comes again, and no moment shows where the film was joined.

    Args:
        frames: steps in a round.
        dim: entries of a latent.
        seed: of the first frame, and of the way.
        harmonics: K; more make a longer way. As many are used as the dimensions allow.

    Raises:
        ValueError: in one dimension there is no sphere to walk on.

    """
    if dim < 2:
        raise ValueError("a loop needs latents of two entries or more")
    harmonics = min(harmonics, dim // 2)
    start = latents([seed], dim)[0].double()
    radius = torch.linalg.vector_norm(start)
    basis = _random_basis(dim, 2 * harmonics, seed)
    # A reflection takes z(0) to where the walk is to begin, and leaves the basis orthonormal.
    across = basis[:, :harmonics].sum(1) / math.sqrt(harmonics) - start / radius
    basis -= 2 * torch.outer(across, across @ basis) / (across @ across)
    order = torch.arange(1, harmonics + 1, dtype=torch.float64)
    angles = 2 * math.pi * torch.outer(torch.arange(frames, dtype=torch.float64) / frames, order)
    waves = torch.cat([angles.cos(), angles.sin()], dim=1)
    way: Tensor = radius / math.sqrt(harmonics) * waves @ basis.T
    return way.float()


def _random_basis(dim: int, count: int, seed: int) -> Float[Tensor, "Z M"]:
    """`count` orthonormal vectors, uniformly at random.

    QR of a normal matrix with the signs of R's diagonal: Mezzadri, "How to generate random
    matrices from the classical compact groups" (2007), section 5.
    """
    rng = torch.Generator().manual_seed(seed_of(seed, dim, count))
    q, r = torch.linalg.qr(torch.randn(dim, count, generator=rng, dtype=torch.float64))
    basis: Tensor = q * r.diagonal().sign()
    return basis


def arithmetic(
    plus: Sequence[Float[Tensor, "_ Z"]], minus: Sequence[Float[Tensor, "_ Z"]] = ()
) -> Latent:
    """Sum of the means of some groups of latents, less the means of others.

    "Smiling woman - neutral woman + neutral man" of Radford et al. 2016, section 6.3.2, who found
    that single latents do not work, and means of three do. Three means of three latents have just
    the length of one latent, sqrt(Z), when they are added and subtracted.
    """
    total = torch.stack([group.mean(0) for group in plus]).sum(0)
    for group in minus:
        total = total - group.mean(0)
    return total


def plane(
    origin: Latent,
    right: Latent,
    down: Latent,
    across: Float[Tensor, "A"],
    along: Float[Tensor, "B"],
) -> Float[Tensor, "B A Z"]:
    """A grid over two axes: origin + x right + y down, a row for each y and a column for each x."""
    return origin + across[None, :, None] * right + along[:, None, None] * down


def across(
    origins: Float[Tensor, "P Z"], axis: Latent, frames: int, reach: float
) -> Float[Tensor, "T P Z"]:
    """Each origin moved along an axis from end to end: origin + s axis, s from -reach to reach."""
    return origins + torch.linspace(-reach, reach, frames)[:, None, None] * axis


def around(
    origins: Float[Tensor, "P Z"], axes: Float[Tensor, "K Z"], frames: int, reach: float
) -> Float[Tensor, "T P Z"]:
    """Each origin moved to and fro along one axis, or on a circle in the plane of two.

    origin + reach (sin(2 pi t) a_1 + cos(2 pi t) a_2), for t from 0 to 1: after the last frame
    comes the first.
    """
    turn = torch.arange(frames) / frames * 2 * math.pi
    way: Tensor = torch.stack([turn.sin(), turn.cos()])[: len(axes)] * reach
    return origins + (way.T @ axes)[:, None]
