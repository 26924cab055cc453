"""Parts that spoil each other are refused with the reason; all others go together, and train."""

import itertools

import pytest
import torch
from toys import make_trainer, tiny_recipe

from kaogan.data.batches import ImageBatches
from kaogan.errors import UsageError
from kaogan.losses import losses
from kaogan.losses.penalties import penalties

NORMS = ("batch", "spectral", "none")


@pytest.mark.parametrize("penalty", list(penalties))
def test_batch_norm_and_a_penalty(penalty):
    with pytest.raises(UsageError, match=f"{penalty} and batch norm .* exclude each other"):
        tiny_recipe(penalties={penalty: 1.0})


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_wasserstein_without_a_bound(norm):
    with pytest.raises(UsageError, match="no bound") as error:
        tiny_recipe(loss="wasserstein", norm=norm)
    assert "--penalty gradient-penalty=10, or --norm spectral" in str(error.value)


def test_what_the_refusals_recommend_is_accepted():
    tiny_recipe(loss="wasserstein", norm="none", penalties={"gradient-penalty": 10})
    tiny_recipe(loss="wasserstein", norm="spectral")
    tiny_recipe(norm="none", penalties={"r1": 1})
    tiny_recipe(norm="spectral", penalties={"r1": 1})
    tiny_recipe(norm="none", penalties={"r1": 1, "r2": 1}, packing=2)


def test_a_line_between_single_samples_and_packs():
    with pytest.raises(UsageError, match="packing exclude each other"):
        tiny_recipe(norm="none", penalties={"gradient-penalty": 10}, packing=2)


def test_a_batch_that_makes_no_whole_packs():
    with pytest.raises(UsageError, match="a batch of 8 cannot be judged in packs of 3"):
        tiny_recipe(packing=3)


def test_a_penalty_named_twice():
    once = tiny_recipe(norm="none", penalties={"r1": 1})
    with pytest.raises(UsageError, match="named twice"):
        type(once)(model=once.model, penalties=once.penalties * 2)


@pytest.mark.parametrize("loss", sorted(set(losses) - {"nonsaturating", "minimax"}))
def test_labels_to_smooth(loss):
    with pytest.raises(UsageError, match=f"nor the loss {loss} has label_smoothing"):
        tiny_recipe(loss=loss, label_smoothing=0.1, norm="spectral")


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("loss", list(losses))
def test_each_pair_is_refused_in_one_line_or_trains(dataset, loss, norm):
    sets = [dict.fromkeys(names, 1.0) for n in range(3) for names in subsets(n)]
    for chosen, packing in itertools.product(sets, (1, 2)):
        options = {"loss": loss, "norm": norm, "penalties": chosen, "packing": packing}
        unbounded = loss == "wasserstein" and not chosen and norm != "spectral"
        line_of_packs = packing > 1 and "gradient-penalty" in chosen
        if (chosen and norm == "batch") or unbounded or line_of_packs:
            with pytest.raises(UsageError, match=r"^[^\n]*use [^\n]*$"):
                tiny_recipe(**options)
            continue
        recipe = tiny_recipe(**options)
        assert recipe.bounds_slope == (bool(chosen) or norm == "spectral")
        trainer = make_trainer(recipe, ImageBatches(dataset.train, torch.device("cpu"), 0))
        assert all(value.isfinite() for value in trainer.step())


def subsets(size):
    return itertools.combinations(list(penalties), size)
