"""Trained networks that a run starts from: `kaogan train DATA --from WHAT`.

The run keeps them as its first checkpoint, of 0 images seen. So resuming and rolling back work as
in any other run.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from kaogan.errors import KaoganError, UsageError
from kaogan.training.recipe import Recipe, differences
from kaogan.training.sampling import attributes_of
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
        """Raise a UsageError if this recipe has other networks. It may have labels where the
        earlier one had none.
        """
        mine, theirs = recipe.model, self.recipe.model
        if not theirs.attributes:
            mine = mine.model_copy(update={"attributes": ()})
        differing = differences(mine, theirs)
        if differing:
            raise UsageError(
                f"{self.name} has other networks ({'; '.join(differing)}); use data and options "
                "that fit, or leave --from away"
            )

    def load(self, state: TrainState) -> None:
        """Write the networks into a fresh state. Raises a KaoganError if weights are missing.

        Weights of labels that the earlier networks did not have are 0: the training begins with
        what they draw, whatever is wished for.
        """
        gains_labels = attributes_of(state.ema) and not self.recipe.model.attributes
        for name, network in state.networks.items():
            tensors = tensors_of(name, self.tensors)
            if gains_labels:
                wanted = network.state_dict()
                tensors = {key: _padded(tensors[key], wanted.get(key)) for key in tensors}
            try:
                network.load_state_dict(tensors)
            except RuntimeError:
                raise KaoganError(f"{self.name} is damaged: it lacks weights") from None


def _padded(tensor: Tensor, like: Tensor | None) -> Tensor:
    """The tensor, with zeros at the end of its first axis until it is as long as the other one."""
    if like is None or not tensor.ndim:
        return tensor
    missing = tensor.new_zeros((max(0, len(like) - len(tensor)), *tensor.shape[1:]))
    return torch.cat([tensor, missing])
