"""The plan of a run: measured once, remembered, kept by the run."""

import json
from pathlib import Path

import pytest
import torch
from toys import tiny_recipe

from kaogan import recipes
from kaogan.data.dataset import Dataset
from kaogan.training import memory, tuning
from kaogan.training.recipe import Budget, Hardware
from kaogan.training.run import Run
from kaogan.training.tasks.images import train
from kaogan.training.trainer import StepInputs, StepStats, Trainer
from kaogan.training.tuning import Noise, measured_plan

CPU = torch.device("cpu")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KAOGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "measurements.json"


def place(batch: int) -> str:
    return f"{memory.machine()}, batch {batch}"


def test_every_halving_convolution_of_a_step_is_in_the_plan(cache: Path) -> None:
    recipe = recipes.dcgan(size=32, width=8, batch=4)
    choices = measured_plan(recipe, CPU, "fp32").choices
    # Three shapes, which the generator walks one way and the discriminator the other.
    for shape in ("3x32x32", "8x16x16", "16x8x8"):
        assert any(key.startswith(f"forward of {shape}") for key in choices)
        assert any(key.startswith(f"weight gradient of {shape}") for key in choices)
    assert sum(key.startswith("input gradient") for key in choices) == 3
    assert len(choices) == 9
    assert all(key.endswith("in float32") for key in choices)


@pytest.mark.parametrize("interval", [1, 4])
def test_penalties_need_no_operation_that_the_other_steps_have_not(
    cache: Path, interval: int
) -> None:
    """Their second derivatives are the same convolutions, in the number format of the run."""
    plain = recipes.dcgan(size=32, width=8, batch=4)
    penalised = recipes.standard(size=32, width=8, batch=4, penalty_interval=interval)
    choices = [measured_plan(recipe, CPU, "bf16").choices for recipe in (plain, penalised)]
    assert len(choices[0]) == 9
    assert choices[1].keys() == choices[0].keys()
    assert all(key.endswith("in bfloat16") for key in choices[0])


def test_a_step_of_each_kind_is_run(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = []

    class Watched(Trainer):
        def train_step(self, inputs: StepInputs, penalised: bool) -> StepStats:
            ran.append(penalised)
            return super().train_step(inputs, penalised)

    monkeypatch.setattr(tuning, "Trainer", Watched)
    recipe = recipes.standard(size=32, width=4, batch=2)
    for asked in (recipe, recipe.model_copy(update={"penalties": ()})):
        measured_plan(asked, CPU, "fp32")
    assert ran == [True, False, False]


def test_a_step_is_tried_with_samples_of_the_right_shape_and_range() -> None:
    for recipe in (recipes.standard(size=32), recipes.toy(copies=2)):
        noise = Noise(recipe)(0, 5).x
        assert noise.shape == (5, *recipe.model.sample_shape)
        assert -1 <= noise.min() < -0.5 < 0.5 < noise.max() <= 1
        assert torch.equal(Noise(recipe)(0, 5).x, noise)
        assert not torch.equal(Noise(recipe)(5, 5).x, noise)


def test_measuring_changes_no_random_number(cache: Path) -> None:
    torch.manual_seed(5)
    expected = torch.randn(3)
    torch.manual_seed(5)
    measured_plan(recipes.dcgan(size=32, width=4, batch=2), CPU, "fp32")
    assert torch.equal(torch.randn(3), expected)


def test_what_was_measured_is_remembered_for_this_machine(cache: Path) -> None:
    recipe = recipes.dcgan(size=32, width=4, batch=2)
    first = measured_plan(recipe, CPU, "fp32")
    kept = json.loads(cache.read_text())
    assert kept == {place(2): first.choices}
    # What is remembered is believed, even against the clock.
    kept[place(2)] = dict.fromkeys(first.choices, "columns")
    kept["another machine"] = dict.fromkeys(first.choices, "library")
    cache.write_text(json.dumps(kept))
    assert set(measured_plan(recipe, CPU, "fp32").choices.values()) == {"columns"}
    forgetful = measured_plan(recipe, CPU, "fp32", remember=False)
    assert forgetful.choices.keys() == first.choices.keys()
    assert json.loads(cache.read_text()) == kept


def test_of_two_commands_that_measure_at_once_both_take_what_the_first_one_found(
    cache: Path,
) -> None:
    first = memory.keep("here", {"forward": "library"})
    second = memory.keep("here", {"forward": "columns", "backward": "columns"})
    assert first == {"forward": "library"}
    assert second == memory.recall("here") == {"forward": "library", "backward": "columns"}
    assert memory.recall("elsewhere") == {}


@pytest.mark.parametrize("damage", ["", "{", "[1]", "null"])
def test_a_damaged_memory_is_replaced(cache: Path, damage: str) -> None:
    cache.parent.mkdir()
    cache.write_text(damage)
    plan = measured_plan(recipes.dcgan(size=32, width=4, batch=2), CPU, "fp32")
    assert json.loads(cache.read_text()) == {place(2): plan.choices}


def test_a_memory_that_cannot_be_written_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("KAOGAN_CACHE", str(tmp_path / "file" / "cache"))
    assert measured_plan(recipes.dcgan(size=32, width=4, batch=2), CPU, "fp32").choices


def trained(dataset: Dataset, out: Path, images: int, tune: bool = True) -> Run:
    hardware = Hardware(device="cpu", precision="fp32", tune=tune)
    return train(tiny_recipe(), dataset, out, Budget(images=images), hardware)


def test_a_run_keeps_its_plan(cache: Path, dataset: Dataset, tmp_path: Path) -> None:
    run = trained(dataset, tmp_path / "run", 16)
    plan = run.about["convolutions"]
    assert plan
    assert plan == json.loads(cache.read_text())[place(8)]
    # On this machine another choice is the best one now; the run goes on as it began.
    cache.write_text(json.dumps({place(8): dict.fromkeys(plan, "columns")}))
    assert trained(dataset, tmp_path / "run", 32).about["convolutions"] == plan


def test_a_run_from_before_there_were_plans_goes_on_without(
    cache: Path, dataset: Dataset, tmp_path: Path
) -> None:
    run = trained(dataset, tmp_path / "run", 16, tune=False)
    about = run.about
    assert about.pop("convolutions") == {}
    (run.path / "run.json").write_text(json.dumps(about))
    assert trained(dataset, tmp_path / "run", 32).about["convolutions"] == {}
    assert not cache.exists()


def test_with_and_without_a_plan_the_same_generator_comes_out(
    cache: Path, dataset: Dataset, tmp_path: Path
) -> None:
    """Up to rounding: four steps of Adam, all convolutions by other algorithms."""
    recipe = tiny_recipe()
    choices = measured_plan(recipe, torch.device("cpu"), "fp32").choices
    others = {key: "columns" if "gradient" in key else "toom-cook-2" for key in choices}
    cache.write_text(json.dumps({place(8): others}))
    planned = trained(dataset, tmp_path / "planned", 32)
    plain = trained(dataset, tmp_path / "plain", 32, tune=False)
    assert planned.about["convolutions"] == others
    difference = planned.sample(4).astype(int) - plain.sample(4).astype(int)
    assert abs(difference).max() <= 1
