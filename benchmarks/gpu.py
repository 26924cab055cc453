"""Training on a CUDA GPU: is the fast path right, how fast is it, and how near to the limit?

    python benchmarks/gpu.py                              # drawn avatars, all batches
    python benchmarks/gpu.py --data DATASET --json > gpu.json
    python benchmarks/gpu.py --batches 256 --rounds 15

First it checks that compiled and recorded steps train as eager ones do (`gpu_checks.py`). Then it
times DCGAN 64x64, from the data set to updated weights: a plain PyTorch DCGAN as the well-known
example does it, which decodes files; the same in bf16 and channels last with its pictures on the
GPU; and kaogan eagerly, compiled, recorded as a CUDA graph, and both. They take turns in every
round. Rates are medians over the rounds; the first round warms up.

"needed" is the most memory that tensors take at one time in an eager step of kaogan, "memory" is
what a contender takes from the GPU; the pictures are in neither. For the floor, see
`kaogan.bench.floor`. Exit status 1: there is no GPU, or a check failed.
"""

import argparse
import dataclasses
import gc
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch

from gpu_checks import checks, reserved
from gpu_contenders import SPEEDUPS, Setup, Speedup, Step
from kaogan.bench.floor import Limits, measure_limits, step_work
from kaogan.bench.timing import seconds_of
from kaogan.data.batches import ImageBatches
from kaogan.errors import KaoganError
from kaogan.progress import track
from kaogan.training.precision import choose_precision
from kaogan.training.run_log import RunLog
from speed import the_pictures, write_files

EPOCH = 63_632
"""Pictures in the data set that the targets are named for."""
CHECKED_BATCH = 128
PEERS = ("plain", "plain, tuned")
EAGER = "kaogan, eager"


@dataclass
class Row:
    """What one contender did with one batch."""

    name: str
    batch: int
    seconds: list[float] = field(default_factory=list)
    """Of a step, round by round."""
    memory: int | None = None
    """Bytes taken from the GPU; None on a CPU."""
    tensors: int | None = None
    """Bytes of tensors at one time, likewise."""
    failure: str | None = None


