"""Trainings on points: the same function as for pictures, exact, several copies at once."""

import json
import math
import statistics

import pytest
import torch
from toys import COMPUTE, CPU, checkpoint_names, make_trainer, rows, same, snapshot, weights

from kaogan import recipes
from kaogan.data.toy import Gaussian, Ring, distribution
from kaogan.errors import KaoganError, UsageError
from kaogan.training.recipe import Budget, Watch
from kaogan.training.run import Run
from kaogan.training.tasks.points import PointsTask, train_toy

SMALL = {"width": 8, "batch": 16, "steps": 40}


def trained(out, steps=40, target=None, film=False, **options):
    recipe = recipes.toy(**SMALL | options)
    watch = Watch(evaluate_every=10 * 16)
    return train_toy(
        recipe, target or Ring(), "ring", out, Budget(images=steps * 16), CPU, watch, film
    )


def result(run):
    return json.loads((run.path / "toy.json").read_text())


def scores(run):
    return [json.loads(line) for line in (run.path / "scores.jsonl").read_text().splitlines()]


def test_a_run_of_points_leaves_what_a_run_of_pictures_leaves_and_its_scores(tmp_path):
    run = trained(tmp_path / "run", film=True)
    assert checkpoint_names(run.path) == ["000000640"]
    assert run.recipe == recipes.toy(**SMALL)
    assert run.about["dataset"]["path"] == "ring"
    for name in ("metrics.jsonl", "timelapse.mp4", "timelapse.webp", "log.txt"):
        assert (run.path / name).stat().st_size > 0
    found = result(run)
    assert (found["steps"], found["images_seen"], found["points"]) == (40, 640, 2500)
    for weights_ in ("ema", "raw"):
        (copy,) = found[weights_]
        assert copy["modes"] == 8
        assert 0 <= copy["covered"] <= 8
        assert 0 <= copy["high_quality"] <= 1
    assert [row["images_seen"] for row in scores(run)] == [160, 320, 480, 640]
    assert rows(run.path)[-1]["images_seen"] == 640


@pytest.mark.parametrize("loss", ["relativistic", "nonsaturating"])
def test_a_resumed_run_equals_one_that_was_never_stopped(tmp_path, loss):
    whole = trained(tmp_path / "whole", loss=loss)
    for steps in (13, 30, 40):
        parts = trained(tmp_path / "parts", steps, loss=loss)
    assert weights(parts.path, "000000640") == weights(whole.path, "000000640")
    assert scores(parts) == scores(whole)
    mine, theirs = result(parts), result(whole)
    assert mine | {"seconds": 0} == theirs | {"seconds": 0}


def test_copies_learn_as_runs_of_their_own_do():
    """A copy, given the weights, points and latents of a run of its own, takes the same steps."""
    pair = recipes.toy(copies=2, **SMALL)
    together = make_trainer(pair, PointsTask(Ring(), "ring", False).batches(pair, CPU_DEVICE, 1))
    single = recipes.toy(copies=1, **SMALL)
    alone = []
    for copy in range(2):
        trainer = make_trainer(single, together.batches)
        mine, theirs = trainer.state.tensors(), together.state.tensors()
        for name, tensor in mine.items():
            if tensor.ndim > 0 and name.split(".")[0] in together.state.networks:
                tensor.copy_(theirs[name].chunk(2)[copy])
        alone.append(trainer)
    for _ in range(20):
        inputs = together.draw_inputs()
        together.train_step(inputs, True)
        together.state.images_seen += 16
        for copy, trainer in enumerate(alone):
            share = inputs._replace(
                x=inputs.x[:, copy : copy + 1], z=inputs.z[:, 2 * copy : 2 * copy + 2]
            )
            trainer.train_step(share, True)
    z = torch.randn(100, 4, generator=torch.Generator().manual_seed(0))
    points = together.state.ema(z)
    for copy, trainer in enumerate(alone):
        mine = trainer.state.ema(z[:, 2 * copy : 2 * copy + 2])
        torch.testing.assert_close(mine[:, 0], points[:, copy], rtol=1e-3, atol=1e-3)


CPU_DEVICE = COMPUTE.device


def test_the_papers_game_has_its_numbers():
    recipe = recipes.pacgan(copies=2)
    assert (recipe.batch, recipe.lr, recipe.beta1, recipe.loss.name) == (
        100,
        1e-4,
        0.8,
        "nonsaturating",
    )
    trainer = make_trainer(recipe, PointsTask(Ring(), "ring", False).batches(recipe, CPU_DEVICE, 1))
    before = snapshot(trainer.state)
    stats = trainer.step()
    assert stats.loss_d.item() == pytest.approx(2 * math.log(2), abs=0.05)
    assert not same(snapshot(trainer.state), before)


@pytest.mark.slow
def test_a_normal_is_learnt(tmp_path):
    """Eight at once: the deviation of a single one, after so short a run, is from 0.5 to 1.5."""
    recipe = recipes.toy(1, width=32, copies=8, steps=1500)
    budget = Budget(images=1500 * recipe.batch)
    run = train_toy(recipe, Gaussian(), "gaussian", tmp_path / "run", budget, CPU, film=False)
    copies = result(run)["ema"]
    assert len(copies) == 8
    assert [copy["mean"][0] for copy in copies] == pytest.approx([10] * 8, abs=0.5)
    assert statistics.median(copy["std"][0] for copy in copies) == pytest.approx(1, abs=0.4)


def test_a_recipe_of_another_dimension_or_of_pictures_is_refused(tmp_path):
    with pytest.raises(UsageError, match="have 1 coordinates"):
        trained(tmp_path / "run", target=Gaussian())
    with pytest.raises(UsageError, match="shape"):
        train_toy(recipes.dcgan(), Ring(), "ring", tmp_path / "run", Budget(images=1))
    assert not (tmp_path / "run").exists()


def test_another_law_in_the_same_folder_is_refused(tmp_path):
    trained(tmp_path / "run", steps=2)
    with pytest.raises(UsageError, match=r"another recipe .*data: fingerprint"):
        trained(tmp_path / "run", steps=4, target=distribution("grid"))


def test_pictures_cannot_be_drawn_from_it(tmp_path):
    run = trained(tmp_path / "run", steps=2)
    with pytest.raises(KaoganError, match="draws points, not pictures"):
        Run(run.path).sample(1)
