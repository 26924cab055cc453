"""Preparing data: files per second beside Pillow's own decode loop, and opening a data set.

    python benchmarks/data.py                        # 4,000 pictures, a minute
    python benchmarks/data.py --count 63632          # as many as the anime faces

The pictures are drawn: JPEG, 25 to 220 pixels, no two alike. In each round, in turn: Pillow alone
(open, RGB, resize; nothing compared, nothing written) in one process and in one per core, then
`kaogan data prepare` with one worker and with one per core. The bound is the rate of Pillow's one
process times the cores. Pillow's times are those of the loop, kaogan's those of the whole program,
from its start to a data set that is safely on the disk: of few pictures, the start is a large part.
The time of the processor, over all processes, says how much work it was, on a busy machine too.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.lib.format as npy
import PIL
from PIL import Image

from kaogan.data.avatars import draw, sample_avatar
from kaogan.data.dataset import MANIFEST, REJECTED, SUMMARY, open_dataset
from kaogan.data.shards import IMAGES
from kaogan.machine import usable_cores
from kaogan.progress import track
from processes import measure

TARGET_COUNT = 63_632
SIZE = 64
SMALLEST, LARGEST = 25, 220  # pixels of a side
CUTS = 16  # pictures cut from one drawing
SPARSE_COUNT = 5_000_000  # pictures of the large data set to open: 61 GB, none of it on the disk
OPENINGS = 9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=4000, help="pictures (4000)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep the pictures here; use those there are")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        folder = options.folder or place / "pictures"
        make_pictures(folder, options.count)
        result = {
            "pictures": options.count,
            "cores": usable_cores(),
            "pillow": PIL.__version__,
            **compare(folder, place / "out", options.rounds),
            "opening_seconds": {
                "this one": opening_seconds(place / "out"),
                f"{SPARSE_COUNT:,} pictures": opening_seconds(make_sparse(place / "sparse")),
            },
        }
    print(json.dumps(result) if options.json else describe(result))


# Pictures


def make_pictures(folder: Path, count: int) -> None:
    """Fill a folder with `count` JPEG files; leave it alone if it has them."""
    folder.mkdir(parents=True, exist_ok=True)
    there = len(list(folder.iterdir()))
    if there == count:
        return
    if there:
        raise SystemExit(f"{folder} holds {there} files, not {count}; use another --folder")
    jobs = [(folder, first, min(first + CUTS, count)) for first in range(0, count, CUTS)]
    with (
        ProcessPoolExecutor(usable_cores(), get_context("spawn")) as pool,
        track(count, "drawing", "pictures") as progress,
    ):
        for made in pool.map(_make_some, jobs):
            progress.advance(made)


def _make_some(job: tuple[Path, int, int]) -> int:
    """One drawing, cut, mirrored, tinted, roughened and saved as number `first` to `last`."""
    folder, first, last = job
    drawing = draw(sample_avatar(0, first), 256)
    for number in range(first, last):
        rng = np.random.default_rng(number)
        side = int(rng.integers(160, 257))
        top, left = rng.integers(0, 257 - side, 2)
        part = drawing[top : top + side, left : left + side][:, :: rng.choice([-1, 1])]
        size = int(rng.integers(SMALLEST, LARGEST + 1))
        small = np.asarray(Image.fromarray(part).resize((size, size)))
        rough = small * rng.uniform(0.6, 1.0, 3) + rng.normal(0, 6, small.shape)
        picture = Image.fromarray(np.clip(rough, 0, 255).astype(np.uint8))
        picture.save(folder / f"{number:06}.jpg", quality=int(rng.integers(75, 96)))
    return last - first


# Rates


class Outcome(NamedTuple):
    """One contender, one round."""

    seconds: float
    cpu_seconds: float
    """Of the processor, over all processes."""
    mib: float | None = None
    """Memory of all processes."""
    fingerprint: str = ""
    """Of the data set that came out."""


def compare(folder: Path, out: Path, rounds: int) -> dict[str, Any]:
    """Time each contender in turn, `rounds` times over; a data set is left at `out`."""
    files, cores = sorted(folder.iterdir()), usable_cores()
    with ProcessPoolExecutor(cores, get_context("spawn")) as pool:
        list(pool.map(decode_with_pillow, [files[:1]] * cores))  # start the processes
        contenders: dict[str, Callable[[], Outcome]] = {
            "Pillow, 1 process": lambda: time_pillow(files, 1, pool),
            f"Pillow, {cores} processes": lambda: time_pillow(files, cores, pool),
            "kaogan, 1 worker": lambda: time_prepare(folder, out, 1),
            f"kaogan, {cores} workers": lambda: time_prepare(folder, out, cores),
        }
        outcomes: dict[str, list[Outcome]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, contender in contenders.items():
                outcomes[name].append(contender())
    bound = cores * len(files) / _median_seconds(outcomes["Pillow, 1 process"])
    prepared = {o.fingerprint for some in outcomes.values() for o in some if o.fingerprint}
    return {
        "bound": round(bound, 1),
        "rows": [_row(name, some, len(files), bound) for name, some in outcomes.items()],
        "always_equal": len(prepared) == 1,
    }


def _row(name: str, outcomes: list[Outcome], files: int, bound: float) -> dict[str, Any]:
    rate = files / _median_seconds(outcomes)
    memory = [outcome.mib for outcome in outcomes if outcome.mib is not None]
    return {
        "name": name,
        "files_per_second": round(rate, 1),
        "share_of_bound": round(rate / bound, 3),
        "cpu_microseconds_per_file": round(
            1e6 * statistics.median(outcome.cpu_seconds for outcome in outcomes) / files
        ),
        "seconds_for_target": round(TARGET_COUNT / rate, 1),
        "mib": round(max(memory)) if memory else None,
    }


def _median_seconds(outcomes: list[Outcome]) -> float:
    return statistics.median(outcome.seconds for outcome in outcomes)


def decode_with_pillow(files: list[Path]) -> float:
    """Pillow's own loop: encoded files to pictures of the wanted size. Seconds of the processor."""
    start = time.process_time()
    for file in files:
        with Image.open(file) as image:
            image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.LANCZOS).tobytes()
    return time.process_time() - start


