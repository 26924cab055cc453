"""`kaogan bench`: how fast this machine trains, and how near that is to its limit."""

import argparse
import dataclasses
import json
from typing import TYPE_CHECKING, Any

from kaogan.errors import UsageError
from kaogan.progress import clock

if TYPE_CHECKING:
    from kaogan.bench import Measurement
    from kaogan.data.dataset import Dataset
    from kaogan.training.recipe import Recipe

ANIME_FACES = 63_632
"""Pictures in the data set that `kaogan data fetch anime-faces` brings."""
DRAWN = 128
"""Avatars to train on without a data set: what pictures show makes no difference to the speed."""


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "bench",
        help="measure how fast this machine trains",
        description="Train and draw for some seconds, keep nothing, and say how fast that was and "
        "how near to what this machine could do at best. Without DATASET, on drawn avatars.",
        allow_abbrev=False,
    )
    command.add_argument("data", nargs="?", metavar="DATASET", help="prepared data set")
    command.add_argument("--size", type=int, metavar="N", help="32 to 256 (DATASET's, else 64)")
    command.add_argument(
        "--recipe", default="standard", metavar="NAME", help="standard or dcgan (standard)"
    )
    command.add_argument("--width", type=int, metavar="N", help="channels of the largest map (64)")
    command.add_argument(
        "--batch", type=int, metavar="N", help="pictures in a batch (32; dcgan 128)"
    )
    command.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (auto)")
    command.add_argument(
        "--precision",
        choices=("auto", "fp32", "bf16", "fp16"),
        default="auto",
        help="number format of the networks (auto)",
    )
    command.add_argument(
        "--no-compile", action="store_true", help="no torch.compile and no CUDA graph on GPUs"
    )
    command.add_argument(
        "--no-tune", action="store_true", help="no own algorithms for convolutions on CPUs"
    )
    command.add_argument(
        "--seconds", type=float, default=12.0, metavar="N", help="how long to train (12)"
    )
    command.add_argument("--json", action="store_true", help="print as JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    from kaogan import recipes
    from kaogan.bench.measure import avatars, measure
    from kaogan.training.precision import choose_device
    from kaogan.training.recipe import Hardware

    if not options.seconds > 0:
        raise UsageError("seconds must be above 0")
    choose_device(options.device)  # complain before drawing
    hardware = Hardware(
        device=options.device,
        precision=options.precision,
        compile=not options.no_compile,
        tune=not options.no_tune,
    )
    dataset = _dataset(options)
    if dataset is None:
        size, channels = 64 if options.size is None else options.size, 3
    else:
        size, channels = dataset.size, dataset.channels
    asked = {"width": options.width, "batch": options.batch}
    given = {key: value for key, value in asked.items() if value is not None}
    recipe = recipes.named(options.recipe, **{"size": size, "channels": channels, **given})
    pictures = avatars(DRAWN, size) if dataset is None else dataset.train
    epoch = ANIME_FACES if dataset is None else len(dataset)
    found = measure(recipe, pictures, hardware, options.seconds)
    if options.json:
        print(json.dumps(_as_dict(found, recipe, epoch)))
    else:
        print("\n".join(_describe(found, recipe, epoch)))


def _dataset(options: argparse.Namespace) -> "Dataset | None":
    """The data set that was asked for, if any."""
    if options.data is None:
        return None
    from kaogan.data.dataset import open_dataset

    dataset = open_dataset(options.data)
    if options.size not in (None, dataset.size):
        raise UsageError(
            f"{options.data} was prepared with --size {dataset.size}, not {options.size}; "
            "leave --size away"
        )
    return dataset


def _as_dict(found: "Measurement", recipe: "Recipe", epoch: int) -> dict[str, Any]:
    """All numbers, in images, seconds, bytes and operations."""
    return {
        "size": recipe.model.sample_shape[-1],
        "batch": recipe.batch,
        **dataclasses.asdict(found),
        "share_of_floor": found.share_of_floor,
        "epoch_images": epoch,
        "epoch_seconds": epoch / found.images_per_second,
    }


def _describe(found: "Measurement", recipe: "Recipe", epoch: int) -> list[str]:
    """The same for people."""
    slowest, fastest = found.slowest_and_fastest
    seconds = epoch / found.images_per_second
    time = clock(seconds) if seconds >= 60 else f"{seconds:.2f} s"
    memory = "not known here" if found.peak_memory is None else f"{found.peak_memory / 1e9:.2f} GB"
    limits, settings, at_best = found.limits, found.settings, found.floor_images_per_second
    return [
        f"training     {found.images_per_second:,.1f} images/s ({slowest:,.1f} to {fastest:,.1f})",
        f"epoch        {epoch:,} pictures in {time}",
        f"drawing      {found.sampling_images_per_second:,.0f} images/s",
        f"floor        {found.share_of_floor:.0%} of {at_best:,.1f} images/s: "
        f"{limits.flops_per_second / 1e9:,.0f} GFLOP/s in {settings['precision']}, "
        f"{limits.bytes_per_second / 1e9:,.1f} GB/s",
        f"peak memory  {memory}",
        "settings     " + ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in settings.items()),
    ]
