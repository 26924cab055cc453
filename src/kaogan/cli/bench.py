"""`kaogan bench`: how fast this machine trains, and how near that is to its limit."""

import argparse
import dataclasses
from typing import TYPE_CHECKING

from kaogan.cli import arguments as args
from kaogan.progress import clock

if TYPE_CHECKING:
    from kaogan.bench import Measurement

ANIME_FACES = 63_632
"""Pictures in the data set that `kaogan data fetch anime-faces` brings."""
DRAWN = 128
"""Avatars to train on without a data set: the content of pictures does not change the speed."""


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "bench",
        examples=(
            "kaogan bench",
            "kaogan bench data/pictures-64 --width 32 --batch 16",
        ),
        run=run,
        help="measure how fast this machine trains",
        description="Train and draw for some seconds, keep nothing, and print the speed and its "
        "share of the best speed that this machine could reach. Without DATASET it trains on "
        "avatars that it draws.",
    )
    command.add_argument("data", nargs="?", metavar="DATASET", help="prepared data set")
    command.add_argument("--size", type=int, metavar="N", help="32 to 256 (DATASET's, else 64)")
    args.value(command, "--recipe", "NAME", "standard", "standard or dcgan")
    command.add_argument("--width", type=int, metavar="N", help="channels of the largest map (64)")
    command.add_argument(
        "--batch", type=int, metavar="N", help="pictures in a batch (32; dcgan 128)"
    )
    args.shared(command, *args.HARDWARE)
    seconds = args.within(float, 0.01, 86_400)
    args.value(command, "--seconds", "N", 12.0, "how long to train", seconds)
    args.shared(command, "--json", "--quiet")


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    from kaogan import recipes
    from kaogan.bench.measure import avatars, measure
    from kaogan.training.precision import choose_device

    choose_device(options.device)  # complain before drawing
    dataset = None if options.data is None else args.open_data(options)
    asked = args.given(options, "size", "width", "batch")
    if dataset is not None:
        asked |= {"size": dataset.size, "channels": dataset.channels}
    recipe = recipes.named(options.recipe, **asked)
    size = recipe.model.sample_shape[-1]
    pictures = avatars(DRAWN, size) if dataset is None else dataset.train
    epoch = ANIME_FACES if dataset is None else len(dataset)
    found = measure(recipe, pictures, args.hardware_of(options), options.seconds)
    about = {
        "size": size,
        "batch": recipe.batch,
        **dataclasses.asdict(found),
        "share_of_floor": found.share_of_floor,
        "epoch_images": epoch,
        "epoch_seconds": epoch / found.images_per_second,
    }
    args.tell(options, about, *_describe(found, epoch))


def _describe(found: "Measurement", epoch: int) -> list[str]:
    """The result in lines."""
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
