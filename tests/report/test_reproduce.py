"""The commands in a report make the same recipe again."""

import dataclasses
import shlex
from types import SimpleNamespace

import pytest

from kaogan import recipes
from kaogan.cli import parser
from kaogan.cli.recipe_options import recipe_options
from kaogan.errors import KaoganError
from kaogan.losses.penalties import R1
from kaogan.models import DCGAN
from kaogan.report.facts import gather
from kaogan.report.reproduce import call_of, commands, preparing, training_options
from kaogan.training.recipe import Recipe

RECIPES = [
    recipes.standard(),
    recipes.standard(anneal_images=1000, mirror=False, lr=0.000123456789, seed=7, ema_share=0.05),
    recipes.standard(framework="keras", upsample="resize", penalties={"r2": 2.5, "r1": 0.1}),
    recipes.standard(loss="hinge", penalties={}, penalty_interval=1, minibatch_std=0, packing=2),
    recipes.standard(anneal_images=1000, mirror_until=0.75, generator_lr=1e-4),
    recipes.dcgan(),
    recipes.dcgan(label_smoothing=0.1, lr=4e-4, batch=32, beta2=0.99, seed=7),
    recipes.dcgan(loss="hinge", norm="spectral", width=32, latent_dim=64, initialization="he"),
    recipes.dcgan(norm="none", penalties={"r1": 0.1}, anneal_images=1000, mirror=True),
    recipes.dcgan(loss="minimax", framework="keras", upsample="resize", beta1=0.0),
    recipes.standard(schedule={"name": "cosine", "images": 1000, "end": 0.25}),
    recipes.standard(schedule="constant", penalty_schedule={"name": "cosine", "images": 1000}),
]


def understood(words: list[str]) -> Recipe:
    """The recipe that `kaogan train` would make of these options, nothing left to choose."""
    options = parser().parse_args(["train", "data", *words])
    if options.recipe == "standard":  # else they would be chosen by data and budget
        assert options.mirror is not None
        assert options.anneal_images is not None or options.schedule
    return recipes.named(options.recipe, **recipe_options(options))


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_options_give_the_recipe(recipe):
    assert understood(training_options(recipe)) == recipe


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_call_gives_the_recipe(recipe):
    name, options = call_of(recipe)
    assert recipes.named(name, **options) == recipe


@pytest.mark.parametrize("crop", ["faces", "my boxes.csv"])
def test_data_is_prepared_with_the_same_crop(crop):
    summary = {"sources": ["in"], "size": 64, "crop": crop, "margin": 0.1, "min_size": 32}
    data = SimpleNamespace(summary=summary, name="data")
    (line,) = preparing(SimpleNamespace(data=data))
    options = parser().parse_args(shlex.split(line)[1:])
    assert (options.crop, options.margin, options.min_size) == (crop, 0.1, None)


class Dotted(R1):
    """R1 with one more number, which no option sets."""

    dots: int = 3


def test_what_no_option_sets_has_no_call():
    with pytest.raises(KaoganError, match="dots"):
        call_of(Recipe(model=DCGAN(norm="none"), penalties=(Dotted(),)))


def test_the_nearest_recipe_is_taken_with_what_differs():
    assert call_of(recipes.standard(width=32)) == ("standard", {"width": 32})
    assert call_of(recipes.dcgan(lr=1e-4, mirror=True)) == ("dcgan", {"lr": 1e-4, "mirror": True})
    assert training_options(recipes.standard()) == ["--mirror", "--anneal-images", "0"]
    assert training_options(recipes.dcgan(seed=2)) == ["--recipe", "dcgan", "--seed", "2"]


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
