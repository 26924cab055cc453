"""Is the standard recipe the best one? Trains it and worse ones, evaluates all, draws the curves.

    python benchmarks/quality.py DATASET --out runs/quality --images 40000
    python benchmarks/quality.py DATASET --out runs/quality --only standard

Same data, seed and number of images seen. "no EMA" is the standard run drawn with raw weights.
Each is judged at its best checkpoint. Trainings that are there already are gone on with; what is
finished is only evaluated.
"""

import argparse
import json
from pathlib import Path
from typing import Literal

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from torch import nn

from kaogan import recipes
from kaogan.data.dataset import Dataset, open_dataset
from kaogan.images import Pixels
from kaogan.metrics.clouds import Pictures
from kaogan.metrics.evaluate import evaluate
from kaogan.models import models
from kaogan.models.dcgan import DCGAN
from kaogan.registry import Component
from kaogan.training.observers.log import read_rows
from kaogan.training.recipe import Budget, Recipe, Watch
from kaogan.training.run import Run, Weights, sampler_of
from kaogan.training.train import train


def without_norm(network: nn.Module) -> nn.Module:
    """The network with every batch norm replaced by nothing."""
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(parent, name, nn.Identity())
    return network


@models.register("dcgan-without-norm")
class WithoutNorm(Component):
    """A DCGAN without batch norm, in either network."""

    name: Literal["dcgan-without-norm"] = "dcgan-without-norm"
    latent_dim: int = 100

    @property
    def sample_shape(self) -> tuple[int, int, int]:
        return (3, 64, 64)

    def generator(self) -> nn.Module:
        return without_norm(DCGAN().generator())

    def discriminator(self) -> nn.Module:
        return without_norm(DCGAN().discriminator())


RECIPES = {
    "standard": recipes.dcgan(),
    "half the learning rate": recipes.dcgan(lr=2e-4),
    "the first recipe": recipes.dcgan(batch=64, lr=2e-4, label_smoothing=0),
    "without batch norm": Recipe(model=WithoutNorm()),
    "a quarter of the width": recipes.dcgan(width=16),
}
ROWS: dict[str, tuple[str, Weights]] = {
    "standard": ("standard", "ema"),
    "no EMA": ("standard", "raw"),
    "half the learning rate": ("half the learning rate", "ema"),
    "the first recipe": ("the first recipe", "ema"),
    "without batch norm": ("without batch norm", "ema"),
    "a quarter of the width": ("a quarter of the width", "ema"),
}
COLOURS = ("#3b6fb6", "#d1495b", "#3a9d6e", "#c98b1b", "#7a5ca8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATASET")
    parser.add_argument("--out", type=Path, default=Path("runs/quality"))
    parser.add_argument("--images", type=int, default=40_000)
    parser.add_argument("--evaluate-every", type=int, default=4000)
    parser.add_argument("--count", type=int, default=1500, help="pictures compared (1500)")
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=list(RECIPES))
    options = parser.parse_args()

    dataset = open_dataset(options.data)
    watch = Watch(evaluate_every=options.evaluate_every)
    for name in options.only:
        folder = options.out / name.replace(" ", "-")
        train(RECIPES[name], dataset, folder, Budget(images=options.images), watch=watch)
    folders = {name: options.out / name.replace(" ", "-") for name in RECIPES}
    draw_qualities({n: f / "evaluation.jsonl" for n, f in folders.items()}, options.out)
    for row, (name, weights) in ROWS.items():
        if name in options.only:
            judge(row, folders[name], weights, dataset, options.count)


def draw_qualities(files: dict[str, Path], out: Path) -> None:
    """KID and coverage of all runs over images seen, as OUT/quality.png; a ring at the best KID."""
    figure = Figure(figsize=(8, 6), dpi=120, layout="constrained")
    axes = figure.subplots(2, 1, sharex=True)
    for (name, file), colour in zip(files.items(), COLOURS, strict=False):
        rows = list(read_rows(file))
        if not rows:
            continue
        best = min(rows, key=lambda row: float(row["kid"]))
        for panel, key in zip(axes, ("kid", "coverage"), strict=True):
            images, values = [r["images_seen"] for r in rows], [r[key] for r in rows]
            panel.plot(images, values, ".-", color=colour, label=name)
            panel.plot(best["images_seen"], best[key], "o", color=colour, ms=9, mfc="white")
    axes[0].set_yscale("log")
    axes[0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes[0].yaxis.set_major_formatter("{x:g}")
    axes[0].yaxis.set_minor_formatter(NullFormatter())
    axes[0].set_ylabel("KID, lower is better")
    axes[0].legend(frameon=False)
    axes[1].set_ylim(0, 1)
    axes[1].set_ylabel("coverage, higher is better")
    axes[1].set_xlabel("images seen")
    axes[1].xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    for panel in axes:
        panel.grid(alpha=0.25)
        panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(out / "quality.png")


def judge(row: str, folder: Path, weights: Weights, dataset: Dataset, count: int) -> None:
    """Evaluate the best checkpoint, and write the report beside the run."""
    tensors, state = Run(folder).read("best")
    sampler = sampler_of(tensors, state, weights)

    def draw(start: int, number: int) -> Pixels:
        return sampler.sample(number, start)

    about = {"what": row, "images seen": state["images_seen"], "weights": weights}
    report = evaluate(
        Pictures(draw), about, dataset, count=count, picture=folder / f"nearest-{weights}.png"
    )
    target = folder.parent / f"{row.replace(' ', '-')}.json"
    target.write_text(json.dumps(report.model_dump(mode="json"), indent=2) + "\n", encoding="utf-8")
    print(row)
    for figure in report.figures:
        against = ", ".join(f"{split} {value}" for split, value in figure.against.items())
        print(f"  {figure.label:28} {against}, floor {figure.floor}")


if __name__ == "__main__":
    main()
