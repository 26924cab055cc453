"""The contenders of gpu.py: a plain PyTorch DCGAN, and kaogan with and without its speedups."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import nn

from kaogan import recipes
from kaogan.data.batches import ImageBatches
from kaogan.training.accelerate import capture_steps, compile_networks, cuda_graph
from kaogan.training.precision import Compute
from kaogan.training.recipe import Precision, Recipe
from kaogan.training.run_log import RunLog
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer
from plain_dcgan import PlainDCGAN, endless_batches

Step = Callable[[], object]
Speedup = Callable[[Trainer, RunLog], None]

record = partial(capture_steps, record=cuda_graph)
SPEEDUPS: dict[str, tuple[Speedup, ...]] = {
    "compiled": (compile_networks,),
    "recorded": (record,),
    "compiled and recorded": (compile_networks, record),
}
"""What makes an eager trainer faster on a GPU."""


@dataclass(frozen=True)
class Setup:
    """What all contenders have in common."""

    batches: ImageBatches
    files: Path
    """A folder of JPEG files, of the same pictures."""
    device: torch.device
    precision: Precision
    width: int
    batch: int

    @property
    def recipe(self) -> Recipe:
        return recipes.dcgan(batch=self.batch, width=self.width)

    def trainer(self, run_log: RunLog, speedups: tuple[Speedup, ...] = ()) -> Trainer:
        """Kaogan's trainer with these speedups; the run log says which of them do not work here."""
        compute = Compute(self.device, self.precision)
        state = TrainState.fresh(self.recipe, compute)
        trainer = Trainer(self.recipe, state, self.batches, compute)
        for speedup in speedups:
            speedup(trainer, run_log)
        return trainer

    def kaogan(self, run_log: RunLog, speedups: tuple[Speedup, ...] = ()) -> Step:
        """A step of kaogan's."""
        return self.trainer(run_log, speedups).step

    def plain(self) -> Step:
        """A step of the peer at its defaults: float32, files decoded anew in every epoch."""
        with self.device:
            model = PlainDCGAN(self.width)
        batches = endless_batches(self.files, self.batch)

        def step() -> None:
            real = next(batches).to(self.device)
            with self.device:
                model.step(real)

        return step

    def plain_tuned(self) -> Step:
        """The same in bf16 and channels last, with its pictures on the device."""
        with self.device:
            model = PlainDCGAN(self.width)
        # Under autocast, binary cross entropy must be that of logits.
        model.discriminator = nn.Sequential(*list(model.discriminator)[:-1])
        model.criterion = nn.BCEWithLogitsLoss()  # type: ignore[assignment]
        for network in (model.generator, model.discriminator):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        seen = 0

        def step() -> None:
            nonlocal seen
            real = self.batches(seen, self.batch).x
            seen += self.batch
            with self.device, torch.autocast(self.device.type, torch.bfloat16):
                model.step(real)

        return step
