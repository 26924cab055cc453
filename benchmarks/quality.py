"""The study: which settings of the game make the best faces? Trains, evaluates, draws the curves.

    python benchmarks/quality.py DATASET --out runs/study --images 40000 --width 32
    python benchmarks/quality.py DATASET --out runs/study --images 40000 --width 32 --only standard
    python benchmarks/quality.py DATASET --out runs/study-5 --minutes 5 --only "width 32" "width 64"
    python benchmarks/quality.py DATASET --out runs/study --draw

All settings see the same data and seed, and the same number of images, or train for the same
minutes. The learning rates fall over the whole training unless the setting says otherwise; for a
time, its images are estimated from the measured rate. An unfinished training resumes. Every run is
judged at its end with the figures of `kaogan evaluate`; with --brief, with those of the evaluation
that ends the training (1,000 pictures). The last form trains nothing: it draws OUT/study.png and
prints a table in Markdown.
"""

import argparse
import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from matplotlib.figure import Figure
from torch import Tensor, nn

from kaogan import recipes
from kaogan.bench.measure import assemble, training_rates
from kaogan.data.dataset import Dataset, open_dataset
from kaogan.fitting import rounded
from kaogan.images import Pixels
from kaogan.metrics.clouds import PictureSource
from kaogan.metrics.evaluate import evaluate
from kaogan.models import models
from kaogan.models.dcgan import DCGAN, Discriminator, Generator, initialize, initialize_he
from kaogan.options import Options
from kaogan.schedules import Cosine
from kaogan.training.recipe import Budget, Hardware, Recipe, Watch
from kaogan.training.rows import read_rows
from kaogan.training.run import Run
from kaogan.training.tasks.images import train


class PixelNorm(nn.Module):
    """x / sqrt(mean over channels of x^2 + 1e-8): Karras et al., ProGAN (2018), section 4.2."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps * (maps.square().mean(1, keepdim=True) + 1e-8).rsqrt()


@models.register("dcgan-pixel-norm")
class PixelNormed(DCGAN):
    """A DCGAN whose generator has pixel norm where the paper has batch norm."""

    name: Literal["dcgan-pixel-norm"] = "dcgan-pixel-norm"  # type: ignore[assignment]

    def generator(self) -> Generator:
        network = super().generator()
        layers = [
            PixelNorm() if isinstance(x, nn.BatchNorm2d) else x for x in network.layers.children()
        ]
        network.layers = nn.Sequential(*layers)
        for layer in layers[:-2]:  # He's weights; the last one stays small, before tanh
            if isinstance(layer, nn.ConvTranspose2d):
                nn.init.kaiming_normal_(layer.weight.transpose(0, 1), nonlinearity="relu")
        return network


@models.register("dcgan-full-resolution")
class FullResolution(DCGAN):
    """A DCGAN with one more stage at the full resolution, in the generator or in both networks.

    The paper's generator has no nonlinearity at the full resolution: its last layer makes the
    pixels out of a map of half the size.
    """

    name: Literal["dcgan-full-resolution"] = "dcgan-full-resolution"  # type: ignore[assignment]
    both: bool = False

    def generator(self) -> Generator:
        network = super().generator()
        *layers, last, tanh = network.layers.children()
        assert isinstance(last, nn.ConvTranspose2d)
        half = self.width // 2
        network.layers = nn.Sequential(
            *layers,
            nn.ConvTranspose2d(last.in_channels, half, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(half),
            nn.ReLU(inplace=True),
            nn.Conv2d(half, self.channels, 3, padding=1, bias=False),
            tanh,
        )
        network.apply(initialize)
        return network

    def discriminator(self) -> Discriminator:
        network = super().discriminator()
        if self.both:
            first, *layers = network.layers.children()
            assert isinstance(first, nn.Conv2d)
            half = self.width // 2
            network.layers = nn.Sequential(
                nn.Conv2d(first.in_channels, half, 3, padding=1),
                nn.LeakyReLU(0.2, inplace=True),
                nn.Conv2d(half, first.out_channels, 4, stride=2, padding=1),
                *layers,
            )
            network.apply(initialize)
            initialize_he(network.layers)
        return network


def both(gamma: float) -> Options:
    """R1 and R2 of this weight."""
    return {"penalties": {"r1": gamma, "r2": gamma}}


SETTINGS: Mapping[str, Options] = {
    "standard": {},
    "gamma 0.1": both(0.1),
    "gamma 0.3": both(0.3),
    "gamma 3": both(3.0),
    "gamma 10": both(10.0),
    "interval 1": {"penalty_interval": 1},
    "interval 8": {"penalty_interval": 8},
    "interval 16": {"penalty_interval": 16},
    "rate 1e-4": {"lr": 1e-4},
    "rate 6e-4": {"lr": 6e-4},
    "rate 1e-3": {"lr": 1e-3},
    "rate of G 1.5e-4": {"generator_lr": 1.5e-4},
    "rate of G 6e-4": {"generator_lr": 6e-4},
    "batch 16": {"batch": 16},
    "batch 64": {"batch": 64},
    "width 32": {"width": 32, "batch": 16},
    "width 48": {"width": 48},
    "width 64": {"width": 64},
    "width 96": {"width": 96},
    "no minibatch std": {"minibatch_std": 0},
    "mirrored for 0.75": {"mirror_until": 0.75},
    "mirrored for 0.9": {"mirror_until": 0.9},
    "mirrored throughout": {"mirror_until": 1.0},
    "not mirrored": {"mirror": False},
    "constant rates": {"anneal_images": None},
    "gamma annealed": {},
    "gamma to a tenth": {},
    "EMA 0.005": {"ema_share": 0.005},
    "EMA 0.05": {"ema_share": 0.05},
    "latent 64": {"latent_dim": 64},
    "latent 256": {"latent_dim": 256},
    "resize": {"upsample": "resize"},
    "pixel norm": {},
    "full resolution in G": {},
    "full resolution in both": {},
}
"""Each is the standard recipe with one part changed."""

PENALTY_ENDS = {"gamma annealed": 0.05, "gamma to a tenth": 0.1}
"""What is left of the penalties' weights at the end; otherwise they are constant."""
OLD = ("old standard", "DCGAN paper")


