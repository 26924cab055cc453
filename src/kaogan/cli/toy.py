"""`kaogan toy`: GANs on simulated points, and the measurement of lost modes."""

import argparse
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.errors import UsageError
from kaogan.progress import clock

if TYPE_CHECKING:
    from kaogan.bench.toy import MeanAndError, Result

LOSSES = "a loss; those of kaogan train --help"
BENCH_STEPS = 40_000


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command, and the one below it."""
    command = commands.add_parser(
        "toy",
        help="watch a GAN learn points on a line or in a plane",
        description="Train small networks on points whose distribution is known, and film the "
        "training: real and generated points, the discriminator's output, and its gradient. "
        "The same command again goes on where it stopped.",
        allow_abbrev=False,
    )
    command.add_argument(
        "--data",
        default="ring",
        metavar="NAME",
        help="gaussian, mixture, ring, grid, spiral, moons, or a CSV file of points (ring)",
    )
    command.add_argument("--out", metavar="RUN", help="folder of the run (runs/toy-NAME)")
    command.add_argument(
        "--loss", default="relativistic", metavar="NAME", help=f"{LOSSES} (relativistic)"
    )
    command.add_argument(
        "--penalty",
        action="append",
        metavar="NAME=WEIGHT",
        help="r1, r2 or gradient-penalty; repeatable (r1=0.1 and r2=0.1 for relativistic)",
    )
    command.add_argument("--steps", type=int, metavar="N", help="steps of the whole run (3000)")
    command.add_argument("--batch", type=int, metavar="N", help="points in a batch (128)")
    command.add_argument("--width", type=int, metavar="N", help="hidden units of a layer (128)")
    command.add_argument(
        "--packing", type=int, metavar="N", help="points that the discriminator judges together (1)"
    )
    command.add_argument(
        "--lr", type=float, metavar="RATE", help="learning rate (6e-3 with penalties, else 1e-3)"
    )
    command.add_argument("--seed", type=int, metavar="N", help="seed of everything random (0)")
    command.add_argument("--device", default="cpu", help="auto, cpu, cuda, cuda:1, mps (cpu)")
    command.add_argument("--no-film", action="store_true", help="train only, draw nothing")
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    command.set_defaults(run=run)
    _add_bench(command.add_subparsers(title="commands", metavar="COMMAND"))


def _add_bench(commands: "argparse._SubParsersAction[Any]") -> None:
    bench = commands.add_parser(
        "bench",
        help="measure lost modes as the PacGAN paper does",
        description="Train on the ring and the grid, several seeds at once, judge 2,500 points of "
        "each, and print mean and standard error beside the paper's figures. The relativistic "
        "loss comes with kaogan's small networks, any other one with the paper's networks and "
        "optimiser. Everything is kept: the same command again goes on where it stopped.",
        allow_abbrev=False,
    )
    bench.add_argument(
        "--loss",
        action="append",
        metavar="NAME",
        help=f"{LOSSES}; repeatable (nonsaturating and relativistic)",
    )
    bench.add_argument(
        "--seeds", type=int, default=3, metavar="N", help="seeds, trained together (3)"
    )
    bench.add_argument(
        "--steps", type=int, default=BENCH_STEPS, metavar="N", help="steps of each run (40000)"
    )
    bench.add_argument(
        "--packing",
        type=int,
        default=1,
        metavar="N",
        help="points that the discriminator judges together (1)",
    )
    bench.add_argument(
        "--out",
        default="runs/toy-bench",
        metavar="FOLDER",
        help="folder of the runs (runs/toy-bench)",
    )
    bench.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (auto)")
    bench.add_argument("--json", action="store_true", help="print the results as JSON")
    bench.set_defaults(run=run_bench)


def run(options: argparse.Namespace) -> None:
    """Train on points, then say what came out."""
    from kaogan import recipes
    from kaogan.cli.train import penalties
    from kaogan.data.toy import distribution
    from kaogan.training.recipe import Budget, Hardware, Watch
    from kaogan.training.tasks.points import train_toy

    target = distribution(options.data)
    names = ("steps", "batch", "width", "packing", "lr", "seed")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    steps = given.setdefault("steps", recipes.TOY_STEPS)
    if options.penalty is not None:
        given["penalties"] = penalties(options.penalty)
    recipe = recipes.toy(target.dim, options.loss, **given)
    name = Path(options.data).name
    out = Path(options.out or Path("runs") / f"toy-{Path(name).stem}")
    budget = Budget(images=steps * recipe.batch)
    watch = Watch(evaluate_every=max(1, steps // 20) * recipe.batch)
    hardware = Hardware(device=options.device, precision="fp32", tune=False)
    trained = train_toy(recipe, target, name, out, budget, hardware, watch, not options.no_film)
    result = json.loads((trained.path / "toy.json").read_text(encoding="utf-8"))
    if options.json:
        print(json.dumps({"run": str(trained.path), **result}))
    else:
        print("\n".join(_report(trained.path, result)))
        if result["steps"] < steps:
            print(f"Go on: {options.command_line}")


def _report(path: Path, result: dict[str, Any]) -> list[str]:
    """The final numbers, and what to look at."""
    lines = [f"{result['steps']:,} steps in {clock(result['seconds'])}."]
    scores = result["ema"][0]
    if "modes" in scores:
        kl = "infinite" if scores["reverse_kl"] is None else f"{scores['reverse_kl']:.3f}"
        lines += [
            f"  modes covered  {scores['covered']} of {scores['modes']}",
            f"  high quality   {scores['high_quality']:.1%} of the points are within 3 standard "
            "deviations of a mode",
            f"  reverse KL     {kl}",
        ]
    else:
        lines += [
            f"  coverage       {scores['coverage']:.1%}",
            f"  density        {scores['density']:.3f} (1 is best)",
        ]
    for key in ("mean", "std"):
        lines.append(f"  {key:<14} {', '.join(f'{value:.3f}' for value in scores[key])}")
    files = ("timelapse.mp4", "timelapse.webp", "curves.png", "toy.json")
    return [
        *lines,
        "Look at:",
        *(f"  {path / name}" for name in files if (path / name).exists()),
    ]


def run_bench(options: argparse.Namespace) -> None:
    """Train, judge, and print a table."""
    from kaogan.bench.toy import PAPER, Setting, run_setting
    from kaogan.training.recipe import Hardware

    if not 1 <= options.seeds <= 64 or options.steps < 1:
        raise UsageError("a measurement needs 1 to 64 seeds and at least one step")
    losses = options.loss or ["nonsaturating", "relativistic"]
    settings = [Setting(loss, options.seeds, options.steps, options.packing) for loss in losses]
    for setting in settings:
        setting.recipe  # noqa: B018  # complains before the first one trains for an hour
    hardware = Hardware(device=options.device, precision="fp32", tune=False)
    ours = {}
    for setting in settings:
        packed = f" in packs of {setting.packing}" if setting.packing > 1 else ""
        found = run_setting(
            setting, Path(options.out) / f"{setting.loss}-{setting.packing}", hardware
        )
        ours[f"{setting.loss}{packed}"] = dict(found)
    if options.json:
        about = {"seeds": options.seeds, "steps": options.steps}
        print(json.dumps(about | {"results": _as_dict(ours), "paper": _as_dict(PAPER)}))
        return
    print(f"kaogan: {options.seeds} seeds, {options.steps:,} steps; paper: 10 seeds, 400,000 steps")
    print(_HEADING)
    for name, results in PAPER.items():
        print(_row(f"paper, {name}", results))
    for name, results in ours.items():
        print(_row(f"kaogan, {name}", results))


_HEADING = (
    f"{'':<24}  {'ring: modes':>12} {'quality %':>12} {'rev. KL':>12}"
    f"  {'grid: modes':>12} {'quality %':>12} {'rev. KL':>12}"
)


def _row(name: str, results: "dict[str, Result] | Any") -> str:
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


def _as_dict(results: Any) -> dict[str, Any]:
    return {
        name: {data: dataclasses.asdict(result) for data, result in by_data.items()}
        for name, by_data in results.items()
    }
