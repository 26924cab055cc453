"""Small trainings: points on a ring, 32 x 32 pictures, and parts that plug into the loop."""

import contextlib
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import nn

from kaogan import recipes
from kaogan.contracts import Augmentation, Batch, Loss, Model, Penalty, unlabelled
from kaogan.data.dataset import Dataset, open_dataset
from kaogan.data.writing import Picture, write_dataset
from kaogan.losses import NonSaturating
from kaogan.training.precision import Compute
from kaogan.training.recipe import Budget, Hardware, Recipe, Watch
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer

CPU = Hardware(device="cpu", precision="fp32")
COMPUTE = Compute(torch.device("cpu"), "fp32")


# Pictures


def gradients(count: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Pictures of smooth colours, no two alike."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 255, (count, 2, 2, channels))
    across = np.linspace(0, 1, 32)
    rows = np.einsum("nabc,ay->nybc", corners, np.stack([1 - across, across]))
    return np.einsum("nybc,bx->nyxc", rows, np.stack([1 - across, across])).astype(np.uint8)


def make_dataset(folder: Path, count: int = 40, channels: int = 3, seed: int = 0) -> Dataset:
    pictures = gradients(count, channels, seed)
    rows = (Picture(picture, {"source": f"{i}.png"}) for i, picture in enumerate(pictures))
    return write_dataset(folder, rows, size=32, channels=channels, about={})


def tiny_recipe(**options) -> Recipe:
    return recipes.dcgan(**{"size": 32, "width": 4, "latent_dim": 8, "batch": 8} | options)


MODERN = {
    "norm": "none",
    "loss": "relativistic",
    "penalties": {"r1": 1.0, "r2": 1.0},
    "penalty_interval": 3,
    "initialization": "he",
    "minibatch_std": 4,
    "mirror": True,
    "beta1": 0.0,
    "beta2": 0.99,
}
"""The options of the standard recipe; only the interval is shorter."""


# Points in the plane


class Points(Model):
    """The smallest model: a line of code for each network."""

    name: Literal["points"] = "points"
    latent_dim: int = 2

    @property
    def sample_shape(self) -> tuple[int, ...]:
        return (2,)

    def generator(self) -> nn.Module:
        return nn.Sequential(nn.Linear(self.latent_dim, 32), nn.ReLU(), nn.Linear(32, 2))

    def discriminator(self) -> nn.Module:
        hidden = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
        return nn.Sequential(hidden, nn.Flatten(0))


class Blob:
    """Real points: normal around (2, -1), as a pure function of the position."""

    CENTRE = torch.tensor([2.0, -1.0])

    def __call__(self, start: int, count: int) -> Batch:
        rng = torch.Generator().manual_seed(start)
        return unlabelled(self.CENTRE + 0.5 * torch.randn(count, 2, generator=rng))

    def __len__(self) -> int:
        return 1000


class FlatFakes(Penalty):
    """Mean squared slope of the discriminator at the generated samples."""

    name: Literal["flat-fakes"] = "flat-fakes"
    weight: float = 1.0

    def __call__(self, discriminator, real, fake, epsilon) -> torch.Tensor:
        slope = fake.slopes
        return self.weight * slope.flatten(1).square().sum(1).mean()


class Jitter(Augmentation):
    """Every sample is moved a little, all its numbers alike."""

    name: Literal["jitter"] = "jitter"
    numbers: ClassVar[int] = 1

    def __call__(self, samples, numbers) -> torch.Tensor:
        return samples + 0.1 * (numbers.view(-1, *[1] * (samples.ndim - 1)) - 0.5)


class AdaptiveJitter(Augmentation):
    """Some samples are moved, the more the surer the discriminator is of real ones.

    Its probability p follows ADA: p += step * sign(E[sign(C(x))] - 0.1), from 0 to 1.
    """

    name: Literal["adaptive-jitter"] = "adaptive-jitter"
    numbers: ClassVar[int] = 2
    step: float = 0.125

    def state(self) -> dict[str, torch.Tensor]:
        return {"probability": torch.zeros(())}

    def __call__(self, samples, numbers, probability) -> torch.Tensor:
        chance, shift = (each.view(-1, *[1] * (samples.ndim - 1)) for each in numbers.unbind(1))
        return torch.where(chance < probability, samples + 0.5 * (shift - 0.5), samples)

    def update(self, real, fake, probability) -> None:
        probability.add_(self.step * (real.sign().mean() - 0.1).sign()).clamp_(0, 1)


class Watched(Augmentation):
    """Keeps what goes through it, and multiplies it by a factor."""

    name: Literal["watched"] = "watched"
    numbers: ClassVar[int] = 1
    factor: float = 1.0
    seen: list = Field(default_factory=list, exclude=True)

    def __call__(self, samples, numbers) -> torch.Tensor:
        assert numbers.shape == (len(samples), 1)
        self.seen.append(samples)
        return self.factor * samples


def make_trainer(recipe: Recipe, batches, compute: Compute = COMPUTE, **parts) -> Trainer:
    return Trainer(recipe, TrainState.fresh(recipe, compute), batches, compute, **parts)


PAPERS_LOSS = NonSaturating()


def points_trainer(
    loss: Loss = PAPERS_LOSS,
    penalties: Sequence[Penalty] = (),
    penalty_interval: int = 1,
    **fields,
) -> Trainer:
    recipe = Recipe(
        model=Points(),
        loss=loss,
        batch=64,
        lr=2e-3,
        penalties=tuple(penalties),
        penalty_interval=penalty_interval,
        **fields,
    )
    return make_trainer(recipe, Blob())


def snapshot(state: TrainState) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in state.tensors().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


# What a run leaves


def checkpoint_names(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints").iterdir())


def weights(run: Path, name: str) -> bytes:
    return (run / "checkpoints" / name / "state.safetensors").read_bytes()


def numbers(run: Path, name: str) -> dict:
    return json.loads((run / "checkpoints" / name / "state.json").read_text())


def rows(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def log_text(run: Path) -> str:
    return (run / "log.txt").read_text(encoding="utf-8")


# Trainings in a process of their own, to be killed


PROCESSES = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
PROCESSES.set_forkserver_preload(
    ["kaogan.training.tasks.images", "torch.utils.tensorboard", "matplotlib.figure", "av"]
)


def train_in_process(
    data: Path, run: Path, images: int, seconds: float, recipe: Recipe, evaluate_every: int = 10_000
):
    """Start a training that saves every `seconds`; what it says goes to RUN.err."""
    watch = Watch(checkpoint_minutes=max(seconds, 1e-6) / 60, evaluate_every=evaluate_every)
    job = PROCESSES.Process(target=_train, args=(data, run, images, recipe.model_dump(), watch))
    job.start()
    return job


def _train(data: Path, run: Path, images: int, recipe: dict, watch: Watch) -> None:
    from kaogan.training.tasks.images import train

    torch.set_num_threads(1)
    with (
        Path(f"{run}.err").open("w", encoding="utf-8", buffering=1) as said,
        contextlib.redirect_stderr(said),
    ):
        budget = Budget(images=images)
        train(
            Recipe.model_validate(recipe),
            open_dataset(data),
            run,
            budget,
            CPU,
            watch,
        )


def wait_for(condition, job=None, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        assert job is None or job.is_alive(), "the process ended too early"
        time.sleep(0.01)


KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has no SIGKILL


def kill(job, number: int = KILL) -> None:
    os.kill(job.pid, number)
    job.join(60)
    assert job.exitcode is not None
