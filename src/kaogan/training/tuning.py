"""Fitting a run's convolutions to the machine, once, before it starts.

A run keeps its plan (in `run.json`): another algorithm rounds differently, and a resumed run must
equal one that was never stopped. What was measured is kept in the user's cache folder, so that two
runs on one machine agree to the bit, and the second one starts at once.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from kaogan.contracts import Samples
from kaogan.convolutions import Plan
from kaogan.data.cache import cache_folder
from kaogan.files import write_text
from kaogan.machine import cpuinfo, processor
from kaogan.training.precision import Compute, choose_precision
from kaogan.training.recipe import Precision, Recipe
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer


def fresh_compute(
    recipe: Recipe,
    device: torch.device,
    precision: Precision,
    tune: bool = True,
    say: Callable[[str], None] | None = None,
) -> Compute:
    """The arithmetic of a run that begins: number format and algorithms that suit the machine.

    Raises:
        UsageError: a precision that this device has not.

    """
    chosen = choose_precision(precision, device)
    if not tune:
        return Compute(device, chosen)
    return Compute(device, chosen, measured_plan(recipe, device, chosen, say=say))


def measured_plan(
    recipe: Recipe,
    device: torch.device,
    precision: Precision,
    remember: bool = True,
    say: Callable[[str], None] | None = None,
) -> Plan:
    """The fastest algorithm for every convolution of a step of this recipe on this machine.

    Both networks play a step of each kind; each operation on a layer that is not remembered is
    timed with every algorithm that fits.

    Args:
        recipe: networks and batch.
        device: where; plans are for CPUs, elsewhere they stay empty.
        precision: number format of the products.
        remember: use what was measured before, and keep what is measured now.
        say: told in a sentence when a measurement begins; there may be none.

    """
    plan = Plan()
    if device.type != "cpu":
        return plan
    memory = cache_folder() / "convolutions.json"
    place = f"{machine()}, batch {recipe.batch}"
    known = _recall(memory, place) if remember else {}
    compute = Compute(device, precision, plan)
    trainer = Trainer(recipe, TrainState.fresh(recipe, compute), Noise(recipe), compute)

    def notice(operation: str) -> None:
        if say is not None and plan.choices.keys() <= known.keys():  # it is the first
            say("measuring which algorithms suit the convolutions on this machine, once")

    with plan.learning(known, notice):
        for penalised in recipe.kinds_of_steps:
            trainer.play(trainer.deal(), penalised)
    if remember and not plan.choices.keys() <= known.keys():
        with contextlib.suppress(OSError):  # a cache that cannot be written is no reason to stop
            _keep(memory, place, known | plan.choices)
    return plan


@dataclass(frozen=True)
class Noise:
    """Batches to try a step with: samples of the recipe's shape, in [-1, 1]."""

    recipe: Recipe

    def __call__(self, start: int, count: int) -> Samples:
        rng = torch.Generator().manual_seed(start)
        shape = (count, *self.recipe.networks.sample_shape)
        noise = torch.rand(shape, generator=rng) * 2 - 1
        return noise.contiguous(memory_format=torch.channels_last) if noise.ndim == 4 else noise

    def __len__(self) -> int:
        return self.recipe.batch


def machine() -> str:
    """What the speed of a product depends on: processor, threads, version of torch."""
    flags = hashlib.sha256(cpuinfo().get("flags", "").encode()).hexdigest()[:8]
    return f"{processor()} ({flags}), {torch.get_num_threads()} threads, torch {torch.__version__}"


def _recall(memory: Path, place: str) -> dict[str, str]:
    """What was measured on this machine with this batch before."""
    known = _read(memory).get(place)
    return {str(key): str(name) for key, name in known.items()} if isinstance(known, dict) else {}


def _keep(memory: Path, place: str, choices: dict[str, str]) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    write_text(memory, json.dumps(_read(memory) | {place: choices}, indent=2) + "\n")


def _read(memory: Path) -> dict[str, object]:
    """What the file holds, of all machines; nothing if it is missing or damaged."""
    with contextlib.suppress(OSError, ValueError):
        everything = json.loads(memory.read_text(encoding="utf-8"))
        return everything if isinstance(everything, dict) else {}
    return {}