def recipe_of(name: str, images: int, width: int, seed: int) -> Recipe:
    """The recipe of a setting."""
    shape: Options = {"width": width, "seed": seed}
    if name == "old standard":
        old: Options = {"batch": 32, "lr": 4e-4, "label_smoothing": 0.1}
        return recipes.dcgan(**old | shape)
    if name == "DCGAN paper":
        return recipes.dcgan(**shape)
    options: Options = {"anneal_images": images, **shape, **SETTINGS[name]}
    recipe = recipes.standard(**options)
    if name in PENALTY_ENDS:
        schedule = Cosine(images=images, end=PENALTY_ENDS[name])
        return recipe.model_copy(update={"penalty_schedule": schedule})
    if name.startswith("full resolution"):
        fields = recipe.model.model_dump(exclude={"name"})
        model = FullResolution(**fields, both=name.endswith("both"))
        return recipe.model_copy(update={"model": model})
    if name == "pixel norm":
        fields = recipe.model.model_dump(exclude={"name"})
        return recipe.model_copy(update={"model": PixelNormed(**fields)})
    return recipe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATASET")
    parser.add_argument("--out", type=Path, default=Path("runs/study"))
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--images", type=int, default=40_000)
    length.add_argument("--minutes", type=float, help="of each training, instead of --images")
    parser.add_argument("--width", type=int, default=32, help="channels of the largest map (32)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--evaluate-every", type=int, default=10_000)
    parser.add_argument("--count", type=int, default=1500, help="pictures compared (1500)")
    names = [*SETTINGS, *OLD]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="SETTING")
    parser.add_argument("--brief", action="store_true", help="no evaluation after the training")
    parser.add_argument("--draw", action="store_true", help="train nothing")
    options = parser.parse_args()

    dataset = open_dataset(options.data)
    for name in [] if options.draw else options.only:
        seed = f"-seed-{options.seed}" if options.seed else ""
        folder = options.out / (name.replace(" ", "-") + seed)
        if not (folder / "evaluation.json").exists():
            budget = Budget(images=options.images)
            recipe = recipe_of(name, options.images, options.width, options.seed)
            if options.minutes is not None:
                budget = Budget(minutes=options.minutes)
                images = images_in(options.minutes, Run(folder), recipe, dataset)
                recipe = recipe_of(name, images, options.width, options.seed)
            watch = Watch(evaluate_every=options.evaluate_every)
            run = train(recipe, dataset, folder, budget, watch=watch)
            judge(run, None if options.brief else dataset, options.count)
    folders = sorted(file.parent for file in options.out.glob("*/evaluation.json"))
    draw(folders, options.out / "study.png")
    print(table(folders))


