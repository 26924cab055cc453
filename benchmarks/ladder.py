"""Which figure sees what? Real pictures made worse step by step, and checkpoints, all measured.

    python benchmarks/ladder.py DATASET --generator faces-64 --checkpoints RUN/checkpoints ...

A ladder goes from good to bad. A figure orders it if each rung is worse by it than the one before.
Measured as in a training: 1,000 pictures against as many held-out ones (`kaogan.metrics.quick`).
Blurred, noisy, few and mixed pictures are made of training pictures; checkpoints of a run must get
better with the images seen.
"""

import argparse
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import adaptive_avg_pool2d

import kaogan
from kaogan.data.dataset import Dataset, open_dataset
from kaogan.images import Pixels
from kaogan.metrics.clouds import PictureSource
from kaogan.metrics.features import load_extractor
from kaogan.metrics.quick import Reference, quick
from kaogan.training import checkpoints
from kaogan.training.run import sampler_of

BLUR = (0.0, 0.4, 0.6, 0.8, 1.2, 2.0)
"""Deviation of a Gaussian, pixels."""
NOISE = (0, 8, 16, 32)
"""Deviation, grey levels of 255."""
FEW = (1, 2, 4, 8, 16, 32, 100)
"""The number of pictures is divided by this; the rest are repeats with small changes."""
SHARES = (0, 0.25, 0.5, 0.75, 1)
"""Generated pictures among real ones."""
FIGURES = {"fd": 1, "kid": 1, "recall": -1, "density": -1, "coverage": -1}
"""1: lower is better; -1: higher is."""

Ladder = Iterator[tuple[str, Pixels]]


def blurred(real: Pixels) -> Ladder:
    """A Gaussian blur, wider and wider; mirrored at the border."""
    for sigma in BLUR:
        reach = int(3 * sigma + 1)
        places = np.arange(-reach, reach + 1)
        weights = np.exp(-(places**2) / (2 * sigma**2)) if sigma else 1.0 * (places == 0)
        out = real.astype(np.float32)
        for axis in (1, 2):
            width = [(reach, reach) if axis == each else (0, 0) for each in range(4)]
            windows = np.lib.stride_tricks.sliding_window_view(
                np.pad(out, width, mode="reflect"), len(places), axis
            )
            out = windows @ (weights / weights.sum()).astype(np.float32)
        yield f"{sigma:g}", out.round().clip(0, 255).astype(np.uint8)


def noisy(real: Pixels) -> Ladder:
    """White noise, stronger and stronger."""
    noise = np.random.default_rng(0).normal(size=real.shape)
    for level in NOISE:
        yield str(level), (real + level * noise).round().clip(0, 255).astype(np.uint8)


def repeated(real: Pixels) -> Ladder:
    """Fewer and fewer pictures, each many times: mirrored, shifted, with a little noise."""
    for divisor in FEW:
        count = max(2, len(real) // divisor)
        yield str(count), changed(real[np.arange(len(real)) % count])


def represented(real: Pixels) -> Ladder:
    """Each picture is replaced by that of its cluster, of fewer and fewer (k-means, 8 x 8)."""
    planes = torch.from_numpy(real).permute(0, 3, 1, 2).float()
    points = adaptive_avg_pool2d(planes, 8).flatten(1)
    for divisor in FEW:
        count = max(2, len(real) // divisor)
        centres = points[:count]
        for _ in range(15 if divisor > 1 else 0):
            nearest = torch.cdist(points, centres).argmin(dim=1)
            members = [points[nearest == each] for each in range(count)]
            centres = torch.stack(
                [m.mean(dim=0) if len(m) else c for m, c in zip(members, centres, strict=True)]
            )
        distances = torch.cdist(points, centres)
        chosen = distances.argmin(dim=0)[distances.argmin(dim=1)]
        yield str(count), changed(real[chosen.numpy()])


def changed(pictures: Pixels) -> Pixels:
    """No two alike, to the pixel: half of them mirrored, moved by a pixel at most, noise of 5."""
    rng = np.random.default_rng(0)
    out = np.empty_like(pictures)
    for place, picture in enumerate(pictures):
        moved = np.roll(picture, rng.integers(-1, 2, 2), axis=(0, 1))
        moved = moved[:, ::-1] if rng.random() < 0.5 else moved
        out[place] = (moved + rng.normal(0, 5, moved.shape)).round().clip(0, 255)
    return out


def mixed(real: Pixels, generated: Pixels) -> Ladder:
    """More and more generated pictures among the real ones."""
    for share in SHARES:
        count = round(share * len(real))
        yield f"{share:.0%}", np.concatenate([generated[:count], real[count:]])


def trained(folder: Path, count: int) -> Ladder:
    """The checkpoints in a folder, the latest first: better with the images seen."""
    for checkpoint in reversed(checkpoints.found(folder)):
        sampler = sampler_of(*checkpoints.read(checkpoint))
        yield f"{checkpoints.images_seen(checkpoint):,}", sampler.sample(count)


def ladders(
    dataset: Dataset, count: int, generators: list[str], folders: list[Path]
) -> Iterator[tuple[str, Ladder]]:
    """All of them, by name."""
    real = PictureSource.shuffled(dataset.train, 1).draw(0, count)
    yield "blur, pixels", blurred(real)
    yield "noise, of 255", noisy(real)
    yield "different pictures", repeated(real)
    yield "clusters", represented(real)
    for name in generators:
        yield f"mixed with {name}", mixed(real, kaogan.pretrained(name).sample(count))
    for folder in folders:
        newest = checkpoints.read(checkpoints.found(folder)[-1])
        yield f"mixed with {folder}", mixed(real, sampler_of(*newest).sample(count))
        yield f"images seen, {folder}", trained(folder, count)


def ordered(rows: list[dict[str, float]], figure: str) -> bool:
    """Is every rung worse by this figure than the one before?"""
    return all(FIGURES[figure] * (b[figure] - a[figure]) > 0 for a, b in pairwise(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATASET")
    parser.add_argument("--count", type=int, default=1000, help="pictures of each side (1000)")
    parser.add_argument("--features", default="random")
    parser.add_argument("--generator", nargs="*", default=[], metavar="PRETRAINED")
    parser.add_argument("--checkpoints", nargs="*", default=[], type=Path, metavar="FOLDER")
    options = parser.parse_args()

    dataset = open_dataset(options.data)
    reference = Reference.of(dataset.held_out, load_extractor(options.features), options.count)
    print(f"| ladder | rung | {' | '.join(FIGURES)} |", "|---" * (2 + len(FIGURES)) + "|", sep="\n")
    verdicts = []
    chosen = ladders(dataset, len(reference), options.generator, options.checkpoints)
    for name, ladder in chosen:
        rows = []
        for rung, pictures in ladder:
            rows.append(quick(reference, torch.from_numpy(pictures)))
            figures = " | ".join(f"{rows[-1][figure]:.4g}" for figure in FIGURES)
            print(f"| {name} | {rung} | {figures} |", flush=True)
        cells = ["yes" if ordered(rows, figure) else "no" for figure in FIGURES]
        verdicts.append(f"| {name} | {' | '.join(cells)} |")
    print(f"\n| ordered by | {' | '.join(FIGURES)} |", "|---" * (1 + len(FIGURES)) + "|", sep="\n")
    print("\n".join(verdicts))


if __name__ == "__main__":
    main()
