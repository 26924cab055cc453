"""The commands in a report make the same recipe again."""

import dataclasses
import shlex

import pytest

from kaogan import recipes
from kaogan.cli import parser
from kaogan.cli.train import RECIPE_OPTIONS, penalties
from kaogan.report.again import commands, training_options, without_option
from kaogan.report.facts import gather
from kaogan.training.recipe import Recipe

RECIPES = [
    recipes.dcgan(),
    recipes.dcgan(label_smoothing=0.0, lr=2e-4, batch=128, seed=7),
    recipes.dcgan(loss="hinge", norm="spectral", width=32, latent_dim=64),
    recipes.dcgan(loss="relativistic", norm="none", penalties={"r1": 0.1, "r2": 2.5}, packing=2),
    recipes.dcgan(framework="keras", upsample="resize", beta1=0.0),
]


def understood(words: list[str]) -> Recipe:
    """The recipe that `kaogan train` would make of these options."""
    options = parser().parse_args(["train", "data", *words])
    given = {
        "latent_dim" if name == "--latent" else name[2:].replace("-", "_"): value
        for name, *_ in RECIPE_OPTIONS
        if (value := getattr(options, name[2:].replace("-", "_"))) is not None
    }
    return recipes.dcgan(**given, penalties=penalties(options.penalty))


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_options_give_the_recipe(recipe):
    assert understood(training_options(recipe)) == recipe


def test_the_usual_recipe_needs_no_option():
    assert training_options(recipes.dcgan()) == []


def test_what_no_option_sets_is_named():
    assert without_option(recipes.dcgan()) == []
    assert without_option(Recipe(beta2=0.9, anneal_images=1000)) == ["beta2", "anneal_images"]


def test_the_commands_of_a_run_parse_and_hold_its_numbers(run):
    lines = commands(gather(run))
    for line in lines:
        words = shlex.split(line)
        assert words[0] == "kaogan"
        parser().parse_args(words[1:])
    prepare, train, *_ = lines
    assert shlex.split(prepare) == [
        *["kaogan", "data", "prepare", "a folder.zip", "--size", "32"],
        *["--out", "colours <&>"],
    ]
    assert "--images 1600" in train
    assert "--seed 3" in train


def test_without_the_data_set_nobody_knows_how_it_was_made(run):
    facts = gather(run)
    unknown = dataclasses.replace(facts, data=dataclasses.replace(facts.data, summary=None))
    assert commands(unknown)[0].startswith("kaogan train")
