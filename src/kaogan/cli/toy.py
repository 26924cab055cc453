"""`kaogan toy`: GANs on simulated points, and the measurement of lost modes."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.cli import arguments as args
from kaogan.progress import clock

if TYPE_CHECKING:
    from kaogan.bench.toy import MeanAndError, Result

LOSSES = "a loss; kaogan train --help lists them"
PACKING = "points that the discriminator judges together"


def add(commands: args.Commands) -> None:
    """Declare the command, and the one below it."""
    command = commands.add_parser(
        "toy",
        examples=(
            "kaogan toy --data ring",
            "kaogan toy --data grid --loss hinge --out runs/hinge",
        ),
        run=run,
        help="watch a GAN learn points on a line or in a plane",
        description="Train small networks on points whose distribution is known, and film the "
        "training: real and generated points, the discriminator's output, and its gradient. "
        "The same command again resumes the run.",
    )
    data = "gaussian, mixture, ring, grid, spiral, moons, or a CSV file of points"
    args.value(command, "--data", "NAME", "ring", data)
    command.add_argument("--out", metavar="RUN", help="folder of the run (runs/toy-NAME)")
    args.value(command, "--loss", "NAME", "relativistic", LOSSES)
    command.add_argument(
        "--penalty",
        action="append",
        metavar="NAME=WEIGHT",
        help="r1, r2 or gradient-penalty; repeatable (r1=0.1 and r2=0.1 for relativistic)",
    )
    args.value(command, "--steps", "N", 3000, "steps of the whole run", args.within(int, 1))
    args.value(command, "--batch", "N", 128, "points in a batch", args.within(int, 2, 65_536))
    args.value(command, "--width", "N", 128, "hidden units of a layer")
    args.value(command, "--packing", "N", 1, PACKING)
    command.add_argument(
        "--lr", type=float, metavar="RATE", help="learning rate (6e-3 with penalties, else 1e-3)"
    )
    args.value(command, "--seed", "N", 0, "seed of everything random")
    args.shared(command, "--device", default="cpu", help="auto, cpu, cuda, cuda:1, mps (cpu)")
    args.flag(command, "--no-film", "train only, draw nothing")
    args.shared(command, "--json", "--quiet", "--verbose")
    _add_bench(command.add_subparsers(title="commands", metavar="COMMAND"))


def _add_bench(commands: args.Commands) -> None:
    bench = commands.add_parser(
        "bench",
        examples=(
            "kaogan toy bench --seeds 3 --steps 5000",
            "kaogan toy bench --loss nonsaturating --packing 2",
        ),
        run=run_bench,
        help="measure lost modes as the PacGAN paper does",
        description="Train on the ring and the grid with several seeds at once, judge 2,500 points "
        "of each, and print mean and standard error beside the paper's figures. The relativistic "
        "loss uses kaogan's small networks; every other loss uses the paper's networks and "
        "optimiser. Everything is kept: the same command again resumes the runs.",
    )
    bench.add_argument(
        "--loss",
        action="append",
        metavar="NAME",
        help=f"{LOSSES}; repeatable (nonsaturating and relativistic)",
    )
    seeds = "number of seeds, trained together"
    args.value(bench, "--seeds", "N", 3, seeds, args.within(int, 1, 64))
    args.value(bench, "--steps", "N", 40_000, "steps of each run", args.within(int, 1))
    args.value(bench, "--packing", "N", 1, PACKING)
    args.value(bench, "--out", "FOLDER", "runs/toy-bench", "folder of the runs", Path)
    args.shared(bench, "--device", "--json", "--quiet")


def run(options: argparse.Namespace) -> None:
    """Train on points, then print the scores."""
    from kaogan import recipes
    from kaogan.data.toy import distribution
    from kaogan.options import parse_penalties
    from kaogan.records import read_json
    from kaogan.training.recipe import Budget, Hardware, Watch
    from kaogan.training.records import ScoresRecord
    from kaogan.training.tasks.points import train_toy

    target = distribution(options.data)
    asked = args.given(options, "steps", "batch", "width", "packing", "lr", "seed")
    if options.penalty is not None:
        asked["penalties"] = parse_penalties(options.penalty)
    recipe = recipes.toy(target.dim, options.loss, **asked)
    name = Path(options.data).name
    out = Path(options.out or Path("runs") / f"toy-{Path(name).stem}")
    budget = Budget(images=options.steps * recipe.batch)
    watch = Watch(evaluate_every=max(1, options.steps // 20) * recipe.batch)
    hardware = Hardware(device=options.device, precision="fp32", tune=False)
    trained = train_toy(recipe, target, name, out, budget, hardware, watch, not options.no_film)
    result = read_json(trained.path / "toy.json", ScoresRecord).model_dump(exclude_unset=True)
    go_on = [f"Go on: {options.command_line}"] if result["steps"] < options.steps else []
    about = {"run": str(trained.path), **result}
    args.tell(options, about, *_describe(trained.path, result), *go_on)


def _describe(path: Path, result: dict[str, Any]) -> list[str]:
    """The final numbers, and the files to look at."""
    scores = result["ema"][0]
    if "modes" in scores:
        kl = "infinite" if scores["reverse_kl"] is None else f"{scores['reverse_kl']:.3f}"
        rows = {
            "modes covered": f"{scores['covered']} of {scores['modes']}",
            "high quality": f"{scores['high_quality']:.1%} of the points are within 3 standard "
            "deviations of a mode",
            "reverse KL": kl,
        }
    else:
        rows = {
            "coverage": f"{scores['coverage']:.1%}",
            "density": f"{scores['density']:.3f} (1 is best)",
        }
    rows |= {key: ", ".join(f"{value:.3f}" for value in scores[key]) for key in ("mean", "std")}
    files = ("timelapse.mp4", "timelapse.webp", "curves.png", "toy.json")
    return [
        f"{result['steps']:,} steps in {clock(result['seconds'])}.",
        *(f"  {name:<14} {words}" for name, words in rows.items()),
        "Look at:",
        *(f"  {path / name}" for name in files if (path / name).exists()),
    ]


def run_bench(options: argparse.Namespace) -> None:
    """Train, judge, and print a table."""
    from kaogan.bench.toy import PAPER, Setting, run_setting
    from kaogan.training.recipe import Hardware

    losses = options.loss or ["nonsaturating", "relativistic"]
    settings = [Setting(loss, options.seeds, options.steps, options.packing) for loss in losses]
    for setting in settings:
        setting.recipe  # noqa: B018  # complains before the first one trains for an hour
    hardware = Hardware(device=options.device, precision="fp32", tune=False)
    ours = {}
    for setting in settings:
        packed = f" in packs of {setting.packing}" if setting.packing > 1 else ""
        folder = options.out / f"{setting.loss}-{setting.packing}"
        ours[f"{setting.loss}{packed}"] = dict(run_setting(setting, folder, hardware))
    about = {
        "seeds": options.seeds,
        "steps": options.steps,
        "results": ours,
        "paper": PAPER,
    }
    args.tell(
        options,
        about,
        f"kaogan: {options.seeds} seeds, {options.steps:,} steps; paper: 10 seeds, 400,000 steps",
        f"{'':<24}  {'ring: modes':>12} {'quality %':>12} {'rev. KL':>12}"
        f"  {'grid: modes':>12} {'quality %':>12} {'rev. KL':>12}",
        *(_row(f"paper, {name}", results) for name, results in PAPER.items()),
        *(_row(f"kaogan, {name}", results) for name, results in ours.items()),
    )


def _row(name: str, results: "Mapping[str, Result]") -> str:
    cells = [f"{name:<24}"]
    for data in ("ring", "grid"):
        result = results[data]
        cells.append(
            f" {_cell(result.covered, 1):>12} {_cell(result.high_quality, 1, 100):>12}"
            f" {_cell(result.reverse_kl, 3):>12}"
        )
    return " ".join(cells)


def _cell(figure: "MeanAndError", digits: int, scale: float = 1.0) -> str:
    """A mean, and its standard error."""
    mean = f"{scale * figure.mean:.{digits}f}"
    return mean if figure.error is None else f"{mean} ± {scale * figure.error:.{digits}f}"
