"""Directions out of the generator's first layer, without looking at a picture.

    SeFa     Shen and Zhou, "Closed-Form Factorization of Latent Semantics in GANs" (CVPR 2021)
    GANSpace Härkönen, Hertzmann, Lehtinen and Paris, "GANSpace: Discovering Interpretable GAN
             Controls" (NeurIPS 2020)

The first layer of a generator is linear in the latent up to its first ReLU: h = A z + b. Batch norm
belongs to it, as it is affine once it is settled; without it, A would say how large the weights of
a channel are, which batch norm divides out.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from kaogan.rng import seed_of

LATENTS = 2048
BATCH = 256

Found = tuple[Float[Tensor, "K Z"], Float[Tensor, "K"]]
"""Unit vectors, and the share of the first layer's variance that each explains."""


def first_relu(generator: nn.Module) -> nn.ReLU | None:
    """The module at which the first layer ends; None if there is no such module."""
    return next((each for each in generator.modules() if isinstance(each, nn.ReLU)), None)


def sefa(generator: nn.Module, latent_dim: int, count: int) -> Found:
    """Closed-form factorisation: the first eigenvectors of A^T A.

    Equation 5 of the paper: of all unit vectors n, they are those for which |A n|^2 is largest.
    """
    origin_and_axes = torch.cat([torch.zeros(1, latent_dim), torch.eye(latent_dim)])
    before, _ = _first_layer(generator, origin_and_axes)
    columns = (before[1:] - before[:1]).double()  # row i is A e_i, the i-th column of A
    values, vectors = torch.linalg.eigh(columns @ columns.T)  # A^T A
    order = torch.arange(latent_dim)[-count:].flip(0)
    return vectors[:, order].T.float(), (values[order] / values.sum()).float()


def pca(generator: nn.Module, latent_dim: int, count: int) -> Found:
    """The principal components of the first layer's activations, taken back to the latent.

    Section 2.1 of the paper: activations y of random latents z have the principal coordinates
    x = V^T (y - mean); each direction u minimises the sum over latents of |x u - z|^2, which is
    least squares: u = sum x z / sum x^2. The activations are those after the ReLU: before it,
    where all is linear, they give the directions of SeFa again.
    """
    rng = torch.Generator().manual_seed(seed_of(latent_dim, LATENTS, count))
    z = torch.randn(LATENTS, latent_dim, generator=rng)
    _, after = _first_layer(generator, z)
    centred = (after - after.mean(0)).double()
    # Fewer latents than activations: the components come from the small matrix of products.
    values, vectors = torch.linalg.eigh(centred @ centred.T)
    order = torch.arange(LATENTS)[-count:].flip(0)
    back = vectors[:, order].T @ z.double()
    directions = torch.nn.functional.normalize(back, dim=1)
    return directions.float(), (values[order] / values.sum()).float()


class _Seen(Exception):
    """The rest of the network need not run."""


def _first_layer(generator: nn.Module, z: Float[Tensor, "N Z"]) -> tuple[Tensor, Tensor]:
    """What enters the first ReLU, and what leaves it, `N F` each."""
    relu = first_relu(generator)
    if relu is None:
        raise ValueError("the generator has no ReLU")
    device = next(generator.parameters()).device
    before, after = [], []

    def look(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        entered = given[0].detach().flatten(1).cpu()
        before.append(entered.clone())
        after.append(entered.relu())
        raise _Seen

    handle = relu.register_forward_pre_hook(look)
    try:
        for part in torch.split(z, BATCH):
            try:
                with torch.inference_mode():
                    generator(part.to(device))
            except _Seen:
                continue
    finally:
        handle.remove()
    return torch.cat(before), torch.cat(after)
