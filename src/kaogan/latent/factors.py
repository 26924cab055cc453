"""Directions from the generator's first layer, without drawing a picture.

    SeFa     Shen and Zhou, "Closed-Form Factorization of Latent Semantics in GANs" (CVPR 2021)
    GANSpace Härkönen, Hertzmann, Lehtinen and Paris, "GANSpace: Discovering Interpretable GAN
             Controls" (NeurIPS 2020)

The first layer of a generator is linear in the latent up to its first ReLU: h = A z + b. This
includes batch norm, which is affine with fixed statistics. Without it, A would depend on the size
of a channel's weights, which batch norm divides out.
"""

import contextlib

import torch
from jaxtyping import Float, Float64
from torch import Tensor, nn

from kaogan.rng import seed_of

LATENTS = 2048
BATCH = 256

Found = tuple[Float[Tensor, "K Z"], Float[Tensor, "K"]]
"""Unit vectors, and the share of the first layer's variance that each explains."""


def first_relu(generator: nn.Module) -> nn.ReLU | None:
    """The end of the first layer; None if there is no ReLU."""
    return next((each for each in generator.modules() if isinstance(each, nn.ReLU)), None)


def sefa(generator: nn.Module, latent_dim: int, count: int) -> Found:
    """Closed-form factorisation: the first eigenvectors of A^T A.

    Equation 5 of the paper: of all unit vectors n, they have the largest |A n|^2.
    """
    origin_and_axes = torch.cat([torch.zeros(1, latent_dim), torch.eye(latent_dim)])
    before, _ = _first_layer(generator, origin_and_axes)
    columns = (before[1:] - before[:1]).double()  # row i is A e_i, the i-th column of A
    vectors, shares = _leading_eigenvectors(columns @ columns.T, count)  # of A^T A
    return vectors.float(), shares


def pca(generator: nn.Module, latent_dim: int, count: int) -> Found:
    """The principal components of the first layer's activations, mapped back to the latent.

    Section 2.1 of the paper: activations y of random latents z have the principal coordinates
    x = V^T (y - mean). Each direction u minimises the sum over latents of |x u - z|^2: by least
    squares, u = sum x z / sum x^2. The activations are those after the ReLU; those before it are
    linear in z and give the directions of SeFa again.
    """
    rng = torch.Generator().manual_seed(seed_of(latent_dim, LATENTS, count))
    z = torch.randn(LATENTS, latent_dim, generator=rng)
    _, after = _first_layer(generator, z)
    centred = (after - after.mean(0)).double()
    # Fewer latents than activations: the components come from the small matrix of products.
    vectors, shares = _leading_eigenvectors(centred @ centred.T, count)
    return torch.nn.functional.normalize(vectors @ z.double(), dim=1).float(), shares


def _leading_eigenvectors(matrix: Float64[Tensor, "n n"], count: int) -> tuple[Tensor, Tensor]:
    """Eigenvectors (`K n`) of the largest eigenvalues, and their shares of all eigenvalues."""
    values, vectors = torch.linalg.eigh(matrix)
    return vectors[:, -count:].flip(1).T, (values[-count:].flip(0) / values.sum()).float()


class _StopForward(Exception):
    """The rest of the network is not needed."""


def _first_layer(generator: nn.Module, z: Float[Tensor, "N Z"]) -> tuple[Tensor, Tensor]:
    """The inputs and the outputs of the first ReLU, `N F` each."""
    relu = first_relu(generator)
    if relu is None:
        raise ValueError("the generator has no ReLU")
    device = next(generator.parameters()).device
    inputs: list[Tensor] = []

    def hook(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        inputs.append(given[0].detach().flatten(1).cpu().clone())
        raise _StopForward

    with relu.register_forward_pre_hook(hook), torch.inference_mode():
        for part in torch.split(z, BATCH):
            with contextlib.suppress(_StopForward):
                generator(part.to(device))
    before = torch.cat(inputs)
    return before, before.relu()
