"""Sample grids from fixed latents, with the raw and with the averaged weights.

RUN/samples/000051200-ema.png and 000051200-raw.png
"""

from pathlib import Path

from kaogan.files import atomic_file
from kaogan.images import Pixels, grid, to_pil
from kaogan.training.observers.schedule import growing
from kaogan.training.sampling import draw_seeds, standing_statistics
from kaogan.training.trainer import StepStats, Trainer, Watcher

LATENTS_FOR_STATISTICS = 128
"""Fewer than for a checkpoint: these grids are for looking at, and there are many."""


def faces_in_grid(size: int) -> int:
    """8 x 8 small pictures or 4 x 4 large ones: a grid of 500 to 1,000 pixels."""
    return max(4, min(8, 512 // size)) ** 2


class Samples(Watcher):
    """Draws the same latents again and again while the generator learns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.newest: list[Pixels] = []
        """The last faces drawn with averaged weights."""

    def start(self, trainer: Trainer) -> None:
        # What a killed process drew after its last checkpoint will be drawn again.
        for picture in self.folder.glob("*.png"):
            images = picture.name.split("-")[0]
            if images.isdecimal() and int(images) > trainer.state.images_seen:
                picture.unlink()
        if trainer.state.images_seen == 0:
            self.draw(trainer)

    def after_step(self, trainer: Trainer, stats: StepStats) -> None:
        after = trainer.state.images_seen
        if growing(after - trainer.recipe.batch, after):
            self.draw(trainer)

    def finish(self, trainer: Trainer) -> None:
        self.draw(trainer)

    def draw(self, trainer: Trainer) -> None:
        """Write both grids for the weights as they are."""
        model = trainer.recipe.networks
        seeds = list(range(faces_in_grid(model.sample_shape[-1])))
        for name, network in (("raw", trainer.state.generator), ("ema", trainer.state.ema)):
            settled = standing_statistics(network, model.latent_dim, LATENTS_FOR_STATISTICS)
            self.newest = list(draw_seeds(settled, seeds, model.latent_dim))
            target = self.folder / f"{trainer.state.images_seen:09d}-{name}.png"
            with atomic_file(target) as partial:
                to_pil(grid(self.newest)).save(partial, format="PNG")
