"""`kaogan train`: from pictures to a generator."""

import argparse
import shlex
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.cli import arguments as args
from kaogan.cli.recipe_options import add_recipe_options, recipe_options, run_name
from kaogan.errors import UsageError, typed

if TYPE_CHECKING:
    from kaogan.data.dataset import Dataset
    from kaogan.data.shards import Part
    from kaogan.training.recipe import Budget, Recipe
    from kaogan.training.run import Run
    from kaogan.training.world import World

SECONDS_TO_MEASURE = 3.0
"""Seconds of trial training, to fit a recipe to a budget of time."""


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "train",
        run=run,
        late=add_recipe_options,
        usage="kaogan train [options] DATA",  # all of them would take nine lines
        help="train a GAN on pictures",
        description="Train a GAN on DATA: a prepared data set, or a folder or archive of pictures, "
        "which is prepared first. The same command again resumes the run.",
        examples=(
            "kaogan train pictures --minutes 60",
            "kaogan train data/faces-64 --like runs/first --seed 1 --out runs/second",
        ),
    )
    command.add_argument("data", metavar="DATA", help="data set, folder or archive")
    command.add_argument("--out", metavar="RUN", help="folder of the run (runs/DATA's name)")
    command.add_argument(
        "--from",
        dest="start",
        metavar="WHAT",
        help="begin with networks of a RUN or faces-64 (fresh ones)",
    )
    args.shared(command, "--json", "--quiet", "--verbose")
    budget = command.add_argument_group("how long, from the run's beginning (--images 1000000)")
    budget.add_argument("--images", type=int, metavar="N", help="images seen")
    budget.add_argument("--epochs", type=float, metavar="N", help="passes over the data")
    budget.add_argument("--minutes", type=float, metavar="N", help="minutes of training")
    hardware = command.add_argument_group("hardware, saving and evaluation")
    several = hardware.add_mutually_exclusive_group()
    at_least_one = args.within(int, 1, 64)
    several.add_argument(
        "--gpus", type=at_least_one, metavar="N", help="train on N GPUs of this machine"
    )
    several.add_argument(
        "--processes",
        type=at_least_one,
        metavar="N",
        help="train in N processes on --device, also on CPUs (1)",
    )
    args.shared(hardware, *args.HARDWARE)
    args.value(hardware, "--workers", "N", 1, "threads that read pictures")
    args.value(hardware, "--checkpoint-minutes", "N", 5.0, "how often to save")
    hardware.add_argument(
        "--data-part", metavar="K/N", help="of a large data set, this machine holds part K, from 0"
    )
    images = "images between evaluations at first; 0: never"
    args.value(hardware, "--evaluate-every", "N", 10_000, images)
    args.flag(hardware, "--stop-when-flat", "stop when faces no longer improve")


def run(options: argparse.Namespace) -> None:
    """Train, in several processes if that was asked for."""
    from kaogan.training.joining import joined, launched

    processes = options.gpus or options.processes or 1
    if processes == 1 or launched():
        with joined(options.device) as world:
            _train(options, world)
        return
    from kaogan.training.launch import launch
    from kaogan.training.precision import choose_device

    if options.gpus and options.device not in ("auto", "cuda"):
        raise UsageError(
            f"--gpus and --device {options.device} exclude each other; use --processes "
            f"{processes} --device {options.device}"
        )
    device = choose_device("cuda" if options.gpus else options.device)
    if device.type == "mps":
        raise UsageError(f"{processes} processes cannot share an Apple GPU; use --device cpu")
    launch(processes, shlex.split(options.command_line)[1:])


