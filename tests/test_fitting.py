"""A recipe that fits data and time: what is chosen, said, kept, and prolonged."""

import dataclasses

import pytest
from tests.data.test_handedness import letters
from tests.training.toys import CPU, make_dataset

from kaogan import recipes
from kaogan.fitting import fitted, rounded
from kaogan.recipes import VARIANTS
from kaogan.schedules import Cosine
from kaogan.training.recipe import Budget, Recipe, Watch
from kaogan.training.run import Run
from kaogan.training.tasks.images import train

TINY = {"width": 4, "latent_dim": 8, "batch": 8}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data") / "set", count=60)


def never(recipe: Recipe) -> float:
    raise AssertionError("a budget of images needs no clock")


def by_width(recipe: Recipe) -> float:
    return 6400 / recipe.model.model_dump()["width"]


def test_a_budget_of_images_is_annealed_over(dataset, tmp_path):
    found = fitted("standard", {}, dataset, Budget(images=5000), Run(tmp_path), never)
    assert found.recipe == recipes.standard(size=32, anneal_images=5000)
    assert found.remarks == ("learning rates fall over 5,000 images",)


def test_a_short_time_takes_a_smaller_network_and_says_so(dataset, tmp_path):
    found = fitted("standard", {}, dataset, Budget(minutes=5), Run(tmp_path), by_width)
    small = VARIANTS[0]
    assert found.recipe == recipes.standard(size=32, anneal_images=60_000, **small.options)
    assert found.remarks[0].startswith("5 minutes on this machine: --width 32")
    assert small.why in found.remarks[0]


def test_a_long_time_takes_the_standard_as_it_is(dataset, tmp_path):
    found = fitted("standard", {}, dataset, Budget(minutes=100), Run(tmp_path), by_width)
    assert found.recipe == recipes.standard(size=32, anneal_images=600_000)


def test_what_was_asked_for_is_never_changed(dataset, tmp_path):
    asked = {"width": 48, "anneal_images": None, "mirror": False}
    found = fitted("standard", asked, dataset, Budget(minutes=1), Run(tmp_path), by_width)
    assert found.recipe == recipes.standard(size=32, **asked)
    assert found.remarks == ()


def test_the_lower_limit_of_two_is_annealed_over(dataset, tmp_path):
    both = Budget(minutes=100, images=1000)
    assert (
        fitted("standard", {}, dataset, both, Run(tmp_path), by_width).recipe.anneal_images == 1000
    )


def test_the_papers_recipe_is_left_alone(dataset, tmp_path):
    found = fitted("dcgan", {"width": 8}, dataset, Budget(minutes=1), Run(tmp_path), never)
    assert found == dataclasses.replace(found, recipe=recipes.dcgan(size=32, width=8), remarks=())


def test_handed_pictures_are_not_mirrored_and_it_says_so(dataset, tmp_path):
    handed = dataclasses.replace(dataset, train=letters(400), channels=1)
    found = fitted("standard", {}, handed, Budget(images=10), Run(tmp_path), never)
    assert not found.recipe.mirror
    assert "not mirrored" in found.remarks[0]
    told = fitted("standard", {"mirror": True}, handed, Budget(images=10), Run(tmp_path), never)
    assert told.recipe.mirror


def test_a_run_keeps_its_choices_and_is_prolonged(dataset, tmp_path):
    out = tmp_path / "run"
    before = Budget(minutes=0.5)
    recipe = fitted("standard", TINY, dataset, before, Run(out), lambda recipe: 10.0).recipe
    assert recipe.anneal_images == 300
    watch = Watch(evaluate_every=0)
    train(recipe, dataset, out, Budget(images=64, minutes=0.5), CPU, watch)
    # The same command again: nothing is measured, nothing changes.
    assert fitted("standard", TINY, dataset, before, Run(out), never).recipe == recipe
    # Without the options that were given then, they are still those of the run.
    asked = {"latent_dim": 8}
    assert fitted("standard", asked, dataset, before, Run(out), never).recipe == recipe
    longer = fitted("standard", TINY, dataset, Budget(images=96), Run(out), never).recipe
    assert longer.anneal_images == 96
    schedules = {"lr_schedule": recipe.lr_schedule, "penalty_schedule": recipe.penalty_schedule}
    assert longer.model_copy(update=schedules) == recipe
    run = train(longer, dataset, out, Budget(images=96), CPU, watch)
    assert run.read("newest")[1]["images_seen"] == 96
    hours = fitted("standard", TINY, dataset, Budget(minutes=60), Run(out), never).recipe
    assert hours.anneal_images > 300


def test_penalties_of_an_older_run_still_fall_with_the_learning_rates(dataset, tmp_path):
    out, fall = tmp_path / "run", Cosine(images=64)
    recipe = recipes.standard(size=32, **TINY, schedule=fall, penalty_schedule=fall)
    train(recipe, dataset, out, Budget(images=64), CPU, Watch(evaluate_every=0))
    longer = fitted("standard", TINY, dataset, Budget(images=96), Run(out), never).recipe
    assert longer.lr_schedule == longer.penalty_schedule == Cosine(images=96)


@pytest.mark.parametrize(("measured", "said"), [(123456, 120_000), (96.4, 96), (0.2, 1)])
def test_what_was_measured_is_rounded(measured, said):
    assert rounded(measured) == said
