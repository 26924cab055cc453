"""Make the pictures in docs/images out of runs and the generators that come with kaogan:

    python tools/doc_images.py runs/faces-64 runs/demo data/avatars-64

Nothing of the pictures that faces-64 learned from gets in: real pictures are shown for the drawn
avatars only.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import kaogan
from kaogan.data.show import save_contact_sheet
from kaogan.training.observers.samples import faces_in_grid
from kaogan.training.observers.timelapse import write_small

IMAGES = Path(__file__).parent.parent / "docs" / "images"
FILM_ROWS = 3


def main(faces_run: str, demo_run: str, avatars: str) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name in ("faces-64", "avatars-64"):
        faces = kaogan.pretrained(name).sample(faces_in_grid(64))
        kaogan.to_pil(kaogan.grid(faces)).save(IMAGES / f"{name}.png", optimize=True)
    save_contact_sheet(kaogan.open_dataset(avatars), IMAGES / "avatars.png")
    shutil.copy(Path(faces_run) / "curves.png", IMAGES / "curves.png")
    shutil.copy(Path(demo_run) / "real-and-generated.png", IMAGES / "real-and-generated.png")
    write_film(Path(faces_run) / "samples", IMAGES / "timelapse.webp")


def write_film(samples: Path, target: Path) -> None:
    """The first rows of the sample grids, as a small film."""
    frames = []
    for file in sorted(samples.glob("*-ema.png")):
        with Image.open(file) as picture:
            rows = picture.convert("RGB").crop((0, 0, picture.width, 66 * FILM_ROWS + 2))
        frames.append(np.asarray(rows))
    write_small(frames, target)


if __name__ == "__main__":
    main(*sys.argv[1:])
