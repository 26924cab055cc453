"""benchmarks/ladder.py, small: which figure orders pictures that get worse step by step."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

from kaogan.data.avatars import draw, sample_avatar
from kaogan.metrics.features import load_extractor
from kaogan.metrics.quick import FIGURE, Reference, best_of, quick

LADDER = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "ladder.py"))
COUNT = 250


def avatars(seed: int) -> np.ndarray:
    return np.stack([draw(sample_avatar(seed, index), 64) for index in range(COUNT)])


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.of(avatars(0), load_extractor(), COUNT)


@pytest.fixture(scope="module")
def real() -> np.ndarray:
    return avatars(1)


@pytest.mark.parametrize("name", ["blurred", "noisy", "repeated", "represented"])
def test_the_figure_that_decides_orders_blur_noise_and_shrunken_diversity(
    reference: Reference, real: np.ndarray, name: str
) -> None:
    rungs = list(LADDER[name](real))
    assert len({rung for rung, _ in rungs}) == len(rungs) >= 4
    assert all(pictures.shape == real.shape for _, pictures in rungs)
    rows = [quick(reference, torch.from_numpy(pictures)) for _, pictures in rungs]
    assert LADDER["ordered"](rows, FIGURE), [row[FIGURE] for row in rows]
    assert best_of(rows) is rows[0]


def test_it_orders_mixtures_with_a_generator_that_knows_few_faces(
    reference: Reference, real: np.ndarray
) -> None:
    # Smooth faces of a kind: the means of three real ones each, out of thirty.
    few = real[np.arange(3 * COUNT) % 30].reshape(COUNT, 3, *real.shape[1:])
    rows = [
        quick(reference, torch.from_numpy(pictures))
        for _, pictures in LADDER["mixed"](real, few.mean(axis=1).astype(np.uint8))
    ]
    assert LADDER["ordered"](rows, FIGURE)


def test_a_ladder_is_ordered_only_if_every_rung_is_worse() -> None:
    rows = [{"fd": fd, "recall": 1 - fd} for fd in (0.1, 0.2, 0.3)]
    assert LADDER["ordered"](rows, "fd")
    assert LADDER["ordered"](rows, "recall")
    for wrong in ([rows[0], rows[0]], rows[::-1], [*rows, rows[1]]):
        assert not LADDER["ordered"](wrong, "fd")
        assert not LADDER["ordered"](wrong, "recall")


def test_repeats_are_fewer_pictures_with_small_changes(real: np.ndarray) -> None:
    rungs = dict(LADDER["repeated"](real))
    assert list(rungs) == ["250", "125", "62", "31", "15", "7", "2"]
    few = rungs["2"].astype(int)
    assert len(np.unique(few.reshape(COUNT, -1), axis=0)) == COUNT
    # Every one is one of two pictures, or its mirror image, but for a pixel's shift and noise.
    means = [picture.mean() for picture in real[:2]]
    assert all(min(abs(picture.mean() - mean) for mean in means) < 5 for picture in few)
