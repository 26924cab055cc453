"""Runs that earlier versions of kaogan began: they open, draw the same faces, and go on as before.

    older/batch-norm      commit 64d2603: the standard recipe of that time, one list of numbers
    older/one-schedule    commit a7deddc: one schedule (`anneal_images`) for rates and penalties

Each holds a RUN after 96 images, an exported generator, and the faces of seeds 0 to 3 that the
same version drew after 96 images and, having gone on, after 160.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kaogan import open_generator
from kaogan.data.avatars import draw_avatars
from kaogan.images import Pixels, grid
from kaogan.training.recipe import Budget, Hardware
from kaogan.training.run import Run
from kaogan.training.tasks.images import train

OLDER = Path(__file__).parent / "older"
ROUNDING = 2
"""Of 255: other processors sum in another order."""


@pytest.fixture(scope="module")
def avatars(tmp_path_factory):
    return draw_avatars(tmp_path_factory.mktemp("older") / "avatars", count=60, size=32)


@pytest.fixture(params=["batch-norm", "one-schedule"])
def older(request, tmp_path) -> Path:
    return shutil.copytree(OLDER / request.param, tmp_path / request.param)


def check_faces(faces: Pixels, expected: Path) -> None:
    difference = grid(faces).astype(int) - np.asarray(Image.open(expected))
    assert np.abs(difference).max() <= ROUNDING


def test_it_draws_the_faces_that_it_drew(older):
    check_faces(open_generator(older / "run").sample(4), older / "after-96.png")


def test_its_exported_generator_does_too(older):
    check_faces(open_generator(older / "generator.safetensors").sample(4), older / "after-96.png")


def test_it_goes_on_as_it_would_have(older, avatars):
    run = Run(older / "run")
    hardware = Hardware(device="cpu", precision="fp32", tune=False)
    train(run.recipe, avatars, run.path, Budget(images=160), hardware)
    assert (run.path / "checkpoints" / "000000160").is_dir()
    check_faces(run.sample(4), older / "after-160.png")


def test_its_data_set_is_known_again(older, avatars):
    assert Run(older / "run").dataset(avatars.path).fingerprint == avatars.fingerprint
