"""A trained network without its run: what exports write and read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from torch import nn

from kaogan.contracts import Model
from kaogan.errors import KaoganError, UsageError
from kaogan.export.origin import Origin
from kaogan.latent.directions import NAME as DIRECTIONS
from kaogan.latent.directions import Directions, read_directions
from kaogan.latent.encoder import Encoder
from kaogan.latent.encoder_file import NAME as ENCODER
from kaogan.latent.encoder_file import read_encoder
from kaogan.registry import Registry
from kaogan.weights import filled

Player = Literal["generator", "discriminator"]


@dataclass(frozen=True)
class Network:
    """One player, trained.

    Args:
        model: the component that describes it.
        player: generator or discriminator.
        module: the network in PyTorch, on the CPU, in eval mode.
        origin: the training that made it; None if it was read from an exported file.

    """

    model: Model
    player: Player
    module: nn.Module
    origin: Origin | None = None

    @property
    def channels(self) -> int:
        """Of a picture: 1 or 3."""
        return self.model.sample_shape[0]

    @property
    def size(self) -> int:
        """Height and width of a picture."""
        return self.model.sample_shape[-1]

    def without_labels(self) -> "Network":
        """The network as it is without wishes."""
        if not self.model.attributes:
            return self
        model, module = self.model.without_labels(self.module, self.player)
        return replace(self, model=model, module=module)

    @property
    def directions(self) -> Directions | None:
        """Those that are stored beside this generator, for these weights.

        Raises KaoganError if their file is damaged.
        """
        home = self._home
        return None if home is None else read_directions(home / DIRECTIONS, self.module)

    @property
    def encoder(self) -> Encoder | None:
        """The encoder that is stored beside this generator, for these weights.

        Raises KaoganError if its file is damaged.
        """
        home = self._home
        return None if home is None else read_encoder(home / ENCODER, self.module)

    @property
    def _home(self) -> Path | None:
        """The folder of the files that belong to a generator."""
        return self.origin.home if self.origin and self.player == "generator" else None


class Format(Protocol):
    """A kind of file that a Network can be written as."""

    suffix: str

    def write(self, network: Network, file: Path) -> Mapping[str, Any]:
        """Write the file, completely or not at all; returns facts about it by name, for JSON.

        Raises:
            KaoganError: the format cannot hold this network, or a library is missing.

        """
        ...


class Reader(Protocol):
    """A kind of file that a Network can be read from."""

    def read(self, file: Path) -> Network:
        """The network in a file of this kind.

        Raises:
            KaoganError: the file is damaged, or holds no such network.

        """
        ...


formats: Registry[type[Format]] = Registry("format")
"""By the name that `--format` is given."""

readers: Registry[type[Reader]] = Registry("kind of file")
"""By the suffix of their files; not every format can be read back."""


def build(model: Model, player: Player) -> nn.Module:
    """An untrained network, to be filled. PyTorch's random state stays as it is."""
    with torch.random.fork_rng(devices=[]):
        return maker(model, player)()


def maker(model: Model, player: Player) -> Callable[[], nn.Module]:
    """What makes an untrained network."""
    return model.generator if player == "generator" else model.discriminator


def weights_of(model: Model, player: Player) -> int:
    """Bytes of a network's parameters; nothing so large is built."""
    with torch.device("meta"):
        return sum(4 * parameter.numel() for parameter in build(model, player).parameters())


def network_of(
    model: Model,
    player: Player,
    tensors: Mapping[str, torch.Tensor],
    origin: Origin | None = None,
) -> Network:
    """A network of a model with its state, and the training that made it.

    Raises:
        UsageError: it does not draw pictures.
        KaoganError: the tensors are those of another network.

    """
    if len(model.sample_shape) != 3:
        raise UsageError(f"a {model.name} draws points; only networks for pictures are exported")
    try:
        made = filled(maker(model, player), tensors)
    except ValueError:
        raise KaoganError("the weights are not those of the recipe") from None
    with torch.random.fork_rng(devices=[]):
        plain, module = model.exported(made, player)
    return Network(plain, player, module.eval(), origin)