def main() -> None:
    options = parse()
    try:
        with tempfile.TemporaryDirectory() as folder:
            report = measure(options, Path(folder))
    except KaoganError as error:
        raise SystemExit(f"error: {error}") from None
    print(json.dumps(report) if options.json else "\n".join(table(report)))
    failed = sum(not check["passed"] for check in report["checks"])
    if failed:
        raise SystemExit(f"error: {failed} of {len(report['checks'])} checks failed")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False
    )
    parser.add_argument("--data", metavar="DATASET", help="prepared data set, 64x64 in colour")
    parser.add_argument("--count", type=int, default=8192, help="avatars without --data (8192)")
    parser.add_argument("--batches", type=int, nargs="+", default=[128, 256, 512, 1024])
    parser.add_argument("--width", type=int, default=64, help="channels of the largest map (64)")
    parser.add_argument("--rounds", type=int, default=7, help="that count; one more warms up (7)")
    parser.add_argument("--seconds", type=float, default=0.5, help="of each turn (0.5)")
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1, ... (cuda)")
    parser.add_argument("--json", action="store_true", help="print as JSON")
    parser.add_argument("--quick", action="store_true", help="does it work? all of it, but tiny")
    options = parser.parse_args()
    if options.quick:
        options.count, options.batches, options.width = 32, [4], 4
        options.rounds, options.seconds = 2, 0.01
    if min(options.rounds, options.width, options.count, *options.batches) < 1:
        parser.error("numbers must be at least 1")
    return options


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Check, then time, and say what came out."""
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise KaoganError(
            "there is no CUDA GPU here, or this build of torch cannot use it; "
            "to see whether the script works: --device cpu --quick"
        )
    largest = max(options.batches)
    dataset = the_pictures(
        argparse.Namespace(data=options.data, count=options.count, batch=largest), folder
    )
    setup = Setup(
        batches=ImageBatches(dataset.train, device, seed=0, resident=True),
        files=write_files(dataset, folder / "files"),
        device=device,
        precision=choose_precision("auto", device),
        width=options.width,
        batch=min(CHECKED_BATCH, largest),
    )
    speedups = SPEEDUPS if device.type == "cuda" else {}
    fast = {name: partial(setup.trainer, speedups=how) for name, how in speedups.items()}
    found = [*checks(setup.trainer, fast or {"eager": setup.trainer}, folder)]
    rows: list[Row] = []
    for batch in options.batches:
        rows += time_all(dataclasses.replace(setup, batch=batch), speedups, options, folder)
    limits = measure_limits(device, setup.precision)
    on_gpu = device.type == "cuda"
    numbers = [_numbers(row, rows, limits, setup) for row in rows]
    return {
        "device": torch.cuda.get_device_name(device) if on_gpu else device.type,
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version() if on_gpu else None,  # type: ignore[no-untyped-call]
        "python": sys.version.split()[0],
        "precision": setup.precision,
        "width": setup.width,
        "pictures": len(dataset),
        "limits": dataclasses.asdict(limits),
        "checks": [dataclasses.asdict(check) for check in found],
        "rows": numbers,
        "targets": targets(numbers),
    }


# Times


def time_all(
    setup: Setup,
    speedups: Mapping[str, tuple[Speedup, ...]],
    options: argparse.Namespace,
    folder: Path,
) -> list[Row]:
    """All contenders with one batch, in turn."""
    torch.compiler.reset()  # it compiles a function for a few shapes only, then gives up
    rows, steps = [], []
    makers: dict[str, Callable[[RunLog], Step]] = {
        PEERS[0]: lambda _: setup.plain(),
        PEERS[1]: lambda _: setup.plain_tuned(),
        EAGER: setup.kaogan,
        **{
            f"kaogan, {name}": partial(setup.kaogan, speedups=how) for name, how in speedups.items()
        },
    }
    for name, make in makers.items():
        row = Row(name, setup.batch)
        step = _built(row, make, RunLog(folder / f"{setup.batch} {name}.txt"), setup.device)
        rows.append(row)
        steps.append(step)
    turns = [(row, step) for row, step in zip(rows, steps, strict=True) if step]
    counts = {}
    with track((options.rounds + 1) * len(turns), f"batch {setup.batch}", "turns") as tracker:
        for round_number in range(options.rounds + 1):
            for row, step in turns:
                if round_number == 0:
                    once = seconds_of(step, setup.device)
                    counts[row.name] = max(2, round(options.seconds / once))
                count = counts[row.name]
                taken = seconds_of(partial(_several, step, count), setup.device)
                if round_number:
                    row.seconds.append(taken / count)
                tracker.advance(1)
    return rows


def _several(step: Step, count: int) -> None:
    for _ in range(count):
        step()


def _built(
    row: Row, make: Callable[[RunLog], Step], run_log: RunLog, device: torch.device
) -> Step | None:
    """The contender's step, warmed up; notes the memory that it takes, or why it cannot."""
    gc.collect()
    on_gpu = device.type == "cuda"
    if on_gpu:
        torch.cuda.empty_cache()
    before, tensors = reserved(device), torch.cuda.memory_allocated(device) if on_gpu else 0
    try:
        step = make(run_log)
        _several(step, 3)
        if on_gpu:
            torch.cuda.empty_cache()  # what was needed for building, and is not for a step
            torch.cuda.reset_peak_memory_stats(device)
            _several(step, 3)
            row.memory = torch.cuda.max_memory_reserved(device) - before
            row.tensors = torch.cuda.max_memory_allocated(device) - tensors
    except torch.OutOfMemoryError:
        row.failure = "out of memory"
    if run_log.file.exists():  # it goes on without what it was to show
        row.failure = run_log.file.read_text(encoding="utf-8").strip().split(" ", 1)[1]
    return None if row.failure else step


