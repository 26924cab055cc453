"""Small networks that stand in for those that would have to be downloaded."""

import hashlib
import warnings
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from kaogan.metrics.features import inception
from kaogan.metrics.features.weights import WeightsFile


class ChannelMeans(nn.Module):
    """uint8 pictures N 3 H W to the means of their channels; called as NVIDIA's TorchScript is."""

    def forward(self, pictures: Tensor, return_features: bool = False) -> Tensor:
        return pictures.float().mean(dim=(2, 3))


class FloatsOnly(nn.Module):
    """What one must not bring: it cannot compute with uint8."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.conv(pictures).mean(dim=(2, 3))


def save_script(network: nn.Module, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of TorchScript's compiler
        torch.jit.script(network).save(str(path))
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def accept(monkeypatch: pytest.MonkeyPatch, which: str, path: Path) -> WeightsFile:
    """Let the content of `path` be that of the published file (SCRIPT or STATE of inception)."""
    published: WeightsFile = getattr(inception, which)
    file = WeightsFile(published.name, sha256(path), "file:///nowhere/weights")
    monkeypatch.setattr(inception, which, file)
    return file
