"""`kaogan train`: from pictures to a generator."""

import argparse
import itertools
import json
import re
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.errors import UsageError, typed
from kaogan.progress import clock

if TYPE_CHECKING:
    from kaogan.data.dataset import Dataset
    from kaogan.options import Option
    from kaogan.training.run import Run

SECONDS_TO_MEASURE = 3.0
"""How long training is tried for, to fit a recipe to a time."""


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "train",
        late=_add_recipe_options,
        usage="kaogan train [options] DATA",  # all of them would take nine lines
        help="train a GAN on pictures",
        description="Train a GAN on DATA: a prepared data set, or a folder or archive of pictures, "
        "which is prepared first. The same command again goes on.",
        allow_abbrev=False,
    )
    command.add_argument("data", metavar="DATA", help="data set, folder or archive")
    command.add_argument("--out", metavar="RUN", help="folder of the run (runs/DATA's name)")
    command.add_argument(
        "--from",
        dest="start",
        metavar="WHAT",
        help="begin with the networks of a RUN, a checkpoint or faces-64 (fresh ones)",
    )
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    budget = command.add_argument_group("how long, from the run's beginning (--images 1000000)")
    budget.add_argument("--images", type=int, metavar="N", help="images seen")
    budget.add_argument("--epochs", type=float, metavar="N", help="passes over the data")
    budget.add_argument("--minutes", type=float, metavar="N", help="minutes of training")
    hardware = command.add_argument_group("hardware, saving and evaluation")
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
    hardware.add_argument(
        "--checkpoint-minutes", type=float, default=5.0, metavar="N", help="how often to save (5)"
    )
    hardware.add_argument(
        "--evaluate-every",
        type=int,
        default=10_000,
        metavar="IMAGES",
        help="between evaluations, later rarer; 0: never (10000)",
    )
    hardware.add_argument(
        "--stop-when-flat", action="store_true", help="stop when faces no longer improve"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Train, then say what to look at and what to do next."""
    from pydantic import ValidationError

    from kaogan import recipes
    from kaogan.bench.measure import assemble, training_rates
    from kaogan.fitting import fitted
    from kaogan.generators import open_start
    from kaogan.options import explain, model_options
    from kaogan.training.recipe import Budget, Hardware, Recipe, Watch
    from kaogan.training.run import Run
    from kaogan.training.tasks.images import DEFAULT_BUDGET, train

    start = open_start(options.start) if options.start else None
    given = (model_options(start.recipe) if start else {}) | recipe_options(options)
    recipes.named(options.recipe, **_shape(options) | given)  # complain before preparing gigabytes

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
        raise UsageError(explain(error)) from None
    dataset = _dataset(options)
    out = Path(options.out or Path("runs") / _name(options.data))
    fit = fitted(options.recipe, given, dataset, budget, Run(out), rate)
    if start is not None:
        start.check(fit.recipe)
    for remark in fit.remarks:
        print(remark, file=sys.stderr)
    trained = train(fit.recipe, dataset, out, budget, hardware, watch, start)
    state = trained.read("newest")[1]
    used = budget.share_used(state["images_seen"], state["seconds"], len(dataset))
    _report(trained, state, None if used >= 1 else options.command_line, options.json)


def _add_recipe_options(command: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Declare the options of a recipe: its parts, then all their fields.

    That needs PyTorch, and the plugins of the run that is to go on, so it is done when a training
    is asked for and not with the other commands' options.
    """
    from kaogan import plugins
    from kaogan.augmentations import augmentations
    from kaogan.losses import losses
    from kaogan.losses.penalties import penalties
    from kaogan.models import models
    from kaogan.options import FRAMEWORKS, all_options, draws_pictures, flag
    from kaogan.recipes import RECIPES
    from kaogan.schedules import schedules

    for run in _runs(words):
        plugins.load_kept(run)
    plugins.load_installed()
    group = command.add_argument_group("recipe")
    group.add_argument(
        "--recipe",
        default="standard",
        metavar="NAME",
        help="standard or dcgan; see kaogan recipes (standard)",
    )
    pictured = [name for name in models if draws_pictures(models[name])]
    parts = {
        "model": f"{', '.join(pictured)} (dcgan)",
        "loss": f"{', '.join(losses)} (relativistic)",
        "augment": f"{', '.join(augmentations) or 'of a plugin'} (none)",
    }
    for name, text in parts.items():
        group.add_argument(f"--{name}", metavar="NAME", help=text)
    group.add_argument(
        "--penalty",
        action="append",
        metavar="P=W",
        help=f"on D: {', '.join(penalties)}; or none (r1=1 r2=1)",
    )
    group.add_argument(
        "--schedule",
        action="append",
        metavar="NAME",
        help="of learning rates; once more: of penalties; "
        f"{', '.join(schedules)} (cosine, constant)",
    )
    group.add_argument(
        "--anneal-images", type=int, metavar="N", help="of the cosine; 0: constant (--images)"
    )
    # An older spelling of --model.
    group.add_argument("--framework", choices=FRAMEWORKS, help=argparse.SUPPRESS)
    for option in all_options():
        text = described(option, {name: made.usual for name, made in RECIPES.items()})
        if option.kind is bool:
            group.add_argument(flag(option.name), action=argparse.BooleanOptionalAction, help=text)
        else:
            metavar = {int: "N", float: "X"}.get(option.kind, "HOW")
            group.add_argument(flag(option.name), type=option.kind, metavar=metavar, help=text)


def described(option: "Option", usual: Mapping[str, Mapping[str, Any]]) -> str:
    """An option's help: its field's description, and what it is in each recipe unless told."""
    from kaogan.options import SHAPE

    default = option.field.default
    found = {name: options.get(option.name, default) for name, options in usual.items()}
    (_, first), *others = found.items()
    words = [_word(first), *(f"{name} {_word(one)}" for name, one in others if one != first)]
    told = "DATA's" if option.name in SHAPE else "; ".join(words)
    choices = f"{', '.join(option.choices)}: " if option.kind is str and option.choices else ""
    return f"{choices}{option.field.description} ({told})".replace("%", "%%")


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _runs(words: Sequence[str]) -> list[Path]:
    """The folders that this training may go on in."""
    given = [after for word, after in itertools.pairwise([*words, ""]) if word == "--out"]
    given += [word.partition("=")[2] for word in words if word.startswith("--out=")]
    here = [Path("runs") / _name(word) for word in words if not word.startswith("-")]
    return [Path(out) for out in given] or here


def recipe_options(options: argparse.Namespace) -> dict[str, Any]:
    """The options of `kaogan.recipes` that were asked for; size and channels are the data's."""
    from kaogan.options import OTHERS, PARTS, SHAPE, SPELLED, all_options

    names = [option.name for option in all_options()] + sorted(PARTS | OTHERS)
    given = {name: getattr(options, SPELLED.get(name, name), None) for name in names}
    asked = {n: v for n, v in given.items() if v is not None and n not in SHAPE}
    for name in ("model", "loss", "augmentation"):
        if name in asked:
            asked[name] = part(asked[name])
    if "schedule" in asked:
        rates, *others = map(part, asked["schedule"])
        asked |= {"schedule": rates} | ({"penalty_schedule": others[-1]} if others else {})
    if "penalties" in asked:
        asked["penalties"] = penalties(asked["penalties"])
    if asked.get("anneal_images") == 0:
        asked["anneal_images"] = None
    return asked


def part(text: str) -> str | dict[str, Any]:
    """The fields of "cosine:images=1000,end=0.1"; a name alone stays a name."""
    name, colon, fields = text.partition(":")
    return {"name": name, **_fields(fields, text)} if colon else name


def _fields(text: str, whole: str) -> dict[str, Any]:
    fields = {}
    for each in text.split(","):
        name, equals, value = each.partition("=")
        if not (name and equals):
            raise UsageError(f"{whole} is no part; write it as NAME:FIELD=VALUE,FIELD=VALUE")
        try:
            fields[name.replace("-", "_")] = json.loads(value)
        except ValueError:
            fields[name.replace("-", "_")] = value
    return fields


def penalties(given: list[str]) -> dict[str, Any]:
    """["r1=10"] to {"r1": 10.0}; ["none"] to {}; ["mine:floor=1"] to {"mine": {"floor": 1}}."""
    if given == ["none"]:
        return {}
    weights: dict[str, Any] = {}
    for each in given:
        name, sign, value = re.fullmatch(r"([^=:]*)([=:]?)(.*)", each, re.S).groups()  # type: ignore[union-attr]
        if name in weights:
            raise UsageError(f"--penalty {name} was given twice; give it once")
        try:
            weights[name] = _fields(value, each) if sign == ":" else float(value)
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
