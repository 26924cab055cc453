"""The state between two steps: whole, in one place, and taken over in place."""

import re

import pytest
import torch
from toys import COMPUTE, make_trainer, points_trainer, same, snapshot, tiny_recipe

from kaogan.data.batches import ImageBatches
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
