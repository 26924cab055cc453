"""Images per second of a training step: kaogan beside a plain PyTorch DCGAN, on the CPU.

    python benchmarks/speed.py --batch 64 --rounds 7

Equal size (64x64), width, batch and pictures; both in this process, in turn, so that a machine
that slows down slows both; medians over the rounds, and the ratio of each round.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from kaogan import recipes
from kaogan.data.avatars import draw, sample_avatar
from kaogan.data.batches import ImageBatches
from kaogan.training.precision import Compute, choose_precision
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer
from plain_dcgan import PlainDCGAN

PICTURES = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--steps", type=int, default=4, help="steps in a round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    device = torch.device("cpu")
    precision = choose_precision("auto", device)
    pictures = np.stack([draw(sample_avatar(0, index), 64) for index in range(PICTURES)])
    recipe = recipes.dcgan(batch=options.batch, width=options.width)
    compute = Compute(device, precision)
    batches = ImageBatches(pictures, device, recipe.seed)
    trainer = Trainer(recipe, TrainState.fresh(recipe, compute), batches, compute)

    torch.manual_seed(0)
    plain = PlainDCGAN(options.batch, options.width)
    real = batches(0, options.batch).contiguous()

    contenders: dict[str, Callable[[], object]] = {
        "kaogan": trainer.step,
        "plain": lambda: plain.step(real),
    }
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for round_number in range(options.rounds + 1):
        for name, step in contenders.items():
            start = time.perf_counter()
            for _ in range(options.steps):
                step()
            rate = options.steps * options.batch / (time.perf_counter() - start)
            if round_number:  # the first round warms up
                rates[name].append(rate)
    ratios = [k / p for k, p in zip(rates["kaogan"], rates["plain"], strict=True)]
    result = {
        "batch": options.batch,
        "width": options.width,
        "precision": precision,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "images_per_second": {name: round(statistics.median(r), 1) for name, r in rates.items()},
        "ratio_median": round(statistics.median(ratios), 3),
        "ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
    }
    if options.json:
        print(json.dumps(result))
        return
    for name, rate in result["images_per_second"].items():
        print(f"{name:7} {rate:7.1f} images/s")
    low, high = result["ratio_range"]
    print(f"ratio   {result['ratio_median']:7.2f} (rounds: {low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
