"""Paths through the latent space: pure functions of latents.

Latents are z ~ N(0, I). In many dimensions nearly all of them have a length near sqrt(Z), and a
generator has learned to draw from those alone. So the paths stay on the sphere of this radius.

Axes, beside those of `kaogan.contracts`:
    K  stops of a path, or axes      T  frames     P  faces in a frame
    A, B  steps along two axes
"""

import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from kaogan.rng import latents, seed_of

Latent = Float[Tensor, "Z"]
Times = Float[Tensor, "T"]
Walk = Float[Tensor, "T Z"]
Interpolation = Callable[[Tensor, Tensor, Tensor], Tensor]

SMALLEST_ANGLE = 1e-4
"""Radians from 0 or pi below which arc and chord are equal in float32."""


def truncate(z: Float[Tensor, "... Z"], psi: float) -> Float[Tensor, "... Z"]:
    """Pull latents toward their mean, 0: psi * z. Below 1, faces are more alike and cleaner.

    The truncation of Karras et al. 2019, StyleGAN, section B, in z because there is no w.
    """
    return psi * z


def lerp(a: Latent, b: Latent, t: Times) -> Walk:
    """The chord: (1 - t) a + t b, for each t from 0 to 1."""
    t = t[:, None]
    return (1 - t) * a + t * b


def slerp(a: Latent, b: Latent, t: Times) -> Walk:
    """The arc: sin((1 - t) w) / sin(w) a + sin(t w) / sin(w) b, for each t from 0 to 1.

    w is the angle between a and b. The equation is that of Shoemake, "Animating rotation with
    quaternion curves" (SIGGRAPH 1985), section 3.3; for generators, White, "Sampling generative
    networks" (2016), section 2.1. If both ends have one length, the whole path has it; in the
    middle of the chord between two random latents the length is 0.7 of that, and the generator has
    not seen such latents. Ends in the same or in opposite directions have no arc; then it is the
    chord.
    """
    cosine = torch.nn.functional.cosine_similarity(a.double(), b.double(), dim=0).clamp(-1, 1)
    angle = torch.arccos(cosine)
    if not SMALLEST_ANGLE < angle < math.pi - SMALLEST_ANGLE:
        return lerp(a, b, t)
    t = t.double()[:, None]
    arc = torch.sin((1 - t) * angle) * a.double() + torch.sin(t * angle) * b.double()
    return (arc / torch.sin(angle)).to(a.dtype)


def path(
    stops: Float[Tensor, "K Z"],
    frames: int,
    interpolation: Interpolation = slerp,
    closed: bool = False,
) -> Walk:
    """`frames` latents on the path through `stops`, with equal time between stops.

    An open path begins at the first stop and ends at the last one. A closed path returns to the
    first stop: the frame after the last one would be the first.

    Raises ValueError for fewer than two stops, or fewer than two frames.
    """
    if len(stops) < 2 or frames < 2:
        raise ValueError("a path needs two stops and two frames")
    if closed:
        stops = torch.cat([stops, stops[:1]])
    legs = len(stops) - 1
    times = torch.arange(frames, dtype=torch.float64) * legs / (frames if closed else frames - 1)
    leg = times.floor().clamp(max=legs - 1)
    parts = [
        interpolation(stops[n], stops[n + 1], (times[leg == n] - n).to(stops.dtype))
        for n in range(legs)
    ]
    return torch.cat(parts)


def loop(frames: int, dim: int, seed: int = 0, harmonics: int = 2) -> Walk:
    """A random walk of `frames` steps that begins at the latent of `seed` and returns to it.

    A truncated Fourier series on the sphere: with orthonormal c_k and s_k, and r = |z(0)|,

        z(t) = r / sqrt(K) * sum over k = 1 ... K of (cos(2 pi k t) c_k + sin(2 pi k t) s_k)

    Every frame is ~ N(0, I) by itself: the vectors are a random rotation, so z(t) / r is uniform on
    the sphere, and r is the length of a normal vector. All frames have the length r, and all steps
    are equally long, because |z'(t)| does not depend on t. The period is 1, so the film has no
    visible seam. More harmonics K make a longer path; the dimensions limit their number.

    Raises ValueError for latents of one entry, where there is no sphere.
    """
    if dim < 2:
        raise ValueError("a loop needs latents of two entries or more")
    harmonics = min(harmonics, dim // 2)
    start = latents([seed], dim)[0].double()
    radius = torch.linalg.vector_norm(start)
    basis = _random_basis(dim, 2 * harmonics, seed)
    # A reflection moves z(0) to the start, and keeps the basis orthonormal.
    normal = basis[:, :harmonics].sum(1) / math.sqrt(harmonics) - start / radius
    basis -= 2 * torch.outer(normal, normal @ basis) / (normal @ normal)
    order = torch.arange(1, harmonics + 1, dtype=torch.float64)
    angles = 2 * math.pi * torch.outer(torch.arange(frames, dtype=torch.float64) / frames, order)
    waves = torch.cat([angles.cos(), angles.sin()], dim=1)
    walk: Tensor = radius / math.sqrt(harmonics) * waves @ basis.T
    return walk.float()


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
    """The sum of the means of some groups of latents, minus the means of others.

    "Smiling woman - neutral woman + neutral man" of Radford et al. 2016, section 6.3.2. They found
    that means of three latents work and single ones do not. Adding and subtracting three means of
    three latents gives the length of one latent, sqrt(Z).
    """
    total = torch.stack([group.mean(0) for group in plus]).sum(0)
    for group in minus:
        total -= group.mean(0)
    return total


def plane(
    origin: Latent,
    right: Latent,
    down: Latent,
    x: Float[Tensor, "A"],
    y: Float[Tensor, "B"],
) -> Float[Tensor, "B A Z"]:
    """A grid over two axes: origin + x right + y down, a row for each y and a column for each x."""
    return origin + x[None, :, None] * right + y[:, None, None] * down


def across(
    origins: Float[Tensor, "P Z"], axis: Latent, frames: int, reach: float
) -> Float[Tensor, "T P Z"]:
    """Each origin moved along an axis: origin + s axis, with s from -reach to reach."""
    return origins + torch.linspace(-reach, reach, frames)[:, None, None] * axis


def around(
    origins: Float[Tensor, "P Z"], axes: Float[Tensor, "K Z"], frames: int, reach: float
) -> Float[Tensor, "T P Z"]:
    """Each origin moved to and fro along one axis, or on a circle in the plane of two axes.

    origin + reach (sin(2 pi t) a_1 + cos(2 pi t) a_2), with t from 0 to 1: the first frame follows
    the last one.
    """
    angles = torch.arange(frames) / frames * 2 * math.pi
    steps: Tensor = torch.stack([angles.sin(), angles.cos()])[: len(axes)] * reach
    return origins + (steps.T @ axes)[:, None]
