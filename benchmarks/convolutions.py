"""Milliseconds of each convolution of a DCGAN step, by every algorithm, on the CPU.

    python benchmarks/convolutions.py --batch 64

The shapes are those of the 64x64 networks of width 64. All algorithms take turns; the least time
of several rounds is shown, and the largest error against float64, as a share of the largest value.
"""

import argparse
import json
import time
from collections.abc import Callable

import torch
from torch import Tensor

from kaogan.convolutions.algorithms import ALGORITHMS, LIBRARY, Algorithm

SHAPES = ((3, 64, 64), (64, 128, 32), (128, 256, 16), (256, 512, 8))
"""Channels in, channels out, height and width of what comes in."""

Operation = Callable[[Algorithm, Tensor, Tensor, Tensor], Tensor]
OPERATIONS: dict[str, Operation] = {
    "forward": lambda a, x, w, g: a.forward(x, w),
    "input gradient": lambda a, x, w, g: a.input_gradient(g, w),
    "weight gradient": lambda a, x, w, g: a.weight_gradient(x, g),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    rows = []
    for c, d, size in SHAPES:
        operands = make_operands(options.batch, c, d, size, getattr(torch, options.dtype))
        for name, operation in OPERATIONS.items():
            timed = measure(operation, operands, size // 2, options.rounds)
            gflop = 2 * 16 * options.batch * c * d * (size // 2) ** 2 / 1e9
            rows.append({"layer": f"{c}x{size}x{size} to {d}", "operation": name, "gflop": gflop})
            rows[-1] |= timed
            if not options.json:
                print_row(rows[-1])
    if options.json:
        about = {"batch": options.batch, "dtype": options.dtype, "torch": torch.__version__}
        print(json.dumps({**about, "threads": torch.get_num_threads(), "rows": rows}))


def make_operands(n: int, c: int, d: int, size: int, dtype: torch.dtype) -> tuple[Tensor, ...]:
    """A picture, a weight and an output's gradient, channels-last."""
    rng = torch.Generator().manual_seed(0)
    shapes = ((n, c, size, size), (d, c, 4, 4), (n, d, size // 2, size // 2))
    return tuple(
        torch.randn(shape, generator=rng).to(dtype, memory_format=torch.channels_last)
        for shape in shapes
    )


def measure(
    operation: Operation, operands: tuple[Tensor, ...], height: int, rounds: int
) -> dict[str, object]:
    """Milliseconds and error by algorithm."""
    exact = operation(LIBRARY, *(each.double() for each in operands))
    fitting = [a for a in ALGORITHMS.values() if a.applies(height, height, operands[0].dtype)]
    errors, best = {}, {}
    for algorithm in fitting:  # warms up, too
        difference = operation(algorithm, *operands).double() - exact
        errors[algorithm.name] = float(difference.abs().max() / exact.abs().max())
        best[algorithm.name] = float("inf")
    for _ in range(rounds):
        for algorithm in fitting:
            start = time.perf_counter()
            operation(algorithm, *operands)
            elapsed = 1e3 * (time.perf_counter() - start)
            best[algorithm.name] = min(best[algorithm.name], elapsed)
    return {"milliseconds": best, "errors": errors}


def print_row(row: dict[str, object]) -> None:
    milliseconds, errors = row["milliseconds"], row["errors"]
    assert isinstance(milliseconds, dict)
    assert isinstance(errors, dict)
    times = "  ".join(f"{n} {ms:5.1f} ({errors[n]:.0e})" for n, ms in milliseconds.items())
    print(f"{row['layer']:18} {row['operation']:15} {row['gflop']:4.1f} GFLOP  {times}", flush=True)


if __name__ == "__main__":
    main()