def time_pillow(files: list[Path], processes: int, pool: ProcessPoolExecutor) -> Outcome:
    """Decode all files in so many of the pool's processes, which are at work already."""
    shares = [files[first::processes] for first in range(processes)]
    start = time.perf_counter()
    cpu_seconds = sum(pool.map(decode_with_pillow, shares))
    return Outcome(time.perf_counter() - start, cpu_seconds)


def time_prepare(folder: Path, out: Path, workers: int) -> Outcome:
    """Run the command, afresh; none of the pictures is too small for it."""
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "kaogan", "data", "prepare", str(folder), "--out", str(out)]
    took = measure(
        [*command, "--workers", str(workers), "--min-size", str(SMALLEST), "--size", str(SIZE)]
    )
    fingerprint = open_dataset(out).fingerprint
    return Outcome(took.seconds, took.cpu_seconds, took.resident_mib, fingerprint)


# Opening


def make_sparse(folder: Path) -> Path:
    """A data set of `SPARSE_COUNT` black pictures that takes no space on the disk."""
    folder.mkdir()
    shape = (SPARSE_COUNT, SIZE, SIZE, 3)
    with (folder / IMAGES).open("wb") as images:
        npy.write_array_header_1_0(images, {"descr": "|u1", "fortran_order": False, "shape": shape})
        images.truncate(images.tell() + SPARSE_COUNT * SIZE * SIZE * 3)
    for name in (MANIFEST, REJECTED):
        (folder / name).touch()
    counts = {"train": SPARSE_COUNT - 5000, "held_out": 5000, "size": SIZE, "channels": 3}
    summary = {"version": 1, **counts, "rejected": {}, "fingerprint": "none"}
    (folder / SUMMARY).write_text(json.dumps(summary), encoding="utf-8")
    return folder


def opening_seconds(folder: Path) -> float:
    """How long `open_dataset` takes, and the first and last picture after it: the median."""
    times = []
    for _ in range(OPENINGS):
        start = time.perf_counter()
        dataset = open_dataset(folder)
        _ = dataset.train[0].sum() + dataset.held_out[-1].sum()
        times.append(time.perf_counter() - start)
    return round(statistics.median(times), 5)


def describe(result: dict[str, Any]) -> str:
    """The result in words."""
    lines = [
        f"{result['pictures']:,} files, {result['cores']} cores, Pillow {result['pillow']}; "
        f"bound: {result['bound']:,.0f} files/s",
        f"{'':22}{'files/s':>9}{'of bound':>10}{'CPU/file':>10}{f'{TARGET_COUNT:,} in':>11}"
        f"{'memory':>10}",
    ]
    for row in result["rows"]:
        memory = "" if row["mib"] is None else f"{row['mib']:,} MiB"
        lines.append(
            f"{row['name']:22}{row['files_per_second']:9,.0f}{row['share_of_bound']:10.0%}"
            f"{row['cpu_microseconds_per_file']:7} µs{row['seconds_for_target']:9.1f} s{memory:>10}"
        )
    same = "equal" if result["always_equal"] else "NOT EQUAL"
    lines.append(f"data sets of all rounds and numbers of workers: {same}")
    lines += [
        f"opening {name}: {1000 * seconds:.1f} ms"
        for name, seconds in result["opening_seconds"].items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
