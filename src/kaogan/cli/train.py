"""`kaogan train`: from pictures to a generator."""

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kaogan.errors import UsageError, typed
from kaogan.progress import clock

if TYPE_CHECKING:
    from kaogan.data.dataset import Dataset
    from kaogan.training.run import Run

RECIPE_OPTIONS = (
    ("--batch", int, "N", "pictures in a batch (32; dcgan 128)"),
    ("--width", int, "N", "channels of the largest map (64)"),
    ("--latent", int, "N", "entries of a latent vector (100)"),
    ("--upsample", str, "HOW", "transposed, or resize (transposed)"),
    ("--framework", str, "NAME", "pytorch or keras (pytorch)"),
    (
        "--loss",
        str,
        "NAME",
        "relativistic, hinge, leastsquares, minimax, wasserstein, nonsaturating (the last: dcgan)",
    ),
    ("--label-smoothing", float, "S", "real labels are 1 - S, with cross-entropy (0)"),
    ("--norm", str, "HOW", "of D: none, batch, spectral (none; dcgan batch)"),
    ("--initialization", str, "HOW", "of D: he or normal (he; dcgan normal)"),
    ("--minibatch-std", int, "N", "group whose spread D sees, 0: none (4; dcgan 0)"),
    ("--packing", int, "N", "pictures that D judges together (1)"),
    ("--penalty-interval", int, "K", "penalise every K-th step, K times as much (4)"),
    ("--lr", float, "RATE", "Adam's learning rate (3e-4; dcgan 2e-4)"),
    ("--beta1", float, "B", "Adam's first momentum (0; dcgan 0.5)"),
    ("--beta2", float, "B", "Adam's second momentum (0.99; dcgan 0.999)"),
    ("--ema-share", float, "S", "half-life of the EMA, share of images seen (0.015)"),
    ("--anneal-images", int, "N", "rates and penalties fall so long; 0: they do not"),
    ("--seed", int, "N", "seed of everything random (0)"),
)