def _train(options: argparse.Namespace, world: "World") -> None:
    """Train, then print which files to look at and what to do next."""
    from pydantic import ValidationError

    from kaogan import recipes
    from kaogan.bench.measure import assemble, common_rate, training_rates
    from kaogan.fitting import Fitted, fitted, fitted_together
    from kaogan.generators import open_start
    from kaogan.options import LABELS, SHAPE, build, explain, flat, model_options
    from kaogan.training.compatibility import check_parts
    from kaogan.training.precision import choose_device, choose_precision
    from kaogan.training.recipe import Recipe, Watch
    from kaogan.training.run import Run
    from kaogan.training.tasks.images import Pictures, learned, train

    start = open_start(options.start) if options.start else None
    asked = (model_options(start.recipe) if start else {}) | recipe_options(options)
    given = _recipe_given(options)

    def plain(**shape: int) -> Recipe:
        """The recipe without anything fitted to data and time."""
        if given is None:
            return recipes.named(options.recipe, **shape | asked)
        usual = flat(given)
        if "anneal_images" in asked:
            usual.pop("schedule", None)
        return build(usual | shape, asked)

    def rate(recipe: Recipe) -> float:
        check_parts(recipe, world.size)
        trainer = assemble(recipe, dataset.train, hardware, world)
        if world.size > 1:
            return common_rate(trainer, SECONDS_TO_MEASURE)
        return statistics.median(training_rates(trainer, SECONDS_TO_MEASURE))

    plain(**args.given(options, *SHAPE))  # complain before preparing gigabytes
    try:
        budget = _budget(options)
        hardware = args.hardware_of(options, options.workers)
        watch = Watch(**args.given(options, *Watch.model_fields))
    except ValidationError as error:
        raise UsageError(explain(error)) from None
    choose_precision(hardware.precision, choose_device(hardware.device))
    dataset = world.first(lambda: _dataset(options, given))
    out = Path(options.out or Path("runs") / run_name(options.data))
    if options.condition is not None:
        asked[LABELS] = learned(dataset, options.condition)
    recipe = plain(size=dataset.size, channels=dataset.channels)
    if start is not None:
        start.check(recipe)  # before measuring the machine
    Pictures(dataset).check(recipe)
    if recipe.batch > len(dataset.train):
        raise UsageError(
            f"a batch of {recipe.batch} is larger than the data, {len(dataset.train)} training "
            f"pictures; use --batch {len(dataset.train)} or less, or more pictures"
        )
    if given is None:
        name, folder = options.recipe, Run(out)
        fit = fitted_together(
            world, lambda rate: fitted(name, asked, dataset, budget, folder, rate), rate
        )
    else:
        fit = Fitted(recipe, _fall(recipe))
    trained = train(fit.recipe, dataset, out, budget, hardware, watch, start, fit.remarks)
    if not world.leads:
        return
    state = trained.read("newest")[1]
    used = budget.share_used(state["images_seen"], state["seconds"], len(dataset))
    _report(options, trained, state, stopped=used < 1)


def _recipe_given(options: argparse.Namespace) -> "Recipe | None":
    """The recipe of --config or --like."""
    from kaogan import recipes
    from kaogan.training.run import Run

    if options.like is None and options.config is None:
        return None
    like = options.like is not None
    recipe = Run(options.like).recipe if like else recipes.read(options.config)
    if len(recipe.model.sample_shape) != 3:
        raise UsageError("this recipe is for points; kaogan train takes recipes for pictures")
    return recipe


def _budget(options: argparse.Namespace) -> "Budget":
    """The budget that was asked for; else that of the RUN that --like names."""
    from kaogan.training.recipe import Budget
    from kaogan.training.run import Run
    from kaogan.training.tasks.images import DEFAULT_BUDGET

    limits = args.given(options, *Budget.model_fields)
    if not limits and options.like is not None:
        limits = Run(options.like).about.get("budget", {})
    return Budget(**limits) if limits else DEFAULT_BUDGET


def _fall(recipe: "Recipe") -> tuple[str, ...]:
    """A remark on the schedule of a recipe that was not fitted to the budget."""
    if recipe.anneal_images is None:
        return ()
    return (
        f"learning rates fall over {recipe.anneal_images:,} images, as the recipe says; "
        "--anneal-images changes that",
    )


def _dataset(options: argparse.Namespace, recipe: "Recipe | None") -> "Dataset":
    """The data set that DATA is, or one prepared from it, for this recipe."""
    from kaogan.data.cache import prepare_cached
    from kaogan.data.dataset import is_dataset

    if is_dataset(options.data):
        return args.open_data(options, _part(options))
    if options.data_part:
        raise UsageError(f"--data-part is for a prepared data set, and {options.data} is none")
    shape: dict[str, int] = {}
    if recipe is not None:
        shape = dict(zip(("channels", "size"), recipe.model.sample_shape[:2], strict=True))
    return prepare_cached(options.data, **shape | args.given(options, "size", "channels"))


def _part(options: argparse.Namespace) -> "Part | None":
    """The part that --data-part names."""
    from kaogan.data.shards import Part

    if options.data_part is None:
        return None
    number, _, parts = options.data_part.partition("/")
    if not (number.isdecimal() and parts.isdecimal() and int(number) < int(parts)):
        raise UsageError(
            f"--data-part is {options.data_part}; on 4 machines it is 0/4, 1/4, 2/4 or 3/4"
        )
    if options.epochs is not None:
        raise UsageError("--data-part has no epochs of the whole; use --images or --minutes")
    return Part(int(number), int(parts))


def _report(
    options: argparse.Namespace, trained: "Run", state: dict[str, Any], stopped: bool
) -> None:
    """Print the result, which files to look at, and what to run next."""
    from kaogan.training.standing import standing

    shown = ("faces.png", "real-and-generated.png", "timelapse.mp4", "curves.png", "log.txt")
    files = {name: str(trained.path / name) for name in shown if (trained.path / name).exists()}
    seen, seconds = state["images_seen"], state["seconds"]
    about = {"run": str(trained.path), "images_seen": seen, "seconds": seconds, "files": files}
    found = standing(trained.path)
    about["quality"] = found and found.about
    args.tell(
        options,
        about,
        "Look at:",
        *(f"  {file}" for file in files.values()),
        *([f"Go on: {options.command_line}"] if stopped else []),
        f"Draw more: kaogan sample {typed(trained.path)} --count 16 --out more.png",
    )
