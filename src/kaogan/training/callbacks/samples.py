"""Sample grids from fixed latents, with raw and with averaged weights.

RUN/samples/000051200-ema.png and 000051200-raw.png
"""

import copy
from functools import partial
from pathlib import Path

from torch import nn

from kaogan.contracts import Model
from kaogan.files import atomic_file
from kaogan.images import Pixels, grid, to_pil
from kaogan.training.background import Background
from kaogan.training.callbacks.intervals import growing
from kaogan.training.sampling import Sampler, standing_statistics
from kaogan.training.trainer import Callback, StepStats, Trainer

LATENTS_FOR_STATISTICS = 128
"""Fewer than for a checkpoint, because there are many grids."""


def faces_in_grid(size: int) -> int:
    """8 x 8 small pictures or 4 x 4 large ones: a grid of 500 to 1,000 pixels."""
    return max(4, min(8, 512 // size)) ** 2


class Gallery(Callback):
    """Draws pictures while the generator learns. Abstract.

    They are named by the images seen: `first`, then each about `growth` times the one before.
    """

    def __init__(self, folder: Path, first: int = 500, growth: float = 1.08) -> None:
        self.folder, self.first, self.growth = folder, first, growth

    def start(self, trainer: Trainer) -> None:
        # Pictures after the last checkpoint will be drawn again.
        for picture in self.folder.glob("*.png"):
            images = picture.name.split("-")[0]
            if images.isdecimal() and int(images) > trainer.state.images_seen:
                picture.unlink()
        if trainer.state.images_seen == 0:
            self.draw(trainer)

    def after_step(self, trainer: Trainer, stats: StepStats) -> None:
        after = trainer.state.images_seen
        if growing(after - trainer.recipe.batch, after, self.first, self.growth):
            self.draw(trainer)

    def finish(self, trainer: Trainer) -> None:
        self.draw(trainer)

    def draw(self, trainer: Trainer) -> None:
        """Draw the current state."""
        raise NotImplementedError

    def name(self, trainer: Trainer, weights: str) -> Path:
        """The file of the picture of these weights now."""
        return self.folder / f"{trainer.state.images_seen:09d}-{weights}.png"


class Samples(Gallery):
    """Grids of faces, always from the same latents."""

    def __init__(self, folder: Path, background: Background) -> None:
        super().__init__(folder)
        self.background = background
        self.newest: list[Pixels] = []
        """The last faces drawn with averaged weights."""

    def draw(self, trainer: Trainer) -> None:
        """Write the grids of both weights."""
        model = trainer.recipe.model
        for name, network in (("raw", trainer.state.generator), ("ema", trainer.state.ema)):
            generator = copy.deepcopy(network) if self.background.beside else network
            self.background.compute(
                partial(_faces, generator, model),
                partial(self._keep, self.name(trainer, name)),
            )

    def _keep(self, file: Path, faces: list[Pixels]) -> None:
        self.newest = faces
        self.background.do(partial(_write, faces, file))

    def finish(self, trainer: Trainer) -> None:
        super().finish(trainer)
        self.background.wait()


def _faces(generator: nn.Module, model: Model) -> list[Pixels]:
    settled = standing_statistics(generator, model.latent_dim, LATENTS_FOR_STATISTICS)
    count = faces_in_grid(model.sample_shape[-1])
    return list(Sampler(settled, model.latent_dim).sample(count))


def _write(faces: list[Pixels], file: Path) -> None:
    with atomic_file(file) as unfinished:
        to_pil(grid(faces)).save(unfinished, format="PNG")
