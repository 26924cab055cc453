"""One word names a generator: a run, a checkpoint, a file, or one that comes with kaogan."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from kaogan import zoo
from kaogan.data.writing import Picture, write_dataset
from kaogan.errors import KaoganError, UsageError
from kaogan.export import Safetensors
from kaogan.generators import open_generator, open_network, open_pretrained
from kaogan.recipes import dcgan
from kaogan.training import checkpoints
from kaogan.training.recipe import Budget, Hardware
from kaogan.training.run import Run
from kaogan.training.tasks.images import train


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("generators")
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (24, 32, 32, 3), dtype=np.uint8)
    pictures = [Picture(picture, {"source": str(n)}) for n, picture in enumerate(noise)]
    dataset = write_dataset(folder / "data", pictures, size=32, channels=3, about={})
    recipe = dcgan(size=32, width=4, batch=4)
    return train(recipe, dataset, folder / "run", Budget(images=16), Hardware(device="cpu"))


def test_of_a_run(run):
    found = open_generator(run.path)
    assert (found.kind, found.name, found.home, found.run) == ("run", "run", run.path, run)
    assert (found.recipe, found.images_seen, found.weights) == (run.recipe, 16, "ema")
    assert np.array_equal(found.sample(3, seed=1), run.sample(3, seed=1))
    raw = open_generator(run.path, weights="raw")
    assert np.array_equal(raw.sample(2), run.sample(2, weights="raw"))
    assert (found.usual, raw.usual) == (True, False)


def test_of_a_checkpoint(run):
    folder = checkpoints.found(run.checkpoints)[-1]
    found = open_generator(str(folder))
    assert (found.kind, found.name, found.images_seen) == ("checkpoint", "run", 16)
    assert found.run is not None
    assert found.run.path.samefile(run.path)
    assert np.array_equal(found.sample(2), run.sample(2, checkpoint="newest"))
    with pytest.raises(UsageError, match="is no RUN; --checkpoint"):
        open_generator(folder, checkpoint="best")


def test_of_a_checkpoint_without_its_run(run, tmp_path):
    alone = shutil.copytree(checkpoints.found(run.checkpoints)[-1], tmp_path / "alone")
    found = open_generator(alone)
    assert (found.name, found.home, found.run) == ("alone", alone, None)
    assert np.array_equal(found.sample(2), run.sample(2, checkpoint="newest"))


def test_of_an_exported_file(run, tmp_path):
    file = tmp_path / "mine.safetensors"
    Safetensors().write(open_network(run.path), file)
    found = open_generator(file)
    assert (found.kind, found.name, found.home, found.recipe) == ("file", "mine", tmp_path, None)
    assert found.model == run.recipe.model
    assert np.array_equal(found.sample(2), run.sample(2))
    for asked, option in (
        ({"weights": "ema"}, "--weights"),
        ({"checkpoint": "16"}, "--checkpoint"),
    ):
        with pytest.raises(UsageError, match=option):
            open_generator(file, **asked)


def test_a_discriminator_draws_nothing(run, tmp_path):
    file = tmp_path / "d.safetensors"
    network = open_network(run.path, "discriminator")
    Safetensors().write(network, file)
    assert open_network(file).player == network.player == "discriminator"
    with pytest.raises(UsageError, match="holds a discriminator"):
        open_generator(file)


def test_one_that_comes_with_kaogan(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    found = open_generator("avatars-64")
    assert (found.kind, found.name, found.run) == ("pretrained", "avatars-64", None)
    assert (found.home / "generator.safetensors").is_file()
    assert np.array_equal(found.sample(2), zoo.pretrained("avatars-64").sample(2))
    with pytest.raises(UsageError, match="averaged weights only"):
        open_generator("avatars-64", weights="raw")
    assert capsys.readouterr().err == ""


def test_a_path_of_that_name_wins_and_a_note_says_so(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(run.path, "avatars-64")
    assert open_generator("avatars-64").run == Run(Path("avatars-64"))
    assert "--pretrained avatars-64" in capsys.readouterr().err
    assert open_pretrained("avatars-64").run is None
    shutil.rmtree("avatars-64")
    Path("avatars-64").mkdir()
    with pytest.raises(KaoganError, match="is no run"):
        open_generator("avatars-64")


def test_what_is_not_there_is_answered_with_what_may_be_meant(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "pictures").mkdir(parents=True)
    (tmp_path / "runs" / "pictures" / "run.json").touch()
    for what, meant in (
        ("faces-65", "did you mean faces-64"),
        ("picture", "did you mean runs/pictures"),
        ("runs/pictues", "did you mean runs/pictures"),
        ("zzzzzz", "or faces-64"),
    ):
        with pytest.raises(KaoganError, match=meant):
            open_generator(what)
    (tmp_path / "g.onnx").touch()
    with pytest.raises(KaoganError, match=r"ends in \.keras or \.safetensors"):
        open_generator("g.onnx")
