"""Training on a CUDA GPU: is the fast path right, how fast is it, and how near to the limit?

    python benchmarks/gpu.py                              # drawn avatars, 9 minutes
    python benchmarks/gpu.py --data DATASET --parts checks race --batches 128
    python benchmarks/gpu.py --device cpu --quick         # does the script work?
    python benchmarks/gpu.py --table build/gpu/*.jsonl    # the lines of runs as Markdown

It needs Python, torch and NumPy. Where kaogan's other packages are missing, it takes them from
`build/wheels` (`gpu/packages.py` says why). Where pip works, this fills it for another machine's
Python:

    python benchmarks/gpu.py --vendor 3.12

Every contender is a process of its own with a limit of time: one that hangs, crashes or spoils its
CUDA context is reported with all that it said, and the others go on. In a race, all contenders with
one batch take turns in every round (`gpu/race.py` has their table). Results are JSON lines, written
as they come, and Markdown, written anew after each part. The most valuable parts come first
(`gpu/plan.py`), and what does not fit into `--minutes` is named:

    checks        do recorded and compiled steps train as eager ones?
    race          times, memory, kernels and profiles beside the plain PyTorch example
    losses        fp32, bf16 and fp16 from the same seed
    convolutions  TFLOP/s of each layer and each of its products
    train         the wall-clock of `kaogan train`, by what it was spent on
    floor         the least work of a step

Exit status 1: there is no GPU, packages are missing, or a check or a contender failed.
"""

import argparse
import os
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from gpu import packages, table
from gpu.plan import LIGHT_BATCH, PARTS, RECIPES, TRAINED_IMAGES, Bench
from gpu.race import CONTENDERS


def main() -> None:
    options = parse()
    if options.vendor:
        print(packages.fetch(options.vendor, options.wheels))
        return
    if options.table:
        try:
            lines = table.read(options.table)
        except OSError as error:
            raise SystemExit(f"error: cannot read {error.filename}: {error.strerror}") from None
        print(table.markdown(lines))
        return
    # Short paths: torch makes sockets in it. Compiled kernels are kept there for all contenders.
    with tempfile.TemporaryDirectory(prefix="gpu-", ignore_cleanup_errors=True) as folder:
        os.environ["TMPDIR"] = folder
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = f"{folder}/compiled"
        os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "4")
        os.environ["TORCH_LOGS"] = "graph_breaks,recompiles"
        # As PyTorch's profiler sets them itself where it knows of CUDA graphs.
        os.environ |= {"DISABLE_CUPTI_LAZY_REINIT": "1", "TEARDOWN_CUPTI": "0"}
        packages.provide(options.wheels, Path(folder) / "packages")
        bench = Bench(options, Path(folder))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("error: ended from outside"))
        try:
            bench.run()
        except KeyboardInterrupt:
            raise SystemExit("error: interrupted") from None
    if bench.wrong:
        raise SystemExit(
            f"error: {bench.wrong} checks or contenders failed; see {options.markdown}"
        )


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False
    )
    names = f"contenders: {', '.join(CONTENDERS)}"
    parser.add_argument("--data", metavar="DATASET", help="prepared data set, 64x64 in colour")
    parser.add_argument("--count", type=int, default=16_384, help="avatars without --data (16384)")
    parser.add_argument(
        "--recipe", nargs="+", choices=RECIPES, default=list(RECIPES), help="of kaogan (both)"
    )
    parser.add_argument(
        "--batches",
        type=int,
        nargs="+",
        metavar="N",
        default=[128, 32, LIGHT_BATCH, 512],
        help="the most valuable one first (128 32 256 512)",
    )
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, metavar="NAME", help=names)
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=PARTS,
        default=list(PARTS),
        metavar="PART",
        help=f"of {', '.join(PARTS)} (all)",
    )
    parser.add_argument("--width", type=int, default=64, help="channels of the largest map (64)")
    parser.add_argument("--rounds", type=int, default=5, help="that count; one more warms up (5)")
    parser.add_argument("--seconds", type=float, default=0.2, help="of each turn (0.2)")
    parser.add_argument(
        "--images", type=int, default=TRAINED_IMAGES, help="of `kaogan train` (1000000)"
    )
    parser.add_argument("--minutes", type=float, default=9.0, help="for all of it (9)")
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1, ... or cpu (cuda)")
    parser.add_argument("--out", type=Path, help="JSON lines, as they come (build/gpu/TIME.jsonl)")
    parser.add_argument("--quick", action="store_true", help="does it work? all of it, but tiny")
    other = parser.add_argument_group("without measuring")
    other.add_argument("--table", type=Path, nargs="+", metavar="FILE", help="lines as Markdown")
    other.add_argument("--vendor", metavar="PYTHON", help='download packages for a Python: "3.12"')
    parser.add_argument(
        "--wheels",
        type=Path,
        default=packages.WHEELS,
        metavar="FOLDER",
        help="where --vendor puts them, and a run finds them (build/wheels)",
    )
    options = parser.parse_args(arguments)
    if options.quick:
        options.count, options.batches, options.width, options.images = 40, [4], 4, 64
        options.rounds, options.seconds = 2, 0.01
    numbers = (options.rounds, options.width, options.count, options.images, *options.batches)
    if min(numbers) < 1 or min(options.seconds, options.minutes) <= 0:
        parser.error("numbers must be positive")
    if not options.data and max(options.batches) > options.count:
        parser.error(f"{options.count} pictures make no batch of {max(options.batches)}")
    if options.out is None:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        options.out = packages.ROOT / "build" / "gpu" / f"{stamp}.jsonl"
    options.markdown = options.out.with_suffix(".md")
    return options


if __name__ == "__main__":
    main()
