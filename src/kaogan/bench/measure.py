"""The measurement of `kaogan bench`: training and drawing, as `kaogan train` does them."""

import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from kaogan.bench.floor import Limits, measure_limits, step_work
from kaogan.bench.timing import seconds_of
from kaogan.convolutions.algorithms import LIBRARY
from kaogan.data.avatars import draw, sample_avatar
from kaogan.data.batches import ImageBatches
from kaogan.images import PictureArray, Pixels
from kaogan.progress import track
from kaogan.training.accelerate import accelerate
from kaogan.training.fit import memory_advice
from kaogan.training.precision import choose_device
from kaogan.training.recipe import Hardware, Recipe
from kaogan.training.run_log import RunLog, Unheard
from kaogan.training.sampling import BATCH, Sampler, standing_statistics
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer
from kaogan.training.tuning import fresh_compute
from kaogan.training.world import World

TIMED_SECONDS = 0.5
"""Seconds of work that are timed together, so that waiting for the device costs nothing."""


@dataclass(frozen=True)
class Measurement:
    """The results; rates are medians."""

    images_per_second: float
    slowest_and_fastest: tuple[float, float]
    """Images per second in the slowest and the fastest half second or step of the training."""
    sampling_images_per_second: float
    peak_memory: int | None
    """Bytes of the GPU's memory, or of the process; None if the system does not report it."""
    limits: Limits
    floor_images_per_second: float
    settings: dict[str, str | int]

    @property
    def share_of_floor(self) -> float:
        """Floor time over measured time, 0 to 1."""
        return self.images_per_second / self.floor_images_per_second


def measure(
    recipe: Recipe, pictures: PictureArray, hardware: Hardware, seconds: float
) -> Measurement:
    """Train and draw for some seconds; nothing is kept.

    A few pictures of the recipe's size are enough (N x H x W x C, uint8). Training takes so many
    seconds, and drawing a quarter of them.

    Raises:
        UsageError: there is no such device, or it lacks this precision.
        KaoganError: out of memory.

    """
    with memory_advice(recipe):
        trainer = assemble(recipe, pictures, hardware)
        rates = training_rates(trainer, seconds)
        memory = peak_memory(trainer.compute.device)  # of training alone
        drawing = sampling_rates(trainer, seconds / 4)
    limits = measure_limits(trainer.compute.device, trainer.compute.precision)
    floor = limits.floor(step_work(recipe, trainer.compute.precision))
    return Measurement(
        images_per_second=statistics.median(rates),
        slowest_and_fastest=(min(rates), max(rates)),
        sampling_images_per_second=statistics.median(drawing),
        peak_memory=memory,
        limits=limits,
        floor_images_per_second=recipe.batch / floor,
        settings=settings(trainer),
    )


def avatars(count: int, size: int) -> Pixels:
    """Drawn avatars to measure with (N x H x W x 3, uint8)."""
    with track(count, "preparing", "avatars") as tracker:
        drawn = []
        for index in range(count):
            drawn.append(draw(sample_avatar(0, index), size))
            tracker.advance(1)
    return np.stack(drawn)


def assemble(
    recipe: Recipe, pictures: PictureArray, hardware: Hardware, world: World | None = None
) -> Trainer:
    """A trainer with everything that `kaogan train` would choose for this hardware, and for these
    processes.
    """
    world = world or World()
    device = world.device(choose_device(hardware.device))
    run_log = RunLog(Path(os.devnull)) if world.leads else Unheard()
    share = recipe.model_copy(update={"batch": recipe.batch // world.size})
    precision, tune, say = hardware.precision, hardware.tune, run_log.say
    compute = world.first(lambda: fresh_compute(share, device, precision, tune, say))
    batches = ImageBatches(pictures, device, recipe.seed, hardware.workers, stride=recipe.batch)
    trainer = Trainer(recipe, TrainState.fresh(recipe, compute), batches, compute, world)
    if hardware.compile and device.type == "cuda" and world.size == 1:
        accelerate(trainer, run_log)
    return trainer


def training_rates(trainer: Trainer, seconds: float) -> list[float]:
    """Images per second of about `seconds` of training, half a second at a time."""
    batch = trainer.recipe.batch
    return _rates(trainer.step, batch, trainer.compute.device, seconds, "measuring training")


def common_rate(trainer: Trainer, seconds: float) -> float:
    """Images per second of about `seconds` of training in several processes together."""
    world, taken = trainer.world, 0

    def train_until(end: float) -> None:
        nonlocal taken
        while world.any(world.leads and time.perf_counter() < end):
            trainer.step()
            taken += 1

    train_until(time.perf_counter() + seconds / 10)  # warms up
    taken = 0
    with track(None, "measuring training", "images", time_limit=seconds):
        end = time.perf_counter() + seconds
        elapsed = seconds_of(lambda: train_until(end), trainer.compute.device)
    return taken * trainer.recipe.batch / elapsed


def sampling_rates(trainer: Trainer, seconds: float) -> list[float]:
    """Images per second of drawing with the averaged weights, from seeds to uint8 pictures."""
    latent_dim = trainer.recipe.model.latent_dim
    sampler = Sampler(standing_statistics(trainer.state.ema, latent_dim, BATCH), latent_dim)
    device = trainer.compute.device
    return _rates(lambda: sampler.sample(BATCH), BATCH, device, seconds, "measuring drawing")


def _rates(
    work: Callable[[], object], images: int, device: torch.device, seconds: float, name: str
) -> list[float]:
    """Images per second of `work` on `images` images. Warming up takes a tenth more time."""
    with track(None, name, "images", time_limit=1.1 * seconds) as tracker:
        warm_up: list[float] = []
        while len(warm_up) < 2 or sum(warm_up) < seconds / 10:
            warm_up.append(seconds_of(work, device))
            tracker.advance(images)
        together = max(1, round(TIMED_SECONDS / min(warm_up)))
        times: list[float] = []
        while not times or sum(times) < seconds:
            times.append(seconds_of(lambda: [work() for _ in range(together)], device))
            tracker.advance(together * images)
    return [together * images / time for time in times]


def peak_memory(device: torch.device) -> int | None:
    """The most memory used so far, in bytes: of the GPU, or of the process on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if device.type != "cpu" or sys.platform == "win32":
        return None
    import resource

    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else highest * 1024


def settings(trainer: Trainer) -> dict[str, str | int]:
    """The choices for this machine, in words."""
    device, choices = trainer.compute.device, trainer.compute.plan.choices.values()
    weights = next(p for p in trainer.state.generator.parameters() if p.dim() == 4)
    last = weights.is_contiguous(memory_format=torch.channels_last)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return {
        "device": name,
        "precision": trainer.compute.precision,
        "threads": torch.get_num_threads(),
        "memory_layout": "channels last" if last else "channels first",
        "compiled": "no" if trainer.generator is trainer.state.generator else "yes",
        "cuda_graph": "no" if trainer.compiled_step == trainer.train_step else "yes",
        "own_convolutions": f"{sum(name != LIBRARY.name for name in choices)} of {len(choices)}",
    }
