"""RUN/faces.png and RUN/real-and-generated.png, drawn when a training ends."""

from pathlib import Path

import numpy as np

from kaogan.files import atomic_file
from kaogan.images import PictureArray, evenly_spread, grid, to_pil
from kaogan.training.callbacks.samples import Samples
from kaogan.training.trainer import Callback, Trainer

GAP = 24


class SideBySide(Callback):
    """Real pictures on the left, generated ones on the right."""

    def __init__(self, samples: Samples, pictures: PictureArray, folder: Path) -> None:
        self.samples, self.pictures, self.folder = samples, pictures, folder

    def finish(self, trainer: Trainer) -> None:
        generated = grid(self.samples.newest)
        shown = evenly_spread(self.pictures, len(self.samples.newest))
        real = grid(shown, columns=int(len(self.samples.newest) ** 0.5))
        height = max(real.shape[0], generated.shape[0])
        sheet = np.full((height, real.shape[1] + GAP + generated.shape[1], 3), 255, np.uint8)
        sheet[: real.shape[0], : real.shape[1]] = real
        sheet[: generated.shape[0], real.shape[1] + GAP :] = generated
        for name, picture in (("faces", generated), ("real-and-generated", sheet)):
            with atomic_file(self.folder / f"{name}.png") as partial:
                to_pil(picture).save(partial, format="PNG")
