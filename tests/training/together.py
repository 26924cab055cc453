"""Games that several processes play together; torchrun runs this file for `test_world.py`.

    torchrun --nproc-per-node 2 together.py FOLDER

Every process plays, and the first one writes what came out to FOLDER.
"""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

sys.path.append(str(Path(__file__).parent))

from toys import COMPUTE, MODERN, AdaptiveJitter, tiny_recipe

from kaogan import recipes
from kaogan.contracts import Batch, unlabelled
from kaogan.data.dataset import open_dataset
from kaogan.errors import KaoganError
from kaogan.rng import seed_of
from kaogan.training.fit import fit
from kaogan.training.joining import joined
from kaogan.training.recipe import Budget, Hardware, Recipe, Watch
from kaogan.training.state import TrainState
from kaogan.training.tasks.images import Pictures, train
from kaogan.training.trainer import Trainer
from kaogan.training.world import World

LONG, SHORT = 50, 10
"""Steps of a game."""
LR = {"lr": 1e-3}
GAMES: dict[str, Recipe] = {
    "standard": tiny_recipe(**MODERN | LR, batch=16),
    "dcgan": tiny_recipe(batch=16, **LR),
    "gradient penalty": tiny_recipe(
        norm="none", loss="wasserstein", penalties={"gradient-penalty": 1.0}, batch=16, **LR
    ),
    "packs": tiny_recipe(
        norm="none", loss="relativistic", penalties={"r1": 1.0}, packing=2, batch=16, **LR
    ),
    "spectral norm": tiny_recipe(norm="spectral", loss="hinge", minibatch_std=2, batch=16, **LR),
    "augmented": tiny_recipe(batch=16, **LR).model_copy(update={"augmentation": AdaptiveJitter()}),
    "labels": tiny_recipe(
        **MODERN | LR,
        batch=16,
        attributes=[
            {"name": "hair", "kind": "categories", "values": ["pink", "blue", "black"]},
            {"name": "light", "kind": "number"},
        ],
    ),
    "points": recipes.toy(batch=16, width=16, copies=2, generator_norm="batch", steps=LONG),
}
STEPS = {name: LONG if name in ("standard", "dcgan") else SHORT for name in GAMES}

RECIPE = tiny_recipe(**MODERN, batch=64)
IMAGES = 1280
"""Of whole trainings, which are in float32."""
PLAIN = Hardware(device="cpu", precision="fp32", tune=False)


class Stream:
    """Samples that are a function of their number, as the contract of batches asks; with codes of
    a category and a number if they are labelled.
    """

    def __init__(self, shape: tuple[int, ...], labelled: bool = False) -> None:
        self.shape, self.labelled = shape, labelled

    def __call__(self, start: int, count: int) -> Batch:
        numbers = range(start, start + count)
        rngs = [torch.Generator().manual_seed(seed_of(9, number)) for number in numbers]
        x = torch.stack([torch.rand(self.shape, generator=rng) for rng in rngs])
        if not self.labelled:
            return unlabelled(x)
        codes = torch.stack([torch.rand(2, generator=rng) for rng in rngs])
        return Batch(x, torch.stack([(3 * codes[:, 0]).floor(), codes[:, 1]], 1))

    def __len__(self) -> int:
        return 1000


@contextlib.contextmanager
def doubles() -> Iterator[None]:
    """Within, what would be computed in float32 is computed in float64."""
    single, before = Tensor.float, torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    Tensor.float = Tensor.double  # the trainer's "at least float32"
    try:
        yield
    finally:
        Tensor.float = single
        torch.set_default_dtype(before)


def play(name: str, world: World) -> dict[str, Tensor]:
    """All tensors after the game's steps in float64, and the steps' losses and probabilities."""
    recipe = GAMES[name]
    with doubles():
        state = TrainState.fresh(recipe, COMPUTE)
        batches = Stream(recipe.model.sample_shape, bool(recipe.model.attributes))
        trainer = Trainer(recipe, state, batches, COMPUTE, world)
        stats = [torch.stack(trainer.step()) for _ in range(STEPS[name])]
    return {k: v.contiguous() for k, v in state.tensors().items()} | {"stats": torch.stack(stats)}


def second_slopes(world: World) -> list[float]:
    """The slope of a squared slope through a batch norm, summed over all processes."""
    norm = torch.nn.BatchNorm1d(3).double()
    rows = torch.randn(8, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    x = world.part(rows).requires_grad_()
    with world.synchronised():
        (slope,) = torch.autograd.grad(norm(x).pow(3).sum(), x, create_graph=True)
    slope.square().sum().backward()
    world.average([norm.weight.grad, x.grad])
    return [*(norm.weight.grad * world.size).tolist(), *norm.running_var.tolist()]


class Poisoned(Stream):
    """Pictures, one of which is NaN when a process reads it for the first time."""

    def __init__(self) -> None:
        super().__init__(RECIPE.model.sample_shape)
        self.poison = True

    def __call__(self, start: int, count: int) -> Batch:
        batch = super().__call__(start, count)
        if self.poison and start <= 510 < start + count:
            self.poison = False
            batch.x[-1] = torch.nan
        return batch


@dataclass(frozen=True)
class Diverging(Pictures):
    """Training on these."""

    def batches(self, recipe: Recipe, device: torch.device, workers: int) -> Poisoned:
        return Poisoned()


class Stopping(Stream):
    """Pictures, and a signal to one process when it reads the 50th."""

    def __call__(self, start: int, count: int) -> Batch:
        if start <= 50 < start + count:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().__call__(start, count)


@dataclass(frozen=True)
class Interrupted(Pictures):
    """Training on these."""

    def batches(self, recipe: Recipe, device: torch.device, workers: int) -> Stopping:
        return Stopping(RECIPE.model.sample_shape)


def trainings(world: World, folder: Path) -> None:
    """Whole trainings into folders of these names."""
    dataset = open_dataset(folder / "data")
    seldom = Watch(checkpoint_minutes=60, evaluate_every=0)
    train(RECIPE, dataset, folder / "whole", Budget(images=IMAGES), PLAIN, seldom)
    fit(RECIPE, Diverging(dataset), folder / "diverging", Budget(images=IMAGES), PLAIN, seldom)
    fit(RECIPE, Interrupted(dataset), folder / "interrupted", Budget(images=10**6), PLAIN, seldom)
    train(RECIPE, dataset, folder / "timed", Budget(minutes=0.005), PLAIN, seldom)


def disagreement(world: World, folder: Path) -> str:
    """The error of a process, if each has another recipe."""
    recipe = RECIPE.model_copy(update={"seed": world.rank})
    try:
        train(recipe, open_dataset(folder / "data"), folder / "none", Budget(images=64), PLAIN)
    except KaoganError as error:
        return str(error)
    return ""


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    with joined("cpu") as world:
        if world.size == 2:
            trainings(world, folder)
        outcome = {
            "disagreement": disagreement(world, folder),
            "size": world.size,
            "any": [world.any(False), world.any(world.rank == world.size - 1)],
            "shared": world.shared(f"äé {world.rank}" if world.leads else ""),
            "empty": world.shared(""),
            "whole": world.whole(world.part(torch.arange(8.0))).tolist(),
            "second": second_slopes(world),
        }
        games = GAMES if world.size == 2 else ("standard",)
        for name in games:
            tensors = play(name, world)
            if world.leads:
                save_file(tensors, folder / f"{name}.safetensors")
        if world.leads:
            (folder / "outcome.json").write_text(json.dumps(outcome))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    sys.stderr.flush()
    os._exit(0)  # as `python -m kaogan` ends
