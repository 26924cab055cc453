"""Images per second in training and drawing: kaogan, its peers, and kaogan without its own tricks.

    python benchmarks/speed.py                                  # drawn avatars
    python benchmarks/speed.py --data DATASET --json > speed.json
    python benchmarks/speed.py --only plain kaogan --rounds 15

DCGAN 64x64 on the CPU, from pictures on the disk to updated weights: kaogan from a prepared data
set, its peers from JPEG files of the same pictures. Each contender is a process of its own. In
every round each has its turn, and the others are stopped meanwhile, so a machine that slows down
slows all. Rates are medians over the rounds, ratios are taken within each round. The first round
warms up and does not count. The machine's limits have their turn as well (`kaogan.bench.floor`);
the share of the floor is that in a contender's own precision.

Keras needs TensorFlow, perhaps in another environment: --keras-python, or KAOGAN_KERAS_PYTHON.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from PIL import Image

from kaogan.data.avatars import draw_avatars
from kaogan.data.dataset import Dataset, open_dataset
from kaogan.errors import KaoganError
from kaogan.progress import track
from worker import Contender, Task

SIZE = 64
JPEG_QUALITY = 95
BATCHES_DRAWN = 2
"""In each turn, when it is about drawing."""

CONTENDERS: dict[str, tuple[str, Task]] = {
    "plain": ("plain_dcgan.py", {}),
    "keras-fp32": ("keras_dcgan.py", {"precision": "fp32"}),
    "keras-bf16": ("keras_dcgan.py", {"precision": "bf16"}),
    "kaogan": ("kaogan_dcgan.py", {"variant": "kaogan"}),
    "kaogan-fp32": ("kaogan_dcgan.py", {"variant": "fp32"}),
    "kaogan-bf16": ("kaogan_dcgan.py", {"variant": "bf16"}),
    "kaogan-library-convolutions": ("kaogan_dcgan.py", {"variant": "library-convolutions"}),
    "kaogan-contiguous": ("kaogan_dcgan.py", {"variant": "contiguous"}),
    "kaogan-unfused-adam": ("kaogan_dcgan.py", {"variant": "unfused-adam"}),
    "kaogan-all-gradients": ("kaogan_dcgan.py", {"variant": "all-gradients"}),
    "kaogan-no-ema": ("kaogan_dcgan.py", {"variant": "no-ema"}),
    "kaogan-no-reading-ahead": ("kaogan_dcgan.py", {"variant": "no-reading-ahead"}),
}
"""The script and the task of each. Ratios are to "plain"."""


def main() -> None:
    options = parse()
    try:
        with tempfile.TemporaryDirectory() as folder:
            dataset = the_pictures(options, Path(folder))
            files = write_files(dataset, Path(folder) / "files")
            report = compare(options, dataset, files)
    except KaoganError as error:
        raise SystemExit(f"error: {error}") from None
    print(json.dumps(report) if options.json else "\n".join(table(report)))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False
    )
    parser.add_argument("--data", metavar="DATASET", help="prepared data set, 64x64 in colour")
    parser.add_argument("--count", type=int, default=4096, help="avatars without --data (4096)")
    parser.add_argument("--batch", type=int, default=128, help="pictures in a batch (128)")
    parser.add_argument("--width", type=int, default=64, help="channels of the largest map (64)")
    parser.add_argument("--rounds", type=int, default=7, help="that count; one more warms up (7)")
    parser.add_argument("--steps", type=int, default=4, help="in each turn (4)")
    parser.add_argument("--threads", type=int, help="of each framework (its own choice)")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, metavar="NAME", help="contenders")
    parser.add_argument(
        "--keras-python",
        default=os.environ.get("KAOGAN_KERAS_PYTHON", sys.executable),
        metavar="PATH",
        help="a Python that has tensorflow and keras (this one)",
    )
    parser.add_argument("--json", action="store_true", help="print as JSON")
    parser.add_argument("--tiny", action="store_true", help="does it work? small, plain and kaogan")
    options = parser.parse_args()
    if options.tiny:
        options.only = options.only or ["plain", "kaogan"]
        options.count, options.batch, options.width = 32, 4, 4
        options.rounds, options.steps = 2, 2
    if min(options.rounds, options.steps, options.batch, options.width, options.count) < 1:
        parser.error("numbers must be at least 1")
    return options


# Pictures


def the_pictures(options: argparse.Namespace, folder: Path) -> Dataset:
    """The data set that was asked for, or avatars."""
    if options.data is None:
        dataset = draw_avatars(folder / "avatars", count=options.count, progress=True)
    else:
        dataset = open_dataset(options.data)
    if (dataset.size, dataset.channels) != (SIZE, 3):
        raise KaoganError(f"{dataset.path} is not {SIZE}x{SIZE} in colour")
    if len(dataset) < options.batch:
        raise KaoganError(f"{len(dataset)} training pictures make no batch of {options.batch}")
    return dataset


def write_files(dataset: Dataset, folder: Path) -> Path:
    """Its training pictures as JPEG files, for those who read files."""
    folder.mkdir()
    with track(len(dataset), "writing", "files") as progress:
        for number, picture in enumerate(dataset.train):
            file = folder / f"{number:06d}.jpg"
            Image.fromarray(picture).save(file, quality=JPEG_QUALITY)
            progress.advance(1)
    return folder


# Rounds


def compare(options: argparse.Namespace, dataset: Dataset, files: Path) -> dict[str, Any]:
    """Start all, let each have its turn in every round, and say what came out."""
    shared = {key: getattr(options, key) for key in ("batch", "width", "threads")}
    task: Task = {**shared, "data": str(dataset.path), "files": str(files)}
    contenders: list[Contender] = []
    with ExitStack() as stack:

        def enter(name: str, file: str, more: Task, python: str = sys.executable) -> Contender:
            command = [python, str(Path(__file__).parent / file)]
            contender = Contender(name, command, {**task, **more})
            stack.callback(contender.end)
            return contender

        names = [name for name in CONTENDERS if name in (options.only or CONTENDERS)]
        with track(len(names), "loading", "contenders") as progress:
            for name in names:
                file, more = CONTENDERS[name]
                python = options.keras_python if file.startswith("keras") else sys.executable
                contenders.append(enter(name, file, more, python))
                progress.advance(1, name)
        precisions = {each.about["precision"] for each in contenders if not each.failure}
        machine = enter("machine", "machine.py", {"precisions": sorted(precisions)})
        training = [(each, "train", options.steps) for each in contenders]
        drawing = [(each, "sample", BATCHES_DRAWN * options.batch) for each in contenders]
        play([*training, (machine, "measure", 1)], options.rounds + 1, "training")
        # Only now, so that nobody reads ahead for the training while it draws.
        play(drawing, options.rounds + 1, "drawing")
    if machine.failure:
        raise KaoganError(f"the machine's limits cannot be measured: {machine.failure}")
    return summary(options, len(dataset), contenders, machine)


def play(turns: Sequence[tuple[Contender, str, int]], rounds: int, description: str) -> None:
    """Let each have its turn, `rounds` times."""
    with track(rounds * len(turns), description, "turns") as progress:
        for _ in range(rounds):
            for contender, order, count in turns:
                contender.turn(order, count)
                progress.advance(1, contender.name)


# What came out


def summary(
    options: argparse.Namespace, pictures: int, contenders: list[Contender], machine: Contender
) -> dict[str, Any]:
    """Medians over the rounds, with the range of what varies."""
    floors = [answer["result"] for answer in machine.answers["measure"][1:]]
    trained = options.steps * options.batch
    plain = next((each for each in contenders if each.name == "plain" and not each.failure), None)

    def figures(contender: Contender) -> dict[str, Any]:
        if contender.failure:
            return {"failure": str(contender.failure)}
        rates = contender.rates("train", trained)
        best = [options.batch / floor[contender.about["precision"]]["seconds"] for floor in floors]
        return {
            **contender.about,
            "images_per_second": spread(rates),
            "ratio_to_plain": plain and spread(over(rates, plain.rates("train", trained))),
            "share_of_floor": spread(over(rates, best)),
            "drawing_images_per_second": spread(
                contender.rates("sample", BATCHES_DRAWN * options.batch)
            ),
            "peak_memory": contender.answers["train"][-1]["peak_memory"],
        }

    return {
        **{key: getattr(options, key) for key in ("batch", "width", "rounds", "steps")},
        "size": SIZE,
        "pictures": pictures,
        **machine.about,
        "floor": {
            precision: {key: spread([floor[precision][key] for floor in floors]) for key in found}
            for precision, found in floors[0].items()
        },
        "contenders": {each.name: figures(each) for each in contenders},
    }


def over(rates: Sequence[float], others: Sequence[float]) -> list[float]:
    """Ratios, round by round."""
    return [rate / other for rate, other in zip(rates, others, strict=True)]


def spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def table(report: dict[str, Any]) -> list[str]:
    """The report for people."""
    return [
        f"DCGAN {SIZE}x{SIZE}, width {report['width']}, batch {report['batch']}, "
        f"{report['pictures']:,} pictures, {report['rounds']} rounds of {report['steps']} steps",
        report["machine"],
        *(
            f"floor in {precision}: {report['batch'] / floor['seconds']['median']:,.1f} images/s, "
            f"{floor['flops_per_second']['median'] / 1e9:,.0f} GFLOP/s, "
            f"{floor['bytes_per_second']['median'] / 1e9:,.1f} GB/s"
            for precision, floor in report["floor"].items()
        ),
        "",
        f"{'':28}{'images/s':>15}  {'of plain (rounds)':21}"
        f"{'of floor':>9}{'drawing':>9}{'memory':>9}",
        *(line(name, row) for name, row in report["contenders"].items()),
    ]


def line(name: str, row: dict[str, Any]) -> str:
    if "failure" in row:
        return f"{name:28} {row['failure']}"
    ratio, memory = row["ratio_to_plain"], row["peak_memory"]
    to_plain = "{median:.2f} ({low:.2f} to {high:.2f})".format(**ratio) if ratio else "-"
    return (
        f"{name:28} {row['precision']} {row['images_per_second']['median']:9,.1f}  {to_plain:21}"
        f"{row['share_of_floor']['median']:9.0%}{row['drawing_images_per_second']['median']:9,.0f}"
        + (f"{memory / 1e9:6.2f} GB" if memory else f"{'-':>9}")
    )


if __name__ == "__main__":
    main()
