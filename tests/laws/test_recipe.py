"""Laws of recipes and budgets."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kaogan import recipes
from kaogan.errors import UsageError
from kaogan.losses import losses
from kaogan.losses.penalties import penalties
from kaogan.models import DCGAN
from kaogan.options import build, flat
from kaogan.schedules import Constant, Cosine
from kaogan.training.recipe import Budget, Hardware, Recipe

smoothed = st.sampled_from(["nonsaturating", "minimax"]).flatmap(
    lambda name: st.builds(losses[name], label_smoothing=st.floats(0, 0.49))
)
some_penalties = st.lists(st.sampled_from(list(penalties)), unique=True).flatmap(
    lambda names: st.tuples(
        *(st.builds(penalties[name], weight=st.floats(1e-6, 1e6)) for name in names)
    )
)


def fits(parts) -> bool:
    try:
        Recipe(**parts)
    except UsageError:
        return False
    return True


some_recipes = (
    st.fixed_dictionaries(
        {
            "model": st.builds(
                DCGAN,
                size=st.sampled_from([32, 64, 128, 256]),
                channels=st.sampled_from([1, 3]),
                latent_dim=st.integers(1, 4096),
                width=st.integers(4, 512),
                upsample=st.sampled_from(["transposed", "resize"]),
                norm=st.sampled_from(["batch", "spectral", "none"]),
                packing=st.sampled_from([1, 1, 2, 3]),
            ),
            "loss": smoothed | st.sampled_from([losses[name]() for name in losses]),
            "penalties": some_penalties,
            "batch": st.integers(1, 10000).map(lambda count: 6 * count),
            "lr": st.floats(1e-9, 1),
            "lr_schedule": st.sampled_from(
                [Constant(), Cosine(images=1000), Cosine(images=99, end=0.5)]
            ),
            "penalty_schedule": st.sampled_from([Constant(), Cosine(images=1000)]),
            "mirror": st.booleans(),
            "penalty_interval": st.integers(1, 1000),
            "beta1": st.floats(0, 0.999),
            "beta2": st.floats(0, 0.9999),
            "ema_share": st.floats(1e-6, 0.999),
            "seed": st.integers(0, 2**63 - 1),
        }
    )
    .filter(fits)
    .map(lambda parts: Recipe(**parts))
)


@given(some_recipes)
def test_a_recipe_survives_json(recipe):
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe
    assert Recipe.model_validate(recipe.model_dump()) == recipe


@given(some_recipes, st.sampled_from([32, 64]))
def test_a_recipe_in_a_file_is_the_recipe_of_a_training_with_it(recipe, size):
    """`kaogan train --config FILE`: only the data's size and the options given are different."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "recipe.json"
        fields = recipe.model_dump(mode="json")
        for content in (fields, {"recipe": fields, "format": 1}):
            file.write_text(json.dumps(content))
            assert recipes.read(file) == recipe
    assert build(flat(recipe), {}) == recipe
    resized = build(flat(recipe) | {"size": size}, {"seed": 3})
    model = recipe.model.model_copy(update={"size": size})
    assert resized == recipe.model_copy(update={"model": model, "seed": 3})


@given(some_recipes, some_recipes)
def test_differences_are_none_exactly_between_equals(one, other):
    assert one.differences(one) == []
    assert (one == other) == (one.differences(other) == [])
    assert len(one.differences(other)) == len(other.differences(one))


def test_differences_name_the_field_and_both_values():
    mine = recipes.dcgan(size=32, lr=1e-3)
    theirs = recipes.dcgan(size=64, loss="minimax")
    assert mine.differences(theirs) == [
        "loss.name: nonsaturating, not minimax",
        "lr: 0.001, not 0.0002",
        "model.size: 32, not 64",
    ]


