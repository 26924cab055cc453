"""kaogan (顔, face): a folder of pictures in, a GAN that draws new ones out.

*A GAN has a Generator, a Discriminator, a Loss (with Penalties) and an Augmentation. A Trainer runs
the training steps.*

    import kaogan

    ds = kaogan.open_dataset("faces")
    run = kaogan.train(kaogan.recipes.standard(size=64), ds, out="runs/faces")
    run.sample(16, seed=0)
"""

import importlib
from typing import TYPE_CHECKING

from kaogan.errors import KaoganError, UsageError
from kaogan.version import __version__

if TYPE_CHECKING:
    from kaogan import latent, recipes
    from kaogan.data.avatars import draw_avatars
    from kaogan.data.dataset import Dataset, open_dataset
    from kaogan.data.labelling import label
    from kaogan.data.prepare import add_pictures, prepare
    from kaogan.generators import TrainedGenerator, open_generator, open_start
    from kaogan.images import grid, to_pil
    from kaogan.training.recipe import Budget, Hardware, Recipe
    from kaogan.training.run import Run
    from kaogan.training.tasks.images import train
    from kaogan.zoo import pretrained

# Imported when first used: torch takes seconds to load, and preparing data does not need it.
_HOMES = {
    "Budget": "kaogan.training.recipe",
    "Dataset": "kaogan.data.dataset",
    "add_pictures": "kaogan.data.prepare",
    "Hardware": "kaogan.training.recipe",
    "Recipe": "kaogan.training.recipe",
    "Run": "kaogan.training.run",
    "TrainedGenerator": "kaogan.generators",
    "draw_avatars": "kaogan.data.avatars",
    "grid": "kaogan.images",
    "label": "kaogan.data.labelling",
    "open_dataset": "kaogan.data.dataset",
    "open_generator": "kaogan.generators",
    "open_start": "kaogan.generators",
    "prepare": "kaogan.data.prepare",
    "pretrained": "kaogan.zoo",
    "to_pil": "kaogan.images",
    "train": "kaogan.training.tasks.images",
}

__all__ = [
    "Budget",
    "Dataset",
    "Hardware",
    "KaoganError",
    "Recipe",
    "Run",
    "TrainedGenerator",
    "UsageError",
    "__version__",
    "add_pictures",
    "draw_avatars",
    "grid",
    "label",
    "latent",
    "open_dataset",
    "open_generator",
    "open_start",
    "prepare",
    "pretrained",
    "recipes",
    "to_pil",
    "train",
]


def __getattr__(name: str) -> object:
    if name in ("latent", "recipes"):
        return importlib.import_module(f"kaogan.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'kaogan' has no attribute {name!r}")
