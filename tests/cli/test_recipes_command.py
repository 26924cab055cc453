"""`kaogan recipes`: the list, and that it is true."""

import json

import pytest

from kaogan import recipes
from kaogan.training.recipe import Recipe


def test_every_recipe_has_its_lines(kaogan):
    printed = kaogan("recipes").out
    for name, choice in recipes.RECIPES.items():
        assert name in printed
        for line in (choice.what, choice.cost, choice.when):
            assert line in printed


def test_as_json_it_holds_all_values(kaogan):
    printed = json.loads(kaogan("recipes", "--json").out)
    assert Recipe.model_validate(printed["standard"]["recipe"]) == recipes.standard()
    assert Recipe.model_validate(printed["dcgan"]["recipe"]) == recipes.dcgan()


@pytest.mark.parametrize("wrong", ["standart", "", "DCGAN"])
def test_an_unknown_recipe_is_refused_before_anything_is_prepared(kaogan, tmp_path, wrong):
    result = kaogan("train", str(tmp_path), "--recipe", wrong)
    assert result.status == 2
    assert "use standard or dcgan" in result.err


def test_one_recipe_as_json(kaogan):
    for name in recipes.RECIPES:
        printed = kaogan("recipes", name).out
        assert Recipe.model_validate_json(printed) == recipes.named(name)
    assert "there is no recipe 'dogs'" in kaogan("recipes", "dogs").error
