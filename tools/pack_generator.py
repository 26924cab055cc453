"""Make a generator that comes with kaogan out of a run:

    python tools/pack_generator.py runs/faces-64 src/kaogan/zoo/faces-64

Writes the best checkpoint's EMA weights in half precision (the newest one's, if the run was not
evaluated) and its discriminator, says how far the faces drawn with them are from those in float32,
and finds the directions. With the zoo's folder alone, the weights stay and the directions are
found anew:

    python tools/pack_generator.py src/kaogan/zoo/faces-64

The model card beside them is written by hand.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.torch import save_file
from torch import Tensor

from kaogan.files import atomic_file, write_text
from kaogan.latent.finding import faces_drawn, find
from kaogan.progress import track
from kaogan.training.run import Run
from kaogan.zoo import DISCRIMINATOR, GENERATOR, pretrained


def main(*folders: str) -> None:
    if len(folders) == 2:
        pack_weights(Run(Path(folders[0])), Path(folders[1]))
    pack_directions(Path(folders[-1]))


def pack_weights(run: Run, target: Path) -> None:
    """Write both networks and `recipe.json`."""
    sampler = run.sampler()
    before = sampler.sample(64).astype(int)
    weights = halves(sampler.generator.state_dict())
    tensors, state = run.read()
    judge = {key: tensors[key] for key in tensors if key.startswith("discriminator.")}
    for name, kept in (
        (GENERATOR, weights),
        (DISCRIMINATOR, halves({k.removeprefix("discriminator."): v for k, v in judge.items()})),
    ):
        with atomic_file(target / name) as partial:
            save_file(kept, partial)
    write_text(target / "recipe.json", run.recipe.model_dump_json(indent=2) + "\n")

    sampler.generator.load_state_dict(weights)
    difference = np.abs(sampler.sample(64) - before)
    size = (target / GENERATOR).stat().st_size / 1e6
    print(
        f"{target}: {size:.1f} MB, {state['images_seen']:,} images seen; half "
        f"precision changes pixels by {difference.mean():.3f} of 255 in the mean, "
        f"{difference.max()} at most"
    )


def halves(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Numbers in half precision; counters as they are."""
    return {
        key: value.half().contiguous() if value.is_floating_point() else value
        for key, value in tensors.items()
    }


def pack_directions(target: Path) -> None:
    """Write `directions.json`, of the generator as it comes with kaogan."""
    sampler = pretrained(target.name)
    with track(faces_drawn(), "measuring", "faces") as tracker:
        found = find(sampler.generator, sampler.latent_dim, orthogonal=True, tracker=tracker)
    found.write(target / "directions.json")
    print(f"{target}: directions {', '.join(each.name for each in found.directions)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
