"""Trained networks that a run begins with, in place of fresh ones: `kaogan train DATA --from WHAT`.

The run keeps them as its first checkpoint, of 0 images seen. So it resumes, and returns after NaN,
as any other run does.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from kaogan.errors import UsageError
from kaogan.training.recipe import Recipe, flatten
from kaogan.training.state import TrainState


@dataclass(frozen=True)
class Start:
    """Both networks of an earlier training. Adam's moments begin at 0 again.

    Args:
        name: what they were opened from.
        recipe: what they were trained with.
        tensors: `generator.*`, `ema.*` and `discriminator.*`, as `TrainState.tensors` names them.
        images_seen: by the earlier training; None if that is not known.

    """

    name: str
    recipe: Recipe
    tensors: Mapping[str, Tensor]
    images_seen: int | None = None

    @property
    def about(self) -> dict[str, Any]:
        """What `run.json` says of it."""
        digest = hashlib.sha256()
        for name in sorted(self.tensors):
            digest.update(name.encode())
            digest.update(self.tensors[name].detach().cpu().contiguous().numpy().tobytes())
        about = {"from": self.name, "sha256": digest.hexdigest(), "images_seen": self.images_seen}
        return about | {"recipe": self.recipe.model_dump(mode="json")}

    def check(self, recipe: Recipe) -> None:
        """Raise a UsageError if this recipe has other networks."""
        mine, theirs = (flatten(each.model.model_dump()) for each in (recipe, self.recipe))
        differences = [
            f"{name}: {mine.get(name)}, not {theirs.get(name)}"
            for name in sorted(mine.keys() | theirs.keys())
            if mine.get(name) != theirs.get(name)
        ]
        if differences:
            raise UsageError(
                f"{self.name} has other networks ({'; '.join(differences)}); use data and options "
                "that fit, or leave --from away"
            )

    def load(self, state: TrainState) -> None:
        """Write the networks into a fresh state."""
        for player, network in state.networks.items():
            prefix = f"{player}."
            own = {
                k.removeprefix(prefix): v for k, v in self.tensors.items() if k.startswith(prefix)
            }
            network.load_state_dict(own)