SECONDS_TO_MEASURE = 3.0
"""How long training is tried for, to fit a recipe to a time."""


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "train",
        usage="kaogan train [options] DATA",  # all of them would take nine lines
        help="train a GAN on pictures",
        description="Train a DCGAN. DATA is a prepared data set, or a folder or archive of "
        "pictures, which is prepared first. The same command again goes on where it stopped.",
        allow_abbrev=False,
    )
    command.add_argument("data", metavar="DATA", help="data set, folder or archive")
    command.add_argument("--out", metavar="RUN", help="folder of the run (runs/DATA's name)")
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    budget = command.add_argument_group("how long, from the run's beginning (--images 1000000)")
    budget.add_argument("--images", type=int, metavar="N", help="images seen")
    budget.add_argument("--epochs", type=float, metavar="N", help="passes over the data")
    budget.add_argument("--minutes", type=float, metavar="N", help="minutes of training")
    recipe = command.add_argument_group("recipe")
    recipe.add_argument("--size", type=int, metavar="N", help="32 to 256 (DATASET's, else 64)")
    recipe.add_argument("--channels", type=int, metavar="N", help="1 or 3 (DATASET's, else 3)")
    recipe.add_argument(
        "--recipe",
        default="standard",
        metavar="NAME",
        help="standard or dcgan; see kaogan recipes (standard)",
    )
    for name, kind, metavar, text in RECIPE_OPTIONS:
        recipe.add_argument(name, type=kind, metavar=metavar, help=text)
    recipe.add_argument(
        "--penalty",
        action="append",
        default=[],
        metavar="P=W",
        help="on D: r1, r2, gradient-penalty; or none (r1=1 r2=1)",
    )
    recipe.add_argument(
        "--mirror",
        action=argparse.BooleanOptionalAction,
        help="mirror half of the pictures; wrong for text",
    )
    hardware = command.add_argument_group("hardware")
    hardware.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (auto)")
    hardware.add_argument(
        "--precision",
        choices=("auto", "fp32", "bf16", "fp16"),
        default="auto",
        metavar="FORMAT",
        help="fp32, bf16, fp16 or auto (auto)",
    )
    hardware.add_argument("--workers", type=int, default=1, metavar="N", help="threads (1)")
    hardware.add_argument(
        "--no-compile", action="store_true", help="no torch.compile and no CUDA graph on GPUs"
    )
    hardware.add_argument(
        "--no-tune", action="store_true", help="no own algorithms for convolutions on CPUs"
    )
    watch = command.add_argument_group("watching")
    watch.add_argument(
        "--checkpoint-minutes", type=float, default=5.0, metavar="N", help="how often to save (5)"
    )
    watch.add_argument(
        "--evaluate-every",
        type=int,
        default=10_000,
        metavar="IMAGES",
        help="between evaluations, later rarer; 0: never (10000)",
    )
    watch.add_argument(
        "--stop-when-flat", action="store_true", help="stop when faces no longer improve"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Train, then say what to look at and what to do next."""
    from pydantic import ValidationError

    from kaogan import recipes
    from kaogan.bench.measure import assemble, training_rates
    from kaogan.fitting import fitted
    from kaogan.training.recipe import Budget, Hardware, Recipe, Watch
    from kaogan.training.run import Run
    from kaogan.training.tasks.images import DEFAULT_BUDGET, train

    given: dict[str, Any] = {
        "latent_dim" if name == "--latent" else name[2:].replace("-", "_"): value
        for name, *_ in RECIPE_OPTIONS
        if (value := getattr(options, name[2:].replace("-", "_"))) is not None
    }
    if options.penalty:
        given["penalties"] = penalties(options.penalty)
    if options.mirror is not None:
        given["mirror"] = options.mirror
    if given.get("anneal_images") == 0:
        given["anneal_images"] = None
    recipes.named(options.recipe, **given, **_shape(options))  # complain before preparing gigabytes

    def rate(recipe: Recipe) -> float:
        trainer = assemble(recipe, dataset.train, hardware)
        return statistics.median(training_rates(trainer, SECONDS_TO_MEASURE))

    try:
        asked = {key: getattr(options, key) for key in ("images", "epochs", "minutes")}
        limits = {key: value for key, value in asked.items() if value is not None}
        budget = Budget(**limits) if limits else DEFAULT_BUDGET
        hardware = Hardware(
            device=options.device,
            precision=options.precision,
            workers=options.workers,
            compile=not options.no_compile,
            tune=not options.no_tune,
        )
        watch = Watch(
            checkpoint_minutes=options.checkpoint_minutes,
            evaluate_every=options.evaluate_every,
            stop_when_flat=options.stop_when_flat,
        )
    except ValidationError as error:
        raise UsageError(recipes.explain(error)) from None
    dataset = _dataset(options)
    out = Path(options.out or Path("runs") / _name(options.data))
    fit = fitted(options.recipe, cast(recipes.Options, given), dataset, budget, Run(out), rate)
    for remark in fit.remarks:
        print(remark, file=sys.stderr)
    trained = train(fit.recipe, dataset, out, budget, hardware, watch)
    state = trained.read("newest")[1]
    used = budget.share_used(state["images_seen"], state["seconds"], len(dataset))
    _report(trained, state, None if used >= 1 else options.command_line, options.json)


def penalties(given: list[str]) -> dict[str, float]:
    """["r1=10"] to {"r1": 10.0}; ["none"] to {}."""
    if given == ["none"]:
        return {}
    weights: dict[str, float] = {}
    for each in given:
        name, _, weight = each.partition("=")
        if name in weights:
            raise UsageError(f"--penalty {name} was given twice; give it once")
        try:
            weights[name] = float(weight)
        except ValueError:
            raise UsageError(
                f"--penalty {each} has no weight; give NAME=WEIGHT, e.g. --penalty r1=1"
            ) from None
    return weights


def _shape(options: argparse.Namespace) -> dict[str, Any]:
    """Size and channels, as far as they were asked for."""
    asked = {"size": options.size, "channels": options.channels}
    return {key: value for key, value in asked.items() if value is not None}


def _dataset(options: argparse.Namespace) -> "Dataset":
    """The data set that DATA is, or one prepared from it."""
    from kaogan.data.cache import prepare_cached
    from kaogan.data.dataset import is_dataset, open_dataset

    if not is_dataset(options.data):
        return prepare_cached(options.data, **_shape(options))
    dataset = open_dataset(options.data)
    for key, asked in _shape(options).items():
        there = {"size": dataset.size, "channels": dataset.channels}[key]
        if asked != there:
            raise UsageError(
                f"{options.data} was prepared with --{key} {there}, not {asked}; leave --{key} "
                f"away, or prepare it again: kaogan data prepare SOURCE --{key} {asked} --out NEW"
            )
    return dataset


def _name(data: str) -> str:
    """A folder's name, or an archive's without its extensions."""
    return Path(data).resolve().name.split(".")[0] or "run"


def _report(trained: "Run", state: dict[str, Any], go_on: str | None, as_json: bool) -> None:
    """What came out, which files to look at, and what to run next; `go_on` if it was stopped."""
    shown = ("faces.png", "real-and-generated.png", "timelapse.mp4", "curves.png", "log.txt")
    files = {name: str(trained.path / name) for name in shown if (trained.path / name).exists()}
    if as_json:
        result = {"run": str(trained.path), "images_seen": state["images_seen"]}
        print(json.dumps({**result, "seconds": state["seconds"], "files": files}))
        return
    print(f"{state['images_seen']:,} images seen in {clock(state['seconds'])}. Look at:")
    for file in files.values():
        print(f"  {file}")
    if go_on:
        print(f"Go on: {go_on}")
    print(f"Draw more: kaogan sample {typed(trained.path)} --count 16 --out more.png")
