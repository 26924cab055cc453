"""RUN: finding the data set again."""

import json
import shutil

import numpy as np
import pytest

from kaogan.data.dataset import Dataset, open_dataset
from kaogan.data.growing import grow
from kaogan.data.writing import Group, Picture, Stream, write_dataset
from kaogan.errors import KaoganError, UsageError
from kaogan.recipes import dcgan
from kaogan.training.recipe import Budget, Hardware
from kaogan.training.run import DataMissing, Run
from kaogan.training.tasks.images import train


def make_dataset(folder, seed: int = 0) -> Dataset:
    noise = np.random.default_rng(seed).integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
    pictures = [Picture(picture, {"source": str(n)}) for n, picture in enumerate(noise)]
    return write_dataset(folder, pictures, size=32, channels=3, about={})


@pytest.fixture
def run(tmp_path, monkeypatch) -> Run:
    """A run whose data set was named by a relative path."""
    monkeypatch.chdir(tmp_path)
    make_dataset(tmp_path / "data")
    recipe = dcgan(size=32, width=4, batch=4)
    budget, hardware = Budget(images=4), Hardware(device="cpu", tune=False)
    train(recipe, open_dataset("data"), "run", budget, hardware)
    return Run(tmp_path / "run")


def test_a_run_finds_its_data_from_any_folder(run, tmp_path, monkeypatch):
    assert run.about["dataset"]["path"] == "data"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run.dataset().path == tmp_path / "data"


def test_moved_with_its_data_it_finds_them_by_the_relative_path(run, tmp_path, monkeypatch):
    (tmp_path / "new").mkdir()
    shutil.move(tmp_path / "data", tmp_path / "new" / "data")
    with pytest.raises(DataMissing, match="not in data any more; give --data") as gone:
        run.dataset()
    assert gone.value.why == "the data set data is not where it was"
    assert run.dataset(tmp_path / "new" / "data").size == 32
    monkeypatch.chdir(tmp_path / "new")
    assert len(run.dataset().train) == run.about["dataset"]["pictures"]


def test_another_data_set_is_not_taken_for_it(run, tmp_path):
    other = make_dataset(tmp_path / "other", seed=1)
    with pytest.raises(UsageError, match="is not the data set"):
        run.dataset(other.path)
    shutil.rmtree(tmp_path / "data")
    make_dataset(tmp_path / "data", seed=1)
    with pytest.raises(DataMissing) as gone:
        run.dataset()
    assert gone.value.why == "the data set data is another one now"


def test_a_run_of_a_time_before_absolute_paths_works_as_before(run, tmp_path, monkeypatch):
    about = json.loads((run.path / "run.json").read_text())
    del about["dataset"]["absolute_path"]
    (run.path / "run.json").write_text(json.dumps(about))
    assert run.dataset().size == 32
    monkeypatch.chdir(tmp_path / "run")
    with pytest.raises(KaoganError, match="give --data"):
        run.dataset()


def test_the_data_may_have_grown_since(run, tmp_path):
    """A run is measured by the pictures that it learned from, and goes on with no others."""
    before = run.dataset()
    noise = np.random.default_rng(5).integers(0, 256, (7, 32, 32, 3), dtype=np.uint8)
    groups = [Group([Picture(each, {"source": f"new {n}"})]) for n, each in enumerate(noise)]
    grown = grow(before, Stream("more", lambda position, mark: iter(groups)), ["new"])
    assert len(grown) + len(grown.held_out) == 19
    np.testing.assert_array_equal(np.asarray(run.dataset().train), np.asarray(before.train))
    assert run.dataset(grown.path).fingerprint == before.fingerprint
    with pytest.raises(UsageError, match=r"another recipe \(data: 7 pictures were added since\)"):
        train(run.recipe, grown, run.path, Budget(images=8), Hardware(device="cpu", tune=False))
    train(run.recipe, run.dataset(), run.path, Budget(images=8), Hardware(device="cpu", tune=False))
    assert run.read("newest")[1]["images_seen"] == 8
