"""The peer: a plain, eager DCGAN in PyTorch, as the well-known example and most tutorials do it.

float32, default memory layout, unfused Adam, sigmoid and binary cross entropy; the generator's step
computes the discriminator's weight gradients only to throw them away; the losses are read in every
step; two processes decode the pictures anew in every epoch. Written from the paper and from what
the example does, with one thing kinder: its loading processes outlive an epoch.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from worker import About, Orders, Task, check_parameters, serve

SIZE = 64
LATENT_DIM = 100
DRAWN_TOGETHER = 128
WORKERS = 2
"""Processes that read files: the default of the example."""


class Files(Dataset[Tensor]):
    """Pictures decoded, resized, cropped and normalised whenever they are asked for."""

    def __init__(self, folder: Path) -> None:
        self.files = sorted(folder.glob("*.jpg"))

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Tensor:
        with Image.open(self.files[index]) as file:
            picture = file.convert("RGB")
        scale = SIZE / min(picture.size)
        width, height = (round(scale * side) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
        left, top = (width - SIZE) // 2, (height - SIZE) // 2
        picture = picture.crop((left, top, left + SIZE, top + SIZE))
        channels_first = torch.from_numpy(np.array(picture)).permute(2, 0, 1).contiguous()
        return channels_first.to(torch.float32).div(255).sub(0.5).div(0.5)


def endless_batches(files: Path, batch: int, workers: int = WORKERS) -> Iterator[Tensor]:
    """Shuffled batches of the files in a folder, epoch after epoch."""
    loader = DataLoader(
        Files(files),
        batch_size=batch,
        shuffle=True,
        num_workers=workers,
        drop_last=True,
        persistent_workers=True,
    )
    while True:
        yield from loader


def initialize(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


class PlainDCGAN:
    """The 64x64 networks of the paper, their optimizers, and one training step."""

    def __init__(self, width: int = 64, device: torch.device | str = "cpu") -> None:
        w = width
        self.generator = nn.Sequential(
            nn.ConvTranspose2d(LATENT_DIM, w * 8, 4, 1, 0, bias=False),
            nn.BatchNorm2d(w * 8),
            nn.ReLU(True),
            nn.ConvTranspose2d(w * 8, w * 4, 4, 2, 1, bias=False),
            nn.BatchNorm2d(w * 4),
            nn.ReLU(True),
            nn.ConvTranspose2d(w * 4, w * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(w * 2),
            nn.ReLU(True),
            nn.ConvTranspose2d(w * 2, w, 4, 2, 1, bias=False),
            nn.BatchNorm2d(w),
            nn.ReLU(True),
            nn.ConvTranspose2d(w, 3, 4, 2, 1, bias=False),
            nn.Tanh(),
        ).apply(initialize)
        self.discriminator = nn.Sequential(
            nn.Conv2d(3, w, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, True),
            nn.Conv2d(w, w * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(w * 2),
            nn.LeakyReLU(0.2, True),
            nn.Conv2d(w * 2, w * 4, 4, 2, 1, bias=False),
            nn.BatchNorm2d(w * 4),
            nn.LeakyReLU(0.2, True),
            nn.Conv2d(w * 4, w * 8, 4, 2, 1, bias=False),
            nn.BatchNorm2d(w * 8),
            nn.LeakyReLU(0.2, True),
            nn.Conv2d(w * 8, 1, 4, 1, 0, bias=False),
            nn.Sigmoid(),
        ).apply(initialize)
        for network in (self.generator, self.discriminator):
            network.to(device)
        self.criterion: nn.Module = nn.BCELoss()
        self.adam_g = torch.optim.Adam(self.generator.parameters(), 2e-4, (0.5, 0.999))
        self.adam_d = torch.optim.Adam(self.discriminator.parameters(), 2e-4, (0.5, 0.999))

    def step(self, real: Tensor) -> list[float]:
        """One step on real pictures `N 3 64 64` in [-1, 1]; losses and real probabilities."""
        ones, zeros = real.new_ones(len(real)), real.new_zeros(len(real))
        self.discriminator.zero_grad()
        probability_real = self.discriminator(real).view(-1)
        loss_real = self.criterion(probability_real, ones)
        loss_real.backward()
        fake = self.generator(torch.randn(len(real), LATENT_DIM, 1, 1, device=real.device))
        probability_fake = self.discriminator(fake.detach()).view(-1)
        loss_fake = self.criterion(probability_fake, zeros)
        loss_fake.backward()
        self.adam_d.step()
        self.generator.zero_grad()
        probability = self.discriminator(fake).view(-1)
        loss_g = self.criterion(probability, ones)
        loss_g.backward()
        self.adam_g.step()
        shown = (loss_real + loss_fake, loss_g, probability_real.mean(), probability_fake.mean())
        return [number.item() for number in (*shown, probability.mean())]

    @torch.no_grad()
    def draw(self, count: int) -> Tensor:
        """New pictures, `N 64 64 3`, uint8."""
        pictures: Tensor = self.generator(torch.randn(count, LATENT_DIM, 1, 1))
        pixels = pictures.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
        return pixels.permute(0, 2, 3, 1).contiguous()


def load(task: Task) -> tuple[About, Orders]:
    """The contender of speed.py."""
    if task["threads"]:
        torch.set_num_threads(task["threads"])
    torch.manual_seed(0)
    model = PlainDCGAN(task["width"])
    networks = (model.generator, model.discriminator)
    check_parameters(task["width"], *(sum(p.numel() for p in n.parameters()) for n in networks))
    batches = endless_batches(Path(task["files"]), task["batch"])

    def train(steps: int) -> None:
        model.generator.train()
        for _ in range(steps):
            model.step(next(batches))

    def sample(count: int) -> None:
        model.generator.eval()
        for start in range(0, count, DRAWN_TOGETHER):
            model.draw(min(DRAWN_TOGETHER, count - start))

    about = {"precision": "fp32", "version": f"torch {torch.__version__}"}
    return about, {"train": train, "sample": sample}


if __name__ == "__main__":
    serve(load)
