"""Everything that a resume needs, in one object.

There is no random state in it: random numbers are a function of the recipe's seed, the attempt and
the images seen (`kaogan.rng`), and so is the position in the data.
"""

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from kaogan import rng
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
            torch.set_rng_state(rng.generator(recipe.seed).get_state())
            networks = {
                "generator": recipe.model.generator(),
                "discriminator": recipe.model.discriminator(),
            }
        placed = {name: compute.place(network) for name, network in networks.items()}
        return TrainState(
            generator=placed["generator"],
            discriminator=placed["discriminator"],
            ema=copy.deepcopy(placed["generator"]).requires_grad_(False),
            optimizers={name: _adam(network, recipe) for name, network in placed.items()},
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
        """Take over a state that `tensors` and `numbers` described, on whatever device.

        It is written into the tensors that are there: a CUDA graph knows them by their addresses.

        Raises:
            KeyError, RuntimeError: tensors are missing, or of other shapes than this recipe's.

        """
        for name, kept in self.tensors().items():
            if kept.shape != tensors[name].shape:
                raise RuntimeError(f"{name} is {tensors[name].shape}, and not {kept.shape}")
            kept.copy_(tensors[name])
        for player, scaler in self.scalers.items():
            if scaler.is_enabled() and numbers["scalers"][player]:
                scaler.load_state_dict(numbers["scalers"][player])
        self.images_seen = numbers["images_seen"]
        self.seconds = numbers["seconds"]
        self.attempt = numbers["attempt"]


def _adam(network: nn.Module, recipe: Recipe) -> torch.optim.Adam:
    """Fused Adam whose moments and step counters are there, on the device, from the start.

    Left to itself, it makes them in its first step; so a CUDA graph would record that step. The
    learning rate is a tensor, too: the trainer multiplies it by `StepInputs.lr_factor`.
    """
    betas = (recipe.beta1, recipe.beta2)
    adam = torch.optim.Adam(network.parameters(), recipe.lr, betas, fused=True, capturable=True)
    device = next(network.parameters()).device
    adam.param_groups[0]["lr"] = torch.tensor(recipe.lr, device=device)
    for parameter in network.parameters():
        adam.state[parameter] = {
            "step": torch.zeros((), device=parameter.device),
            "exp_avg": torch.zeros_like(parameter),
            "exp_avg_sq": torch.zeros_like(parameter),
        }
    return adam
