"""The recipes that can be asked for: their numbers, and what options change."""

import pytest

from kaogan import recipes
from kaogan.errors import UsageError
from kaogan.models import DCGAN
from kaogan.schedules import Constant, Cosine
from kaogan.training.recipe import Recipe


def test_dcgan_has_the_numbers_of_its_paper():
    """Radford et al. 2016, sections 3 and 4."""
    assert recipes.dcgan().model_dump() == {
        "model": {
            "name": "dcgan",
            "size": 64,
            "channels": 3,
            "latent_dim": 100,
            "width": 64,
            "upsample": "transposed",
            "norm": "batch",
            "initialization": "normal",
            "minibatch_std": 0,
            "packing": 1,
        },
        "loss": {"name": "nonsaturating", "label_smoothing": 0.0},
        "penalties": (),
        "penalty_interval": 1,
        "mirror": False,
        "mirror_until": 1.0,
        "batch": 128,
        "lr": 2e-4,
        "generator_lr": None,
        "beta1": 0.5,
        "beta2": 0.999,
        "ema_share": 0.015,
        "augmentation": None,
        "lr_schedule": {"name": "constant"},
        "penalty_schedule": {"name": "constant"},
        "seed": 0,
    }
    assert recipes.dcgan() == Recipe()


def test_what_the_standard_changes_in_it():
    """R3GAN's losses on DCGAN's networks: docs/how-to/losses.md."""
    assert recipes.standard().differences(recipes.dcgan()) == [
        "batch: 32, not 128",
        "beta1: 0.0, not 0.5",
        "beta2: 0.99, not 0.999",
        "loss.label_smoothing: None, not 0.0",
        "loss.name: relativistic, not nonsaturating",
        "lr: 0.0003, not 0.0002",
        "mirror: True, not False",
        "mirror_until: 0.5, not 1.0",
        "model.initialization: he, not normal",
        "model.minibatch_std: 4, not 0",
        "model.norm: none, not batch",
        "penalties.0.name: r1, not None",
        "penalties.0.weight: 1.0, not None",
        "penalties.1.name: r2, not None",
        "penalties.1.weight: 1.0, not None",
        "penalty_interval: 4, not 1",
    ]


OTHERS = {
    "size": 32,
    "channels": 1,
    "latent_dim": 7,
    "width": 8,
    "upsample": "resize",
    "penalty_interval": 16,
    "norm": "spectral",
    "initialization": "normal",
    "minibatch_std": 2,
    "packing": 2,
    "batch": 6,
    "lr": 1e-3,
    "beta1": 0.1,
    "beta2": 0.9,
    "ema_share": 0.1,
    "seed": 5,
}


@pytest.mark.parametrize("option", OTHERS)
def test_an_option_overrides_the_recipe_and_nothing_else_changes(option):
    value = OTHERS[option]
    changed = recipes.standard(**{option: value})
    field = f"model.{option}" if option in DCGAN.model_fields else option
    (difference,) = changed.differences(recipes.standard())
    assert difference.startswith(f"{field}: {value}, not ")


def test_annealing_is_a_schedule_of_the_learning_rates_in_the_standard_recipe():
    annealed, plain = recipes.standard(anneal_images=1000), recipes.standard()
    assert (annealed.lr_schedule, annealed.penalty_schedule) == (Cosine(images=1000), Constant())
    assert annealed.anneal_images == 1000
    assert plain.anneal_images is None
    assert recipes.standard(anneal_images=None) == plain
    both = recipes.standard(anneal_images=1000, penalty_schedule={"name": "cosine", "images": 7})
    assert both.penalty_schedule == Cosine(images=7)


@pytest.mark.parametrize("images", [1000, None])
def test_recipes_of_older_runs_are_understood(images):
    """They had one schedule for learning rates and penalties, called `anneal_images`."""
    schedule = "constant" if images is None else {"name": "cosine", "images": images}
    recipe = recipes.standard(schedule=schedule, penalty_schedule=schedule)
    fields = recipe.model_dump(exclude={"lr_schedule", "penalty_schedule", "augmentation"})
    assert Recipe.model_validate(fields | {"anneal_images": images}) == recipe


def test_parts_of_the_game_are_overridden_whole():
    assert not recipes.standard(mirror=False).mirror
    assert recipes.standard(penalties={}).penalties == ()
    (only,) = recipes.standard(penalties={"r1": 3.0}).penalties
    assert (only.name, only.weight) == ("r1", 3.0)
    other = recipes.standard(loss="nonsaturating", label_smoothing=0.1)
    assert (other.loss.name, other.loss.label_smoothing) == ("nonsaturating", 0.1)
    assert recipes.dcgan(mirror=True, loss="hinge").loss.name == "hinge"


def test_a_recipe_is_found_by_its_name_and_takes_options():
    assert list(recipes.RECIPES) == ["standard", "dcgan"]
    assert recipes.named("standard") == recipes.standard()
    assert recipes.named("dcgan", size=32, lr=1e-3) == recipes.dcgan(size=32, lr=1e-3)
    for choice in recipes.RECIPES.values():
        assert all("\n" not in text and text for text in (choice.what, choice.cost, choice.when))


def test_an_unknown_name_is_refused_in_one_line():
    with pytest.raises(UsageError) as error:
        recipes.named("dcgann")
    assert str(error.value) == "there is no recipe 'dcgann'; use standard or dcgan"


@pytest.mark.parametrize(
    ("option", "value"),
    [("penalty_interval", 0), ("minibatch_std", -1), ("initialization", "xavier"), ("beta2", 1.0)],
)
def test_a_value_out_of_range_is_refused_in_one_line(option, value):
    with pytest.raises(UsageError, match=option.replace("_", "-")) as error:
        recipes.standard(**{option: value})
    assert "\n" not in str(error.value)


def test_batch_norm_in_the_standard_is_refused_with_the_reason():
    with pytest.raises(UsageError, match=r"r1 and batch norm .* exclude each other"):
        recipes.standard(norm="batch")


def test_the_toy_shares_the_standards_game():
    toy, standard = recipes.toy(), recipes.standard()
    assert toy.loss == standard.loss
    assert [each.name for each in toy.penalties] == [each.name for each in standard.penalties]
    assert (toy.beta1, toy.beta2) == (standard.beta1, standard.beta2)
    assert toy.model.norm == standard.model.norm == "none"
