"""Everything that a resume needs, in one object.

It contains no random state: random numbers and the position in the data are functions of the
recipe's seed, the attempt and the images seen (`kaogan.rng`).
"""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from kaogan import rng
from kaogan.training.precision import Compute
from kaogan.training.recipe import Recipe
from kaogan.training.world import World

PLAYERS = ("generator", "discriminator")


@dataclass
class TrainState:
    """A training between two steps."""

    generator: nn.Module
    discriminator: nn.Module
    ema: nn.Module
    """The generator with averaged weights, which draws the samples."""
    optimizers: dict[str, torch.optim.Optimizer]
    scalers: dict[str, torch.amp.GradScaler]
    unlogged: Tensor
    """The log's sums since its last row: the four numbers of `StepStats`, and the steps."""
    augmentation: dict[str, Tensor] = field(default_factory=dict)
    """The tensors that the augmentation adapts (`Augmentation.state`)."""
    images_seen: int = 0
    seconds: float = 0.0
    """Time spent in training, stops not counted."""
    attempt: int = 0
    """How often the run was rolled back after NaN; each attempt draws new random numbers."""

    @staticmethod
    def fresh(recipe: Recipe, compute: Compute) -> "TrainState":
        """The state before the first step, initialised by the recipe's seed on any device."""
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(rng.generator(recipe.seed).get_state())
            networks = {
                "generator": recipe.model.generator(),
                "discriminator": recipe.model.discriminator(),
            }
        placed = {name: compute.place(network) for name, network in networks.items()}
        adapted = recipe.augmentation.state() if recipe.augmentation else {}
        return TrainState(
            generator=placed["generator"],
            discriminator=placed["discriminator"],
            ema=copy.deepcopy(placed["generator"]).requires_grad_(False),
            optimizers={name: _adam(network, recipe) for name, network in placed.items()},
            scalers={name: compute.scaler() for name in PLAYERS},
            unlogged=torch.zeros(5, device=compute.device),
            augmentation={
                name: tensor.to(compute.device, copy=True) for name, tensor in adapted.items()
            },
        )

    def copy(self) -> "TrainState":
        """The state as it is now, which the training does not change."""
        return copy.deepcopy(self)

    @property
    def networks(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "ema": self.ema, "discriminator": self.discriminator}

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
        named |= {f"augmentation.{name}": value for name, value in self.augmentation.items()}
        return named | {"unlogged": self.unlogged}

    def numbers(self) -> dict[str, Any]:
        """The rest of the state, ready for JSON."""
        return {
            "images_seen": self.images_seen,
            "seconds": round(self.seconds, 3),
            "attempt": self.attempt,
            "scalers": {player: scaler.state_dict() for player, scaler in self.scalers.items()},
        }

    def restore(self, tensors: dict[str, Tensor], numbers: dict[str, Any]) -> None:
        """Copy `tensors` and `numbers` of another state, on any device, into this one.

        The tensors are written in place, because a CUDA graph refers to them by their addresses. A
        step that failed half-way leaves nothing behind, either: loss scaling would otherwise take
        the next gradients for scaled ones.
        Raises a KeyError or RuntimeError if tensors are missing or have other shapes.
        """
        for name, kept in self.tensors().items():
            if kept.shape != tensors[name].shape:
                raise RuntimeError(f"{name} is {tensors[name].shape}, and not {kept.shape}")
            kept.copy_(tensors[name])
        for player, scaler in self.scalers.items():
            if scaler.is_enabled():
                scaler._per_optimizer_states.clear()
                for left in ("grad_scale", "found_inf"):  # given to fused Adam while it steps
                    vars(self.optimizers[player]).pop(left, None)
                if numbers["scalers"][player]:
                    scaler.load_state_dict(numbers["scalers"][player])
        self.images_seen = numbers["images_seen"]
        self.seconds = numbers["seconds"]
        self.attempt = numbers["attempt"]

    def share(self, world: World) -> None:
        """Make the state of every process that of the first one."""
        if world.size == 1:
            return
        tensors = self.tensors()
        world.copy(list(tensors.values()))
        self.restore(tensors, json.loads(world.shared(json.dumps(self.numbers()))))


def tensors_of(network: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of "generator", "ema" or "discriminator" from `TrainState.tensors`."""
    prefix = f"{network}."
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _adam(network: nn.Module, recipe: Recipe) -> torch.optim.Adam:
    """Fused Adam whose moments and step counters exist, on the device, from the start.

    By default they are created in its first step, which would be part of a recorded CUDA graph. The
    learning rate is a tensor that the trainer overwrites in each step. The betas are constants of
    the fused kernel (docs/decisions/0009-cuda-graphs.md).
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
