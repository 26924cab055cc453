"""A training of the DCGAN in Keras layers, from pictures to faces, with the loop of all others."""

import json

import numpy as np
import pytest
from toys import COMPUTE, CPU, make_trainer, same, snapshot, tiny_recipe

from kaogan.data.batches import ImageBatches
from kaogan.errors import UsageError
from kaogan.export import Keras
from kaogan.generators import open_network
from kaogan.training import checkpoints
from kaogan.training.recipe import Budget, Recipe
from kaogan.training.sampling import Sampler
from kaogan.training.tasks.images import train

pytest.importorskip("keras", reason="needs kaogan[keras]")

RECIPE = tiny_recipe(framework="keras", batch=10)


def test_a_run_trains_goes_on_and_draws(dataset, tmp_path):
    run = train(RECIPE, dataset, tmp_path / "run", Budget(images=50), CPU)
    run = train(RECIPE, dataset, tmp_path / "run", Budget(images=100), CPU)
    assert run.recipe == RECIPE
    assert run.read("newest")[1]["images_seen"] == 100
    faces = run.sample(4)
    assert faces.shape == (4, 32, 32, 3)
    assert faces.std(0).max() > 0
    for weights in ("ema", "raw"):
        Keras().write(open_network(run.path, weights=weights), tmp_path / "g.keras")
        exported = Sampler(Keras().read(tmp_path / "g.keras").module, 8).sample(4).astype(int)
        difference = np.abs(exported - run.sample(4, weights=weights))
        assert difference.max() <= 1  # rounding to whole numbers may fall either way


def test_it_goes_on_as_if_it_had_never_stopped(dataset, tmp_path):
    def run(folder, pieces):
        for piece in pieces:
            trainer = make_trainer(RECIPE, ImageBatches(dataset.train, COMPUTE.device, 0))
            checkpoints.restore_newest(trainer.state, folder, pytest.fail)
            for _ in range(piece):
                trainer.step()
            checkpoints.save(trainer.state, RECIPE, folder)
        return snapshot(trainer.state)

    once, pieces = run(tmp_path / "once", [4]), run(tmp_path / "pieces", [1, 3])
    raw = {k for k in once if "averages" in k and not k.startswith("discriminator")}  # re-estimated
    assert raw
    assert same(
        {k: once[k] for k in once.keys() - raw}, {k: pieces[k] for k in pieces.keys() - raw}
    )


def test_its_losses_are_those_of_the_same_run_in_pytorch(dataset, tmp_path):
    rows = []
    for framework in ("keras", "pytorch"):
        recipe = tiny_recipe(framework=framework, batch=10)
        run = train(recipe, dataset, tmp_path / framework, Budget(images=50), CPU)
        rows.append(json.loads(run.metrics.read_text().splitlines()[-1]))
    for key in ("loss_d", "loss_g", "d_real", "d_fake"):
        assert rows[0][key] == pytest.approx(rows[1][key], abs=1e-3)


def test_the_recipe_knows_both_frameworks():
    assert Recipe.model_validate(json.loads(RECIPE.model_dump_json())) == RECIPE
    assert RECIPE.model.name == "keras-dcgan"
    with pytest.raises(UsageError, match="pytorch or keras"):
        tiny_recipe(framework="theano")
    for refused in ({"norm": "spectral"}, {"packing": 2}):
        with pytest.raises(UsageError, match=next(iter(refused))):
            tiny_recipe(framework="keras", **refused)