def test_a_recipe_is_frozen_and_hashable():
    recipe = recipes.dcgan()
    for change in ("lr", "model"):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(recipe, change, 1)
    assert {recipe, recipes.dcgan()} == {recipe}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("size", 48),
        ("size", 512),
        ("channels", 2),
        ("latent_dim", 0),
        ("width", 1),
        ("upsample", "bilinear"),
        ("label_smoothing", 0.5),
        ("norm", "layer"),
        ("packing", 0),
        ("batch", 1),
        ("lr", 0.0),
        ("lr", float("nan")),
        ("lr", float("inf")),
        ("beta1", 1.0),
        ("seed", -1),
        ("seed", 2**63),
    ],
)
def test_a_value_out_of_range_is_refused_in_one_line_that_names_it(option, value):
    with pytest.raises(UsageError) as error:
        recipes.dcgan(**{option: value})
    assert option.replace("_", "-") in str(error.value)
    assert "\n" not in str(error.value)


def test_penalties_are_named_in_differences():
    mine = recipes.dcgan(norm="none", penalties={"r1": 2.0})
    assert mine.differences(recipes.dcgan()) == [
        "model.norm: none, not batch",
        "penalties.0.name: r1, not None",
        "penalties.0.weight: 2.0, not None",
    ]


def test_a_recipe_from_before_penalties_norm_and_packing_is_the_same():
    old = recipes.dcgan().model_dump(mode="json")
    del old["penalties"], old["model"]["norm"], old["model"]["packing"]
    assert Recipe.model_validate(old) == recipes.dcgan()
    assert Recipe.model_validate(old).differences(recipes.dcgan()) == []


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_senseless_weight_of_a_penalty_is_refused_in_one_line(weight):
    with pytest.raises(UsageError, match="weight") as error:
        recipes.dcgan(norm="none", penalties={"r1": weight})
    assert "\n" not in str(error.value)


def test_an_unknown_loss_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'minimax'"):
        recipes.dcgan(loss="minmax")


def test_an_unknown_field_is_refused():
    for kind in (Recipe, Hardware, Budget):
        with pytest.raises(ValidationError, match="Extra inputs"):
            kind(colour=1)


budgets = st.builds(
    Budget,
    images=st.none() | st.integers(1, 10**12),
    epochs=st.none() | st.floats(1e-6, 1e6),
    minutes=st.none() | st.floats(1e-6, 1e6),
)
epoch_sizes = st.integers(1, 10**6)


@given(budgets, st.integers(0, 10**12), st.floats(0, 1e9), epoch_sizes)
def test_the_share_used_never_falls(budget, images, seconds, epoch):
    share = budget.share_used(images, seconds, epoch)
    assert share >= 0
    assert budget.share_used(images + 64, seconds, epoch) >= share
    assert budget.share_used(images, seconds + 1, epoch) >= share


@given(budgets, epoch_sizes)
def test_a_budget_ends_at_its_limit_and_not_before(budget, epoch):
    limit = budget.images_limit(epoch)
    assert (limit is None) == (budget.images is None and budget.epochs is None)
    if limit is not None:
        assert limit >= 1
        assert budget.share_used(limit, 0, epoch) >= 1
        assert budget.share_used(limit - 1, 0, epoch) < 1
    if budget.minutes is not None:
        assert budget.share_used(0, budget.minutes * 60 * (1 + 1e-9), epoch) >= 1
        assert budget.share_used(0, budget.minutes * 59, epoch) < 1


@given(st.integers(1, 10**9), st.integers(1, 1000), epoch_sizes)
def test_the_first_limit_reached_counts(images, epochs, epoch):
    both = Budget(images=images, epochs=epochs)
    assert both.images_limit(epoch) == min(images, epochs * epoch)


def test_without_a_limit_a_training_is_endless():
    assert Budget().share_used(10**15, 1e12, 1) == 0


@pytest.mark.parametrize("limit", ["images", "epochs", "minutes"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_senseless_budget_is_refused(limit, value):
    with pytest.raises(ValidationError, match=limit):
        Budget.model_validate({limit: value})
