"""The choice of algorithms for a run's convolutions on this machine, before the run starts.

A run keeps its plan (in `run.json`): algorithms round differently, and a resumed run must equal an
uninterrupted one. Measurements are stored (`kaogan.training.memory`), so that two runs on one
machine agree to the bit, and the second one starts at once.
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
    """The arithmetic of a new run: number format and algorithms for this machine.

    Raises a UsageError if this device does not support the precision.
    """
    chosen = choose_precision(precision, device)
    plan = measured_plan(recipe, device, chosen, say=say) if tune else Plan()
    return Compute(device, chosen, plan)


def measured_plan(
    recipe: Recipe,
    device: torch.device,
    precision: Precision,
    remember: bool = True,
    say: Callable[[str], None] | None = None,
) -> Plan:
    """The fastest algorithm for each convolution in a training step of this recipe.

    It runs a step of each kind. Each operation of a layer without an earlier measurement is timed
    with every suitable algorithm.

    Args:
        recipe: networks and batch.
        device: plans are for CPUs; elsewhere they are empty.
        precision: number format of the products.
        remember: use earlier measurements, and store new ones.
        say: called with a message when a measurement begins.

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
    """Batches for trial steps: samples of the recipe's shape, in [-1, 1]."""

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
