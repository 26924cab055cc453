"""The state between two steps: whole, in one place, and taken over in place."""

import re

import pytest
import torch
from toys import (
    COMPUTE,
    AdaptiveJitter,
    make_trainer,
    points_trainer,
    same,
    snapshot,
    tiny_recipe,
)

from kaogan.data.batches import ImageBatches
from kaogan.training import checkpoints
from kaogan.training.state import TrainState


@pytest.fixture
def trainer(dataset):
    trainer = make_trainer(tiny_recipe(), ImageBatches(dataset.train, COMPUTE.device, 0))
    trainer.step()
    return trainer


def places(state: TrainState) -> dict[str, tuple]:
    return {
        name: (tensor.data_ptr(), tensor.stride(), tensor.dtype)
        for name, tensor in state.tensors().items()
    }


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_the_first_weights_are_those_of_pytorchs_seed(seed):
    recipe = tiny_recipe(seed=seed)
    torch.manual_seed(seed)
    players = recipe.model.generator(), recipe.model.discriminator()
    state = TrainState.fresh(recipe, COMPUTE)
    for network, mine in zip(players, (state.generator, state.discriminator), strict=True):
        assert same(network.state_dict(), mine.state_dict())


def test_large_seeds_have_first_weights_of_their_own():
    seeds = [7, 7 + 2**32, 7 + 2**62]
    first = [TrainState.fresh(tiny_recipe(seed=seed), COMPUTE) for seed in seeds]
    assert len({next(s.generator.parameters()).sum().item() for s in first}) == 3


def test_the_state_has_the_same_tensors_before_and_after_a_step(trainer):
    fresh = TrainState.fresh(trainer.recipe, trainer.compute)
    assert places(fresh).keys() == places(trainer.state).keys()
    moments = [name for name in fresh.tensors() if name.startswith("adam.")]
    parameters = sum(
        len(list(network.parameters())) for network in (fresh.generator, fresh.discriminator)
    )
    assert len(moments) == 3 * parameters
    assert not any(fresh.tensors()[name].any() for name in moments)


def test_a_state_is_taken_over_in_place(trainer):
    before = places(trainer.state)
    fresh = TrainState.fresh(trainer.recipe, trainer.compute)
    for other in (fresh, make_trainer(tiny_recipe(seed=1), trainer.batches).state):
        tensors = {name: tensor.contiguous() for name, tensor in other.tensors().items()}
        trainer.state.restore(tensors, other.numbers())
        assert same(snapshot(trainer.state), snapshot(other))
        assert trainer.state.numbers() == other.numbers()
        assert places(trainer.state) == before
        for player, optimizer in trainer.state.optimizers.items():  # still those that it uses
            network = trainer.state.networks[player]
            assert [*optimizer.state] == [*network.parameters()]


def test_a_state_that_was_taken_over_shares_no_memory(trainer):
    other = TrainState.fresh(trainer.recipe, trainer.compute)
    other.restore(trainer.state.tensors(), trainer.state.numbers())
    kept = snapshot(other)
    trainer.step()
    assert same(snapshot(other), kept)


def test_tensors_that_are_missing_or_of_another_shape_are_refused():
    state = points_trainer().state
    tensors, numbers = snapshot(state), state.numbers()
    name = "adam.generator.0.exp_avg"
    with pytest.raises(KeyError, match=re.escape(name)):
        state.restore({key: value for key, value in tensors.items() if key != name}, numbers)
    with pytest.raises(RuntimeError, match=re.escape(name)):
        state.restore(tensors | {name: torch.zeros(1)}, numbers)


# Tensors of an augmentation


def probabilities(trainer, steps: int) -> list[float]:
    """An adaptive augmentation's probability after each of these steps."""
    found = []
    for _ in range(steps):
        trainer.step()
        found.append(trainer.state.augmentation["probability"].item())
    return found


def test_a_resumed_augmentation_goes_on_as_if_it_had_never_stopped(tmp_path):
    whole, first, second = (points_trainer(augmentation=AdaptiveJitter()) for _ in range(3))
    values = probabilities(whole, 12)
    assert len(set(values)) > 3
    assert probabilities(first, 5) == values[:5]
    path = checkpoints.save(first.state, first.recipe, tmp_path)
    assert checkpoints.read(path)[0]["augmentation.probability"].item() == values[4]
    place = second.state.augmentation["probability"].data_ptr()
    assert checkpoints.restore_newest(second.state, tmp_path, pytest.fail) == path
    assert probabilities(second, 7) == values[5:]
    assert same(snapshot(second.state), snapshot(whole.state))
    assert second.state.augmentation["probability"].data_ptr() == place


def test_an_augmentation_of_pictures_is_resumed(dataset, tmp_path):
    recipe = tiny_recipe().model_copy(update={"augmentation": AdaptiveJitter()})
    batches = ImageBatches(dataset.train, COMPUTE.device, 0)
    whole, first, second = (make_trainer(recipe, batches) for _ in range(3))
    values = probabilities(whole, 4)
    assert len(set(values)) > 1
    probabilities(first, 2)
    checkpoints.save(first.state, first.recipe, tmp_path)
    checkpoints.restore_newest(second.state, tmp_path, pytest.fail)
    assert probabilities(second, 2) == values[2:]
    for name, tensor in whole.state.tensors().items():
        if "running" not in name and "num_batches" not in name:  # settled in checkpoints
            assert torch.equal(tensor, second.state.tensors()[name]), name


def test_an_augmentation_that_never_acts_leaves_the_training_bit_equal():
    plain, other = points_trainer(), points_trainer(augmentation=AdaptiveJitter(step=0.0))
    for _ in range(3):
        assert all(map(torch.equal, plain.step(), other.step()))
    adapted = {"augmentation.probability": torch.zeros(())}
    assert same(snapshot(plain.state) | adapted, snapshot(other.state))


def test_trainings_do_not_share_an_augmentations_tensors():
    one, other = (points_trainer(augmentation=AdaptiveJitter()) for _ in range(2))
    probabilities(one, 1)
    assert other.state.augmentation["probability"].item() == 0
    fresh = TrainState.fresh(one.recipe, one.compute)
    one.state.restore(fresh.tensors(), fresh.numbers())  # as a rollback does
    assert one.state.augmentation["probability"].item() == 0


def test_a_step_that_failed_while_its_loss_was_scaled_leaves_nothing_behind(monkeypatch):
    plain, disturbed = points_trainer(), points_trainer()
    for trainer in (plain, disturbed):
        trainer.state.scalers = {
            player: torch.amp.GradScaler("cpu", enabled=True) for player in trainer.state.scalers
        }
        trainer.step()
    tensors = snapshot(disturbed.state)
    numbers = disturbed.state.numbers()

    def fail(*_, **__):
        raise RuntimeError("the device is gone")

    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.Adam, "step", fail)
        with pytest.raises(RuntimeError, match="is gone"):
            disturbed.step()
    disturbed.state.restore(tensors, numbers)
    for optimizer in disturbed.state.optimizers.values():
        optimizer.zero_grad(set_to_none=True)
    for trainer in (plain, disturbed):
        trainer.step()
    assert same(snapshot(plain.state), snapshot(disturbed.state))
