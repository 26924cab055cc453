"""What a training step costs as pictures and batches grow, beside what it should cost.

    python benchmarks/scaling.py --keep scaling.json --markdown > scaling.md

Each cell of the table runs in a process of its own on the CPU, so that its memory is its own: one
step to warm up, then a few that are timed. The law for time is the floor of `kaogan.bench`:
operations of the step over the measured peak of a matrix product, or bytes over bandwidth. The law
for memory adds up what must be there at once: the program, weights with gradients, moments and
average, and what the discriminator's turn keeps for its way back, batch by batch.

Cells that would not fit into memory, or take longer than `--limit` seconds a step, are left out.
With `--keep` a second call goes on where the first one stopped.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]
import torch
from torch import Tensor

from kaogan import recipes
from kaogan.bench import Limits, measure_limits, step_work
from kaogan.bench.measure import assemble
from kaogan.bench.timing import seconds_of
from kaogan.errors import UsageError
from kaogan.files import write_text
from kaogan.progress import track
from kaogan.training.precision import Compute, choose_precision
from kaogan.training.recipe import Hardware, Precision, Recipe
from kaogan.training.state import TrainState
from processes import Failed, measure

SIZES = (32, 64, 128, 256)
BATCHES = (16, 32, 64, 128, 256, 512, 1024)
CPU = torch.device("cpu")
PICTURES = 256
USABLE = 0.9
"""Share of the free memory that a cell may take."""
FIRST_GUESS = 2.0
"""Measured over expected time, before anything was measured."""

Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES, metavar="N")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    parser.add_argument("--tune", action="store_true", help="own algorithms for convolutions")
    parser.add_argument("--steps", type=int, default=3, help="timed steps in a cell (3)")
    parser.add_argument("--limit", type=float, default=30.0, help="seconds of a step (30)")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="rows; those there are kept")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--cell", metavar="JSON", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cell:
        print(json.dumps(measure_cell(json.loads(options.cell))))
        return
    try:
        result = measure_table(options)
    except UsageError as error:
        raise SystemExit(str(error)) from None
    if options.json:
        print(json.dumps(result))
    else:
        print(markdown(result) if options.markdown else describe(result))


# The table


def measure_table(options: argparse.Namespace) -> dict[str, Any]:
    """All cells, smallest first, each beside its law."""
    base = psutil.Process().memory_info().rss  # everything is imported, and nothing done
    setting = {
        "width": options.width,
        "precision": choose_precision(options.precision, CPU),
        "tune": options.tune,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
    result = _kept(options.keep, setting)
    limits = Limits(**result["limits"])
    cells = [(size, batch) for size in options.sizes for batch in options.batches]
    with track(len(cells), "measuring", "cells") as progress:
        for size, batch in cells:
            if not any((row["size"], row["batch"]) == (size, batch) for row in result["rows"]):
                recipe = recipes.dcgan(size=size, width=options.width, batch=batch)
                row = law(recipe, setting["precision"], limits, base)
                row |= _left_out(row, result["rows"], options.limit) or _run_cell(
                    {**setting, "size": size, "batch": batch, "steps": options.steps}
                )
                result["rows"].append(row)
                if options.keep:
                    write_text(options.keep, json.dumps(result, indent=1) + "\n")
            progress.advance(1, f"{size}x{size}, batch {batch}")
    wanted = [row for row in result["rows"] if (row["size"], row["batch"]) in cells]
    return {**result, "rows": sorted(wanted, key=lambda row: (row["size"], row["batch"]))}


def _kept(file: Path | None, setting: dict[str, Any]) -> dict[str, Any]:
    """What an earlier call measured, if it was the same; else a beginning."""
    if file is not None and file.exists():
        kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if {key: kept.get(key) for key in setting} != setting:
            raise UsageError(f"{file} holds rows of another setting; use another file")
        return {**kept, "rows": [row for row in kept["rows"] if "left_out" not in row]}
    limits = measure_limits(CPU, setting["precision"])
    return {**setting, "limits": vars(limits), "rows": []}


def _left_out(row: Row, before: list[Row], limit: float) -> Row | None:
    """Why a cell is not worth trying, if so."""
    if row["expected_mib"] > USABLE * psutil.virtual_memory().available / 2**20:
        return {"left_out": "memory"}
    # As much slower than the law as the last cell that was measured: mostly half the batch.
    slower = [done["seconds"] / done["expected_seconds"] for done in before if "seconds" in done]
    if row["expected_seconds"] * (slower or [FIRST_GUESS])[-1] > limit:
        return {"left_out": "time"}
    return None


def _run_cell(cell: dict[str, Any]) -> Row:
    try:
        took = measure([sys.executable, __file__, "--cell", json.dumps(cell)])
    except Failed as failure:
        last = str(failure).splitlines()[-1]
        return {"left_out": f"failed ({last})"}
    # The system's own record of the most memory would not do: it counts from before the exec.
    return {**json.loads(took.output), "mib": round(took.resident_mib)}


# A cell


def measure_cell(cell: dict[str, Any]) -> Row:
    """Seconds of a step: the median."""
    size, batch = cell["size"], cell["batch"]
    torch.set_num_threads(cell["threads"])
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (PICTURES, size, size, 3), dtype=np.uint8)
    hardware = Hardware(device="cpu", precision=cell["precision"], tune=cell["tune"])
    recipe = recipes.dcgan(size=size, width=cell["width"], batch=batch)
    trainer = assemble(recipe, pictures, hardware)
    trainer.step()
    seconds = statistics.median(seconds_of(trainer.step, CPU) for _ in range(cell["steps"]))
    return {"seconds": round(seconds, 4), "images_per_second": round(batch / seconds, 2)}


# The law


def law(recipe: Recipe, precision: Precision, limits: Limits, base: int) -> Row:
    """What a step of this recipe should cost, at least."""
    work = step_work(recipe, precision)
    _, size, _ = recipe.model.sample_shape
    memory = base + expected_bytes(recipe, precision)
    return {
        "size": size,
        "batch": recipe.batch,
        "gflop": round(work.flops / 1e9, 3),
        "expected_seconds": round(limits.floor(work), 4),
        "expected_mib": round(memory / 2**20),
    }


def expected_bytes(recipe: Recipe, precision: Precision) -> int:
    """Memory of the tensors that a step needs at once."""
    two, four = (
        kept_bytes(recipe.model_copy(update={"batch": batch}), precision) for batch in (2, 4)
    )
    kept = two + (four - two) * (recipe.batch - 2) // 2  # the same for every picture
    networks = recipe.model.generator(), recipe.model.discriminator()
    generator, discriminator = (sum(p.nbytes for p in n.parameters()) for n in networks)
    # Weights, gradients and both moments of Adam; the average of the generator.
    return kept + 4 * (generator + discriminator) + generator


def kept_bytes(recipe: Recipe, precision: Precision) -> int:
    """Bytes that autograd keeps in the discriminator's turn, the weights themselves not counted.

    Both networks' graphs are alive then: the generator's waits for its own turn.
    """
    compute = Compute(CPU, precision)
    state = TrainState.fresh(recipe, compute)
    weights = {p.data_ptr() for n in state.networks.values() for p in n.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with (
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        compute.autocast(),
    ):
        fake = state.generator(torch.randn(recipe.batch, recipe.model.latent_dim)).float()
        judged = [state.discriminator(x) for x in (torch.zeros_like(fake), fake.detach())]
    del judged  # until here all that was kept is alive, so that no address stands for two
    return sum(size for pointer, size in kept.items() if pointer not in weights)


# Words


HEADINGS = ("size", "batch", "s/step", "law, s", "share", "images/s", "MiB", "law, MiB")


def _table(result: dict[str, Any]) -> list[tuple[str, ...]]:
    return [_line(row) for row in result["rows"]]


def _line(row: Row) -> tuple[str, ...]:
    place = (f"{row['size']}", f"{row['batch']:,}")
    seconds, mib = row["expected_seconds"], f"{row['expected_mib']:,}"
    if "left_out" in row:
        return (*place, f"left out: {row['left_out']}", f"{seconds:.3g}", "-", "-", "-", mib)
    share, rate = f"{seconds / row['seconds']:.0%}", f"{row['images_per_second']:,.1f}"
    measured = f"{row['seconds']:.3g}"
    return (*place, measured, f"{seconds:.3g}", share, rate, f"{row['mib']:,}", mib)


def _introduction(result: dict[str, Any]) -> str:
    limits = Limits(**result["limits"])
    how = "measured algorithms" if result["tune"] else "the library's algorithms"
    return (
        f"Width {result['width']}, {result['precision']}, {result['threads']} threads, torch "
        f"{result['torch']}, {how}; measured peak {limits.flops_per_second / 1e9:,.0f} GFLOP/s, "
        f"bandwidth {limits.bytes_per_second / 1e9:,.1f} GB/s."
    )


def describe(result: dict[str, Any]) -> str:
    """The table for a terminal."""
    lines = [HEADINGS, *_table(result)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    texts = ["  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)) for line in lines]
    return "\n".join([_introduction(result), *texts])


def markdown(result: dict[str, Any]) -> str:
    """The table for a document."""
    lines = [HEADINGS, ("---:",) * len(HEADINGS), *_table(result)]
    return "\n".join([_introduction(result), "", *(f"| {' | '.join(line)} |" for line in lines)])


if __name__ == "__main__":
    main()
