"""Make a generator that comes with kaogan out of a run:

    python tools/pack_generator.py runs/faces-64 src/kaogan/zoo/faces-64

Writes the newest checkpoint's EMA weights in half precision, and says how far the faces drawn with
them are from those in float32. The model card beside them is written by hand.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from kaogan.files import atomic_file, write_text
from kaogan.training.run import Run


def main(run_folder: str, target_folder: str) -> None:
    run, target = Run(Path(run_folder)), Path(target_folder)
    sampler = run.sampler()
    before = sampler.sample(64).astype(int)
    weights = {
        key: value.half().contiguous() if value.is_floating_point() else value
        for key, value in sampler.generator.state_dict().items()
    }
    with atomic_file(target / "generator.safetensors") as partial:
        save_file(weights, partial)
    write_text(target / "recipe.json", run.recipe.model_dump_json(indent=2) + "\n")

    sampler.generator.load_state_dict(weights)
    with torch.inference_mode():
        difference = np.abs(sampler.sample(64) - before)
    size = (target / "generator.safetensors").stat().st_size / 1e6
    print(
        f"{target}: {size:.1f} MB, {run.newest_state()['images_seen']:,} images seen; half "
        f"precision changes pixels by {difference.mean():.3f} of 255 in the mean, "
        f"{difference.max()} at most"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
