"""Trained networks to export."""

import torch

from kaogan.export import Network
from kaogan.models.dcgan import DCGAN


def trained(model: DCGAN, player: str) -> Network:
    """A network whose every tensor, running averages too, is its own and not the initial one."""
    torch.manual_seed(0)
    network = model.generator() if player == "generator" else model.discriminator()
    with torch.no_grad():
        for tensor in network.state_dict().values():
            if tensor.dtype == torch.float32:
                tensor.mul_(4).add_(0.1 * torch.rand_like(tensor))
    return Network(model, player, network.eval())


def inputs_of(network: Network, count: int = 4) -> torch.Tensor:
    """Latents `N Z`, or pictures `N C H W`."""
    rng = torch.Generator().manual_seed(1)
    if network.player == "generator":
        return torch.randn(count, network.model.latent_dim, generator=rng)
    return torch.rand(count, *network.model.sample_shape, generator=rng) * 2 - 1
