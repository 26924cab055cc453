"""Everything that a resume needs, in one object.

There is no random state in it: random numbers are a function of the recipe's seed, the attempt and
the images seen (`kaogan.rng`), and so is the position in the data.
"""

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from kaogan.training.precision import Compute
from kaogan.training.recipe import Recipe

PLAYERS = ("generator", "discriminator")


@dataclass
class TrainState:
    """The game between two steps."""

    generator: nn.Module
    discriminator: nn.Module
    ema: nn.Module
    """The generator with averaged weights: the one to draw with."""
    optimizers: dict[str, torch.optim.Optimizer]
    scalers: dict[str, torch.amp.GradScaler]
    unlogged: Tensor
    """What the log has summed up since its last row: the four numbers of a step, and the steps."""
    images_seen: int = 0
    seconds: float = 0.0
    """Time spent in training, stops not counted."""
    attempt: int = 0
    """How often the run was set back after NaN or infinity; each attempt draws new numbers."""

    @staticmethod
    def fresh(recipe: Recipe, compute: Compute) -> "TrainState":
        """Both networks as initialised by the recipe's seed; the same on every device."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            networks = {
                "generator": recipe.networks.generator(),
                "discriminator": recipe.networks.discriminator(),
            }
        placed = {name: compute.place(network) for name, network in networks.items()}
        return TrainState(
            generator=placed["generator"],
            discriminator=placed["discriminator"],
            ema=copy.deepcopy(placed["generator"]).requires_grad_(False),
            optimizers={
                name: torch.optim.Adam(
                    network.parameters(), recipe.lr, (recipe.beta1, recipe.beta2), fused=True
                )
                for name, network in placed.items()
            },
            scalers={name: compute.scaler() for name in PLAYERS},
            unlogged=torch.zeros(5, device=compute.device),
        )

    @property
    def networks(self) -> dict[str, nn.Module]:
        return {
            "generator": self.generator,
            "ema": self.ema,
            "discriminator": self.discriminator,
        }

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor under a dotted name, e.g. `ema.layers.0.weight`, `adam.generator.3.step`."""
        named = {
            f"{name}.{key}": tensor
            for name, network in self.networks.items()
            for key, tensor in network.state_dict().items()
        }
        for player, optimizer in self.optimizers.items():
            for index, slots in optimizer.state_dict()["state"].items():
                named |= {f"adam.{player}.{index}.{slot}": value for slot, value in slots.items()}
        return named | {"unlogged": self.unlogged}

    def numbers(self) -> dict[str, Any]:
        """What is no tensor, ready for JSON."""
        return {
            "images_seen": self.images_seen,
            "seconds": round(self.seconds, 3),
            "attempt": self.attempt,
            "scalers": {player: scaler.state_dict() for player, scaler in self.scalers.items()},
        }

    def restore(self, tensors: dict[str, Tensor], numbers: dict[str, Any]) -> None:
        """Take over a state that `tensors` and `numbers` described.

        Raises:
            KeyError, RuntimeError: tensors are missing, or of other shapes than this recipe's.

        """
        for name, network in self.networks.items():
            network.load_state_dict(_below(f"{name}.", tensors))
        for player, optimizer in self.optimizers.items():
            self._restore_adam(optimizer, _below(f"adam.{player}.", tensors))
        self.unlogged.copy_(tensors["unlogged"])
        for player, scaler in self.scalers.items():
            if scaler.is_enabled() and numbers["scalers"][player]:
                scaler.load_state_dict(numbers["scalers"][player])
        self.images_seen = numbers["images_seen"]
        self.seconds = numbers["seconds"]
        self.attempt = numbers["attempt"]

    @staticmethod
    def _restore_adam(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
        optimizer.state.clear()
        parameters = optimizer.param_groups[0]["params"]
        for key, value in tensors.items():
            index, slot = key.split(".")
            parameter = parameters[int(index)]
            if value.shape == parameter.shape:
                # The fused kernels walk parameter and moments together: same memory layout.
                kept = torch.empty_like(parameter, requires_grad=False).copy_(value)
            else:
                kept = value.to(parameter.device)
            optimizer.state[parameter][slot] = kept


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        key.removeprefix(prefix): tensor
        for key, tensor in tensors.items()
        if key.startswith(prefix)
    }
