"""Runs that begin with trained networks (`kaogan train --from`)."""

import json
import shutil

import pytest
import torch
from toys import CPU, tiny_recipe

from kaogan import zoo
from kaogan.errors import KaoganError, UsageError
from kaogan.generators import open_start
from kaogan.training import checkpoints
from kaogan.training.recipe import Budget
from kaogan.training.run import Run
from kaogan.training.tasks.images import train


@pytest.fixture(scope="module")
def earlier(dataset, tmp_path_factory) -> Run:
    out = tmp_path_factory.mktemp("earlier") / "run"
    return train(tiny_recipe(), dataset, out, Budget(images=80), CPU)


@pytest.fixture(scope="module")
def start(earlier):
    return open_start(earlier.path)


@pytest.fixture(scope="module")
def tuned(dataset, start, tmp_path_factory) -> Run:
    out = tmp_path_factory.mktemp("tuned") / "run"
    return train(tiny_recipe(lr=1e-3), dataset, out, Budget(images=48), CPU, start=start)


def networks(run: Run, name: str) -> dict[str, torch.Tensor]:
    """Weights without batch norm's statistics, which a checkpoint settles."""
    tensors = checkpoints.read(run.checkpoints / name)[0]
    players = ("generator", "ema", "discriminator")
    return {
        key: tensor
        for key, tensor in tensors.items()
        if key.startswith(players) and "running" not in key and "num_batches" not in key
    }


def test_its_first_checkpoint_has_the_weights_of_the_earlier_run(earlier, tuned):
    first, last = networks(tuned, "000000000"), networks(earlier, "000000080")
    assert first.keys() == last.keys()
    assert all(torch.equal(first[key], last[key]) for key in last)


def test_training_moves_them(tuned):
    first, now = networks(tuned, "000000000"), networks(tuned, "000000048")
    assert not any(torch.equal(first[key], now[key]) for key in now if key.endswith("weight"))


def test_the_run_says_what_it_started_from(earlier, tuned, start):
    about = json.loads((tuned.path / "run.json").read_text())["start"]
    assert about == start.about
    assert (about["from"], about["images_seen"]) == (earlier.path.name, 80)
    assert "starting from run with 0 images seen" in (tuned.path / "log.txt").read_text()


def test_in_two_sittings_it_is_the_same_run(dataset, start, tuned, tmp_path):
    """The second sitting may leave `--from` away, and keeps what the run says of it."""
    recipe = tiny_recipe(lr=1e-3)
    train(recipe, dataset, tmp_path / "run", Budget(images=16), CPU, start=start)
    train(recipe, dataset, tmp_path / "run", Budget(images=32), CPU, start=start)
    run = train(recipe, dataset, tmp_path / "run", Budget(images=48), CPU)
    mine, theirs = run.read("newest")[0], tuned.read("newest")[0]
    assert all(torch.equal(mine[key], theirs[key]) for key in theirs)
    assert run.about["start"] == tuned.about["start"]


def test_another_start_in_the_same_folder_is_refused(dataset, start, tuned, earlier, tmp_path):
    with pytest.raises(UsageError, match="from: run, not fresh networks"):
        train(tiny_recipe(), dataset, earlier.path, Budget(images=99), CPU, start=start)
    other = open_start(earlier.path / "checkpoints" / "000000080")
    other.tensors["generator.layers.0.weight"].add_(1)
    with pytest.raises(UsageError, match="from: run, not run"):
        train(tiny_recipe(lr=1e-3), dataset, tuned.path, Budget(images=99), CPU, start=other)


def test_other_networks_are_refused_before_anything_is_written(dataset, start, tmp_path):
    with pytest.raises(UsageError, match=r"run has other networks \(width: 8, not 4\)"):
        train(tiny_recipe(width=8), dataset, tmp_path / "new", start=start)
    assert not (tmp_path / "new").exists()


def test_of_a_generator_that_comes_with_kaogan():
    found = open_start("faces-64")
    assert found.images_seen is None
    generator = zoo.pretrained("faces-64").generator.state_dict()
    discriminator = zoo.pretrained_discriminator("faces-64").state_dict()
    for player, state in {"generator": generator, "discriminator": discriminator}.items():
        for name, tensor in state.items():
            assert torch.equal(found.tensors[f"{player}.{name}"], tensor)


def test_of_what_holds_no_two_networks(earlier, tmp_path):
    file = tmp_path / "generator.safetensors"
    file.write_bytes(b"")
    with pytest.raises(UsageError, match="holds one network, and training needs both"):
        open_start(file)
    with pytest.raises(KaoganError, match="no run, file or generator called nothing"):
        open_start("nothing")
    shutil.copytree(earlier.path, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / "checkpoints")
    with pytest.raises(KaoganError, match="has no checkpoint yet"):
        open_start(tmp_path / "copy")
