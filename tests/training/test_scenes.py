"""What a picture of a training on points shows, as numbers and on paper."""

import json
import math

import pytest
import torch
from PIL import Image
from toys import COMPUTE, make_trainer

from kaogan import recipes
from kaogan.data.toy import Gaussian, Ring, distribution, read_points
from kaogan.training.callbacks.painting import density_of
from kaogan.training.callbacks.scenes import Scenes
from kaogan.training.callbacks.scores import Scores, score
from kaogan.training.tasks.points import PointsTask


def trainer_of(target, loss="relativistic", **options):
    recipe = recipes.toy(target.dim, loss, **{"width": 8, "batch": 16, "steps": 40} | options)
    return make_trainer(
        recipe, PointsTask(target, "distribution", True).batches(recipe, COMPUTE.device, 1)
    )


@pytest.mark.parametrize("name", ["ring", "moons", "gaussian", "mixture"])
@pytest.mark.parametrize("options", [{}, {"copies": 2, "packing": 2}])
def test_a_picture_is_drawn_of_every_law(tmp_path, name, options):
    target = distribution(name)
    trainer = trainer_of(target, **options)
    scenes = Scenes(tmp_path, target)
    scenes.start(trainer)
    with Image.open(tmp_path / "000000000-ema.png") as picture:
        assert picture.size == (640, 740)


def test_points_by_hand_on_a_line_are_drawn_without_a_density(tmp_path):
    file = tmp_path / "points.csv"
    file.write_text("\n".join(str(x / 10) for x in range(20)))
    target = read_points(file)
    scenes = Scenes(tmp_path / "samples", target)
    scenes.start(trainer_of(target))
    assert (tmp_path / "samples" / "000000000-ema.png").exists()


def test_the_field_and_the_pull_are_those_of_the_discriminator(tmp_path):
    target = Ring()
    trainer = trainer_of(target, "nonsaturating")
    scene = Scenes(tmp_path, target).scene(trainer)
    logits = trainer.state.discriminator(scene.lattice[:, None]).detach()
    torch.testing.assert_close(scene.field, logits.sigmoid())
    assert len(scene.lattice) == len(scene.field) == 120**2
    step = 1e-3
    for axis in range(2):
        shift = step * torch.eye(2)[axis]
        after, before = (
            trainer.state.discriminator((scene.pulled + sign * shift)[:, None]).detach()
            for sign in (1, -1)
        )
        slope = (after - before) / (2 * step)
        assert (slope - scene.pull[:, axis]).abs().median() < 1e-2


def test_only_differences_of_logits_count_in_a_relativistic_field(tmp_path):
    target = Ring()
    trainer = trainer_of(target)
    scenes = Scenes(tmp_path, target)
    before = scenes.scene(trainer).field
    with torch.no_grad():
        trainer.state.discriminator.layers[-1].bias += 7.0
    torch.testing.assert_close(scenes.scene(trainer).field, before, atol=1e-4, rtol=1e-3)


def test_the_density_of_points_is_near_that_of_their_distribution():
    target = Gaussian()
    points = target.sample(4000, torch.Generator().manual_seed(0))
    at = torch.linspace(6, 14, 81)[:, None]
    torch.testing.assert_close(
        density_of(points, at), target.log_density(at).exp(), atol=0.03, rtol=0
    )
    assert density_of(torch.full((50, 1), 2.0), at).isfinite().all()


def test_the_distribution_itself_has_perfect_scores():
    rng = torch.Generator().manual_seed(5)
    ring = score(Ring(), Ring().sample(2500, rng))
    assert (ring["modes"], ring["covered"]) == (8, 8)
    assert ring["high_quality"] == pytest.approx(1 - math.exp(-4.5), abs=0.007)
    moons = distribution("moons")
    found = score(moons, moons.sample(2500, rng))
    assert found["density"] == pytest.approx(1, abs=0.05)
    assert found["coverage"] > 0.93


def test_scores_of_a_generator_that_hits_nothing_are_json(tmp_path):
    target = Ring()
    trainer = trainer_of(target)
    with torch.no_grad():
        for network in (trainer.state.ema, trainer.state.generator):
            network.layers[-1].bias += 50.0
    scores = Scores(target, "ring", tmp_path, 16)
    scores.start(trainer)
    scores.after_step(trainer, trainer.step())
    scores.finish(trainer)
    found = json.loads((tmp_path / "toy.json").read_text())
    assert found["ema"][0]["covered"] == 0
    assert found["ema"][0]["reverse_kl"] is None
    assert scores.remark.startswith("0 of 8 modes, 0% of high quality at ")
