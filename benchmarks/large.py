"""A large data set on this machine: prepared, opened, trained on; times and memory.

    python benchmarks/large.py --folder /tmp/large                   # 200,000 pictures, 2.5 GB
    python benchmarks/large.py --folder /tmp/large --count 1000000   # 12 GB, twice

The pictures are generated: each is 16 tiles of drawn avatars, with noise, and no two are alike.
They lie in .npy files of 25,000 in the folder, and need as much room as the data set made of them.
"""

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from kaogan.data.avatars import draw, sample_avatar
from kaogan.data.dataset import open_dataset
from kaogan.images import Pixels
from processes import measure

SIZE, TILE = 64, 16
AVATARS = 64
FILE = 25_000  # pictures
BATCH = 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--steps", type=int, default=20, help="of training, after preparing")
    options = parser.parse_args()
    source, out, run = (options.folder / name for name in ("source", "data", "run"))
    generate(source, options.count)
    shutil.rmtree(out, ignore_errors=True)
    shutil.rmtree(run, ignore_errors=True)
    kaogan = [sys.executable, "-m", "kaogan"]
    prepared = measure([*kaogan, "data", "prepare", str(source), "--out", str(out), "--quiet"])
    start = time.perf_counter()
    dataset = open_dataset(out)
    opened = time.perf_counter() - start
    images = options.steps * BATCH
    command = [*kaogan, "train", str(out), "--out", str(run), "--width", "32", "--device", "cpu"]
    command += ["--batch", str(BATCH), "--images", str(images), "--evaluate-every", "0", "--quiet"]
    trained = measure(command)
    result: dict[str, Any] = {
        "pictures": options.count,
        "train": len(dataset.train),
        "held_out": len(dataset.held_out),
        "shards": len(dataset.shards),
        "gigabytes": round(sum(each.stat().st_size for each in out.iterdir()) / 1e9, 2),
        "prepare": {
            "seconds": round(prepared.seconds),
            "cpu_seconds": round(prepared.cpu_seconds),
            "private_mib": round(prepared.private_mib),
        },
        "open_milliseconds": round(1000 * opened, 1),
        "train_steps": options.steps,
        "train_seconds": round(trained.seconds),
        "train_private_mib": round(trained.private_mib),
    }
    print(json.dumps(result, indent=2))


def generate(folder: Path, count: int) -> None:
    """Write `count` pictures, unless their files are there."""
    folder.mkdir(parents=True, exist_ok=True)
    avatars = np.stack([draw(sample_avatar(0, index), SIZE) for index in range(AVATARS)])
    for number, start in enumerate(range(0, count, FILE)):
        file = folder / f"{number:04}.npy"
        if not file.is_file():
            np.save(file, pictures(avatars, number, min(FILE, count - start)))


def pictures(avatars: Pixels, seed: int, count: int) -> Pixels:
    """Tiles of random avatars, each at its place, and noise: N x 64 x 64 x 3."""
    rng, side = np.random.default_rng(seed), SIZE // TILE
    tiles = avatars.reshape(AVATARS, side, TILE, side, TILE, 3)
    result = np.empty((count, side, TILE, side, TILE, 3), np.uint8)
    for row in range(side):
        for column in range(side):
            chosen = rng.integers(0, AVATARS, count)
            result[:, row, :, column] = tiles[chosen, row, :, column]
    noise = rng.integers(0, 8, result.shape, np.uint8)
    return np.asarray(result // 2 + 64 + noise).reshape(count, SIZE, SIZE, 3)


if __name__ == "__main__":
    main()