# What came out


def _numbers(row: Row, rows: list[Row], limits: Limits, setup: Setup) -> dict[str, Any]:
    """A row, ready for JSON; ratios to peers are medians over the rounds."""
    if row.failure:
        return {"name": row.name, "batch": row.batch, "failure": row.failure}
    step = statistics.median(row.seconds)
    work = step_work(dataclasses.replace(setup, batch=row.batch).recipe, setup.precision)
    beside = {other.name: other for other in rows if other.batch == row.batch}
    ratios = {
        f"times {name}": statistics.median(
            theirs / mine for theirs, mine in zip(beside[name].seconds, row.seconds, strict=True)
        )
        for name in PEERS
        if not beside[name].failure
    }
    return {
        "name": row.name,
        "batch": row.batch,
        "images_per_second": row.batch / step,
        "step_seconds": step,
        "epoch_seconds": EPOCH * step / row.batch,
        "share_of_floor": limits.floor(work) / step,
        "memory": row.memory,
        "needed": beside[EAGER].tensors,
        **ratios,
    }


def targets(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is aimed at, and the best that was reached."""
    mine = [row for row in rows if row["name"].startswith("kaogan") and "failure" not in row]
    large = [row for row in mine if row["batch"] >= 256]
    lean = [row for row in mine if row["needed"] and row["name"] != EAGER]
    found = {
        "at least 10 times the plain peer": (10.0, [r.get("times plain") for r in mine]),
        "at least 5 times the tuned peer": (5.0, [r.get("times plain, tuned") for r in mine]),
        f"{EPOCH:,} pictures a second, batch 256 or more": (
            EPOCH,
            [row["images_per_second"] for row in large],
        ),
        "at least 0.4 of the floor": (0.4, [row["share_of_floor"] for row in mine]),
        "tensors are 0.9 of the memory taken": (
            1 / 1.1,
            [row["needed"] / row["memory"] for row in lean],
        ),
    }
    best = {name: max(filter(None, values), default=0.0) for name, (_, values) in found.items()}
    return [
        {"name": name, "wanted": wanted, "best": best[name], "reached": best[name] >= wanted}
        for name, (wanted, _) in found.items()
    ]


def table(report: Mapping[str, Any]) -> list[str]:
    """The same for people."""
    limits = report["limits"]
    return [
        *(
            f"{'ok    ' if check['passed'] else 'FAILED'} {check['name']} ({check['detail']})"
            for check in report["checks"]
        ),
        "",
        f"{report['device']}, {report['precision']}, width {report['width']}, torch "
        f"{report['torch']}: {limits['flops_per_second'] / 1e12:,.2f} TFLOP/s, "
        f"{limits['bytes_per_second'] / 1e9:,.0f} GB/s",
        "",
        "| batch | contender | images/s | ms/step | s/epoch | of floor | memory | needed "
        "| times plain | times tuned |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *map(_line, report["rows"]),
        "",
        *(
            f"{'reached' if target['reached'] else 'missed '} {target['name']}: "
            f"{target['best']:,.2f}"
            for target in report["targets"]
        ),
    ]


def _line(row: Mapping[str, Any]) -> str:
    head = f"| {row['batch']} | {row['name']} |"
    if "failure" in row:
        return f"{head} {row['failure']} |"
    memory, needed = (
        f"{row[key] / 1e9:.2f} GB" if row[key] else "-" for key in ("memory", "needed")
    )
    ratios = [f"{row[key]:.2f}" if (key := f"times {name}") in row else "-" for name in PEERS]
    return (
        f"{head} {row['images_per_second']:,.0f} | {1e3 * row['step_seconds']:.2f} "
        f"| {row['epoch_seconds']:.2f} | {row['share_of_floor']:.0%} | {memory} | {needed} "
        f"| {ratios[0]} | {ratios[1]} |"
    )


if __name__ == "__main__":
    main()
