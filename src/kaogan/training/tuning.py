"""Fitting a run's convolutions to the machine, once, before it starts.

A run keeps its plan (in `run.json`): another algorithm rounds differently, and a resumed run must
equal one that was never stopped. What was measured is remembered (`kaogan.training.memory`), so
that two runs on one machine agree to the bit, and the second one starts at once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from kaogan.contracts import Batch, unlabelled
from kaogan.convolutions import Plan
from kaogan.training import memory
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
    place = f"{memory.machine()}, batch {recipe.batch}"
    known = memory.recall(place) if remember else {}
    compute = Compute(device, precision, plan)
    trainer = Trainer(recipe, TrainState.fresh(recipe, compute), Noise(recipe), compute)

    def notice(operation: str) -> None:
        if say is not None and plan.choices.keys() <= known.keys():  # it is the first
            say("measuring which algorithms suit the convolutions on this machine, once")

    with plan.learning(known, notice):
        for penalised in recipe.kinds_of_steps:
            trainer.train_step(trainer.draw_inputs(), penalised)
    if not remember or plan.choices.keys() <= known.keys():
        return plan
    held = memory.keep(place, plan.choices)
    return Plan({key: held[key] for key in plan.choices})


@dataclass(frozen=True)
class Noise:
    """Batches to try a step with: samples of the recipe's shape, in [-1, 1]."""

    recipe: Recipe

    def __call__(self, start: int, count: int) -> Batch:
        rng = torch.Generator().manual_seed(start)
        shape = (count, *self.recipe.model.sample_shape)
        noise = torch.rand(shape, generator=rng) * 2 - 1
        if noise.ndim == 4:
            noise = noise.contiguous(memory_format=torch.channels_last)
        return unlabelled(noise)

    def __len__(self) -> int:
        return self.recipe.batch
