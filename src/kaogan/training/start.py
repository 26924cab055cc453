"""Trained networks that a run starts from: `kaogan train DATA --from WHAT`.

The run keeps them as its first checkpoint, of 0 images seen. So resuming and rolling back work as
in any other run.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from kaogan.errors import KaoganError, UsageError
from kaogan.training.recipe import Recipe, differences
from kaogan.training.state import TrainState, tensors_of


@dataclass(frozen=True)
class Start:
    """Both networks of an earlier training. Adam's moments start at 0.

    Args:
        name: the RUN, checkpoint or file that they come from.
        recipe: the recipe of the earlier training.
        tensors: `generator.*`, `ema.*` and `discriminator.*`, as in `TrainState.tensors`.
        images_seen: in the earlier training; None if unknown.

    """

    name: str
    recipe: Recipe
    tensors: Mapping[str, Tensor]
    images_seen: int | None = None

    @property
    def about(self) -> dict[str, Any]:
        """The entry `start` of `run.json`."""
        digest = hashlib.sha256()
        for name in sorted(self.tensors):
            digest.update(name.encode())
            digest.update(self.tensors[name].detach().cpu().contiguous().numpy().tobytes())
        about = {"from": self.name, "sha256": digest.hexdigest(), "images_seen": self.images_seen}
        return about | {"recipe": self.recipe.model_dump(mode="json")}

    def check(self, recipe: Recipe) -> None:
        """Raise a UsageError if this recipe has other networks."""
        differing = differences(recipe.model, self.recipe.model)
        if differing:
            raise UsageError(
                f"{self.name} has other networks ({'; '.join(differing)}); use data and options "
                "that fit, or leave --from away"
            )

    def load(self, state: TrainState) -> None:
        """Write the networks into a fresh state. Raises a KaoganError if weights are missing."""
        for name, network in state.networks.items():
            try:
                network.load_state_dict(tensors_of(name, self.tensors))
            except RuntimeError:
                raise KaoganError(f"{self.name} is damaged: it lacks weights") from None