def images_in(minutes: float, run: Run, recipe: Recipe, dataset: Dataset) -> int:
    """How many images a recipe sees in this time; a run that is there keeps its number."""
    if (run.path / "run.json").exists():
        return run.recipe.anneal_images or 1
    rates = training_rates(assemble(recipe, dataset.train, Hardware()), 5.0)
    return rounded(60 * minutes * statistics.median(rates))


def judge(run: Run, dataset: Dataset | None, count: int) -> None:
    """Write the figures of the run's end into the run: of an evaluation, or of its last row."""
    if dataset is None:
        last = read_rows(run.evaluations)[-1]
        figures = [
            {"label": label, "against": {"held-out": {"value": last[key]}}}
            for key, label in PANELS.items()
        ]
        about = {"seconds": run.read("newest")[1]["seconds"], "figures": figures}
        (run.path / "evaluation.json").write_text(json.dumps(about) + "\n", encoding="utf-8")
        return
    sampler = run.sampler("newest")

    def sample(start: int, number: int) -> Pixels:
        return sampler.sample(number, start)

    state = run.read("newest")[1]
    about = {"what": run.path.name, "images seen": state["images_seen"]}
    report = evaluate(PictureSource(sample), about, dataset, count=count)
    text = json.dumps(report.model_dump(mode="json") | {"seconds": state["seconds"]}, indent=2)
    (run.path / "evaluation.json").write_text(text + "\n", encoding="utf-8")


PANELS = {"fd": "Fréchet distance", "kid": "KID", "recall": "recall", "density": "density"}
PANELS |= {"coverage": "coverage"}


def draw(folders: list[Path], target: Path) -> None:
    """The curves of all runs: a row for each figure, over images seen and over minutes."""
    figure = Figure(figsize=(13, 16), dpi=100, layout="constrained")
    grid = figure.subplots(len(PANELS), 2, sharex="col", sharey="row")
    for number, folder in enumerate(folders):
        rows = list(read_rows(folder / "evaluation.jsonl"))
        about = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
        minutes = about["seconds"] / 60 / max(row["images_seen"] for row in rows)
        style = {"color": f"C{number % 10}", "ls": ("-", "--", ":")[number // 10 % 3]}
        for (key, label), (by_images, by_time) in zip(PANELS.items(), grid, strict=True):
            values = [row[key] for row in rows]
            for axes, scale in ((by_images, 1.0), (by_time, minutes)):
                images = [scale * row["images_seen"] for row in rows]
                axes.plot(images, values, label=folder.name, **style)
            by_images.set_ylabel(label)
            if key in ("fd", "kid"):
                by_images.set_yscale("log")
    for axes in grid.flat:
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    grid[-1, 0].set_xlabel("images seen")
    grid[-1, 1].set_xlabel("minutes")
    grid[0, 1].legend(frameon=False, ncols=2, fontsize=8)
    figure.savefig(target)


def table(folders: list[Path]) -> str:
    """The figures at the end of every run, as Markdown; the best Fréchet distance first."""
    reports = [json.loads((folder / "evaluation.json").read_text("utf-8")) for folder in folders]
    found = [
        (folder.name, report["seconds"], {each["label"]: each for each in report["figures"]})
        for folder, report in zip(folders, reports, strict=True)
    ]
    labels = [label for label in found[0][2] if all(label in each[2] for each in found)]
    lines = ["| setting | minutes | " + " | ".join(labels) + " |"]
    lines.append("|---" * (len(labels) + 2) + "|")
    for name, seconds, figures in sorted(found, key=lambda each: _held_out(each[2][labels[0]])):
        values = " | ".join(f"{_held_out(each):.3g}" for each in figures.values())
        lines.append(f"| {name} | {seconds / 60:.1f} | {values} |")
    return "\n".join(lines)


def _held_out(figure: Mapping[str, Any]) -> float:
    return float(figure["against"]["held-out"]["value"])


if __name__ == "__main__":
    main()
