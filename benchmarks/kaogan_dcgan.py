"""kaogan as `kaogan train` runs it, and with each of its own optimisations switched off.

What the library has no option for is taken out here, around it: the library keeps one way.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import nn

from kaogan import recipes
from kaogan.bench.measure import assemble, settings
from kaogan.contracts import Batch, Batches, unlabelled
from kaogan.data.batches import Shuffled
from kaogan.data.dataset import open_dataset
from kaogan.images import Pixels, to_model
from kaogan.training.precision import Compute
from kaogan.training.recipe import Hardware
from kaogan.training.sampling import BATCH, Sampler, standing_statistics
from kaogan.training.state import TrainState
from kaogan.training.trainer import StepInputs, StepStats, Trainer
from worker import About, Orders, Task, check_parameters, serve

HARDWARE = {
    "kaogan": Hardware(device="cpu"),
    "fp32": Hardware(device="cpu", precision="fp32"),
    "bf16": Hardware(device="cpu", precision="bf16"),
    "library-convolutions": Hardware(device="cpu", tune=False),
}


def contiguous(trainer: Trainer, pictures: Pixels) -> Trainer:
    """Channels first, PyTorch's default memory layout."""
    was = trainer.compute
    compute = ChannelsFirst(was.device, was.precision, was.plan)
    state = TrainState.fresh(trainer.recipe, compute)
    return Trainer(trainer.recipe, state, Contiguous(trainer.batches), compute)


class ChannelsFirst(Compute):
    def place(self, network: nn.Module) -> nn.Module:
        return super().place(network).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload, no-any-return]


@dataclass(frozen=True)
class Contiguous:
    batches: Batches

    def __call__(self, start: int, count: int) -> Batch:
        x, c = self.batches(start, count)
        return Batch(x.contiguous(), c)

    def __len__(self) -> int:
        return len(self.batches)


def unfused_adam(trainer: Trainer, pictures: Pixels) -> Trainer:
    """Adam as PyTorch computes it unless told otherwise."""
    recipe, state = trainer.recipe, trainer.state
    state.optimizers = {
        name: torch.optim.Adam(
            state.networks[name].parameters(), recipe.lr, (recipe.beta1, recipe.beta2)
        )
        for name in state.optimizers
    }
    return trainer


def all_gradients(trainer: Trainer, pictures: Pixels) -> Trainer:
    """The generator's turn computes the discriminator's weight gradients as well, for nothing."""
    discriminator, train_step = trainer.state.discriminator, trainer.train_step

    def wasteful_step(inputs: StepInputs, penalised: bool) -> StepStats:
        stats = train_step(inputs, penalised)
        discriminator.zero_grad()
        return stats

    setattr(discriminator, "requires_grad_", lambda wanted=True: discriminator)  # noqa: B010
    trainer.compiled_step = wasteful_step
    return trainer


def no_ema(trainer: Trainer, pictures: Pixels) -> Trainer:
    """Nothing is averaged but a single number."""
    trainer._averaged, trainer._current = [torch.zeros(1)], [torch.zeros(1)]
    return trainer


def no_reading_ahead(trainer: Trainer, pictures: Pixels) -> Trainer:
    """A batch is read when it is needed."""
    return replace(trainer, batches=WhenNeeded(pictures, trainer.recipe.seed))


class WhenNeeded:
    def __init__(self, pictures: Pixels, seed: int) -> None:
        self.pictures, self.positions = pictures, Shuffled(len(pictures), seed)

    def __call__(self, start: int, count: int) -> Batch:
        positions = self.positions(start, count).numpy()
        return unlabelled(to_model(torch.from_numpy(self.pictures[positions])))

    def __len__(self) -> int:
        return len(self.pictures)


WITHOUT: dict[str, Callable[[Trainer, Pixels], Trainer]] = {
    "contiguous": contiguous,
    "unfused-adam": unfused_adam,
    "all-gradients": all_gradients,
    "no-ema": no_ema,
    "no-reading-ahead": no_reading_ahead,
}


def make(variant: str, pictures: Pixels, batch: int, width: int) -> Trainer:
    """A trainer of kaogan, "kaogan", or of one of its variants."""
    recipe = recipes.dcgan(batch=batch, width=width)
    trainer = assemble(recipe, pictures, HARDWARE.get(variant, HARDWARE["kaogan"]))
    return WITHOUT[variant](trainer, pictures) if variant in WITHOUT else trainer


def load(task: Task) -> tuple[About, Orders]:
    """The contender of speed.py."""
    if task["threads"]:
        torch.set_num_threads(task["threads"])
    pictures = open_dataset(task["data"]).train[:]
    trainer = make(task["variant"], pictures, task["batch"], task["width"])
    state, latent_dim = trainer.state, trainer.recipe.model.latent_dim
    networks = (state.generator, state.discriminator)
    check_parameters(task["width"], *(sum(p.numel() for p in n.parameters()) for n in networks))
    sampler = Sampler(standing_statistics(state.ema, latent_dim, BATCH), latent_dim)

    def train(steps: int) -> None:
        for _ in range(steps):
            stats = trainer.step()
        stats.loss_g.item()  # waits

    def sample(count: int) -> None:
        sampler.sample(count)

    about = {
        "precision": trainer.compute.precision,
        "version": f"torch {torch.__version__}",
        "settings": settings(trainer),
    }
    return about, {"train": train, "sample": sample}


if __name__ == "__main__":
    serve(load)
