"""Figures of generators whose faults are known: one that copies, one that draws one grey."""

import torch
from torch import nn

from kaogan.images import to_model
from kaogan.progress import Silent
from kaogan.report.measure import SHOWN, faces_measured, measure_generator, work
from kaogan.training.sampling import Sampler


class Copier(nn.Module):
    """Draws training pictures, whichever its latent points at."""

    def __init__(self, pictures: torch.Tensor) -> None:
        super().__init__()
        self.pictures = nn.Parameter(pictures, requires_grad=False)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.pictures[(z[:, 0].abs() * 1e5).long() % len(self.pictures)]


class Grey(nn.Module):
    """Draws one flat picture."""

    def __init__(self) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.zeros(()))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.level.expand(len(z), 3, 32, 32)


def values(measured) -> dict[str, float]:
    return {figure.name: figure.value for figure in measured.figures}


def test_a_copier_looks_perfect_and_is_found_out(dataset):
    pictures = to_model(torch.from_numpy(dataset.train.copy()))
    found = measure_generator(Sampler(Copier(pictures), 4), dataset, Silent())
    assert found.count == len(dataset.held_out)
    assert abs(found.contrast - 1) < 0.1
    assert abs(found.variety - 1) < 0.1
    assert abs(found.fine) < 1
    assert values(found)["coverage"] > 0.7
    assert found.copies == 1
    near = found.neighbours
    assert (near.drawn == near.real).all()
    assert near.suspicious.shape == (SHOWN, 32, 32, 3)


def test_grey_has_no_contrast_no_variety_and_covers_nothing(dataset):
    found = measure_generator(Sampler(Grey(), 4), dataset, Silent())
    assert found.contrast == found.variety == 0
    assert found.fine < -3
    figures = {figure.name: figure for figure in found.figures}
    assert figures["coverage"].value < 0.1 < figures["coverage"].floor
    assert figures["KID"].value > 10 * abs(figures["KID"].floor)


def test_the_work_is_counted(dataset):
    done = []

    class Counter:
        def advance(self, n: int, text: str = "") -> None:
            done.append(n)

        def doing(self, activity: str) -> None:
            pass

    measure_generator(Sampler(Grey(), 4), dataset, Counter())
    assert sum(done) == work(dataset) == 3 * faces_measured(dataset) + len(dataset.train)
