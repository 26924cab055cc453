"""Batches of points on the device, as a pure function of the position in training."""

import hashlib

import torch
from torch import Tensor

from kaogan.contracts import Batch, unlabelled
from kaogan.data.batches import Shuffled
from kaogan.data.toy.mixtures import Distribution
from kaogan.rng import seed_of

EPOCH = 100_000
"""Points in an epoch, as in the PacGAN paper."""


class ToyBatches:
    """Points drawn once, in shuffled epochs: `N K D`; each of the K copies has its own points."""

    def __init__(
        self,
        distribution: Distribution,
        copies: int,
        device: torch.device,
        seed: int,
        count: int = EPOCH,
    ) -> None:
        rng = torch.Generator().manual_seed(seed_of(seed, count, copies))
        drawn = distribution.sample(count * copies, rng)
        self._points: Tensor = drawn.view(count, copies, distribution.dim).to(device)
        self._positions = Shuffled(count, seed, device)

    def __len__(self) -> int:
        return len(self._points)

    def __call__(self, start: int, count: int) -> Batch:
        """Points `N K D`."""
        return unlabelled(self._points[self._positions(start, count)])


def fingerprint(distribution: Distribution, count: int = 1000) -> str:
    """SHA-256 of some points, which identifies the distribution."""
    points = distribution.sample(count, torch.Generator().manual_seed(0))
    return hashlib.sha256(points.numpy().tobytes()).hexdigest()
