"""The DCGAN in Keras layers is the DCGAN: outputs, losses, and a whole step of training."""

import builtins
import copy

import pytest
import torch

from kaogan import recipes
from kaogan.contracts import unlabelled
from kaogan.errors import KaoganError
from kaogan.models.dcgan import DCGAN
from kaogan.models.keras_dcgan import (
    KerasDCGAN,
    keras_discriminator,
    keras_weights,
)
from kaogan.training.precision import Compute
from kaogan.training.recipe import Recipe
from kaogan.training.sampling import standing_statistics
from kaogan.training.state import TrainState
from kaogan.training.trainer import Trainer

keras = pytest.importorskip("keras", reason="needs kaogan[keras]")

COMPUTE = Compute(torch.device("cpu"), "fp32")
BATCH = 16
SMALL = {"size": 32, "width": 4, "latent_dim": 8}
PARTS = {"norm": "none", "initialization": "he", "minibatch_std": 4}
"""Of the standard recipe's discriminator."""


def model(**options) -> KerasDCGAN:
    return KerasDCGAN(**SMALL | options)


def build(described):
    """Both networks of a seed, with weights large enough for a picture to come out."""
    torch.manual_seed(0)
    networks = described.generator(), described.discriminator()
    with torch.no_grad():
        for network in networks:
            for parameter in network.parameters():
                parameter.mul_(5 if parameter.ndim == 4 else 1)
    return networks


def latents(count=BATCH, seed=1):
    return torch.randn(count, 8, generator=torch.Generator().manual_seed(seed))


def pictures(size=32, channels=3, seed=2):
    rng = torch.Generator().manual_seed(seed)
    return torch.rand(BATCH, channels, size, size, generator=rng) * 2 - 1


def weights_of(network):
    return network.network.keras_weights()


def assert_same_weights(ours, theirs, **tolerance):
    assert ours.keys() == theirs.keys()
    for path in ours:
        torch.testing.assert_close(ours[path], theirs[path], msg=path, **tolerance)


@pytest.mark.parametrize("upsample", ["transposed", "resize"])
@pytest.mark.parametrize(("size", "channels"), [(32, 3), (64, 1), (128, 3)])
@pytest.mark.parametrize("training", [True, False])
def test_a_seed_makes_both_libraries_networks_the_same(size, channels, upsample, training):
    ours = model(size=size, channels=channels, upsample=upsample)
    inputs = latents(), pictures(size, channels)
    for mine, theirs, given in zip(build(ours), build(ours.twin), inputs, strict=True):
        with torch.no_grad():
            found, expected = mine.train(training)(given), theirs.train(training)(given)
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
        assert expected.std() > 1e-3


class Still:
    """The same pictures, whatever is asked for."""

    def __call__(self, start, count):
        return unlabelled(pictures())

    def __len__(self):
        return BATCH


GAMES = {
    "dcgan": {"make": recipes.dcgan, "lr": 2e-4},
    "standard": {"make": recipes.standard, "lr": 1e-3, "anneal_images": 1000},
}
every_game = pytest.mark.parametrize("name", GAMES)


def recipe_of(name, framework) -> Recipe:
    """A small recipe, for networks of that framework."""
    options = dict(GAMES[name])
    make = options.pop("make")
    return make(**SMALL, **options, framework=framework, batch=BATCH, seed=3)


def trained(recipe, steps, precision="fp32"):
    """State and numbers after some steps of training."""
    compute = Compute(torch.device("cpu"), precision)
    trainer = Trainer(recipe, TrainState.fresh(recipe, compute), Still(), compute)
    stats = [[number.item() for number in trainer.step()] for _ in range(steps)]
    return trainer.state, torch.tensor(stats)


def plain_weights(recipe, state, name):
    """Weights of a PyTorch training by Keras' paths."""
    networks = recipe.model
    plain = networks.discriminator() if name == "discriminator" else networks.generator()
    plain.load_state_dict(state.networks[name].state_dict())
    return keras_weights(plain)


@every_game
def test_a_whole_step_of_training_is_the_same(name):
    recipe = recipe_of(name, "pytorch")
    ours, our_stats = trained(recipe_of(name, "keras"), 1)
    theirs, their_stats = trained(recipe, 1)
    before, _ = trained(recipe, 0)
    torch.testing.assert_close(our_stats, their_stats, atol=1e-6, rtol=1e-5)
    for player in ours.networks:
        mine = weights_of(ours.networks[player])
        start, expected = (plain_weights(recipe, s, player) for s in (before, theirs))
        assert mine.keys() == expected.keys()
        for path, tensor in expected.items():
            if "moving_variance" not in path:  # n / (n - 1) of it in PyTorch: see below
                # Adam's first step is the learning rate, 2e-4 or 1e-3, up or down.
                torch.testing.assert_close(mine[path], tensor, atol=2e-6, rtol=0, msg=path)
            if "kernel" in path:
                assert (tensor - start[path]).abs().max() > 1e-6, (player, path)


@every_game
def test_losses_stay_the_same_for_some_steps(name):
    _, ours = trained(recipe_of(name, "keras"), 5)  # the first and the fifth with penalties, if any
    _, theirs = trained(recipe_of(name, "pytorch"), 5)
    torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)
    assert (theirs[0] - theirs[-1]).abs().max() > 0.05  # and something was learnt


@pytest.mark.parametrize("count", [1, 2, 6, 8])
def test_the_spread_of_a_group_is_the_same_for_every_batch(count):
    _, ours = build(model(**PARTS))
    _, theirs = build(model(**PARTS).twin)
    given = pictures()[:count]
    torch.testing.assert_close(ours(given), theirs(given), atol=1e-5, rtol=1e-4)
    if count > 1:  # it counts at all
        others = torch.cat([given[:1], given[:1].expand(count - 1, -1, -1, -1)])
        assert (theirs(others) - theirs(given))[0].abs() > 1e-4


def test_second_derivatives_go_through_the_spread_of_a_group():
    slopes = []
    for network in (build(model(**PARTS))[1], build(model(**PARTS).twin)[1]):
        at = pictures().requires_grad_()
        (first,) = torch.autograd.grad(network(at).sum(), at, create_graph=True)
        weights = list(network.parameters())
        second = torch.autograd.grad(first.square().sum(), weights, allow_unused=True)
        slopes.append([first, *[each for each in second if each is not None and each.ndim == 4]])
    for mine, expected in zip(*slopes, strict=True):
        if mine.ndim == 4 and mine.shape != expected.shape:  # a kernel: H W I O
            mine = mine.permute(3, 2, 0, 1)
        torch.testing.assert_close(
            mine, expected, atol=1e-4 * expected.abs().max().item(), rtol=1e-3
        )
        assert expected.abs().max() > 0


def test_running_variances_differ_by_n_over_n_minus_1():
    ours, theirs = (build(described)[1] for described in (model(), model().twin))
    for network in (ours, theirs):
        network.train()(pictures())
    mine, expected = weights_of(ours), keras_weights(theirs)
    for stage, side in ((1, 8), (2, 4)):
        n = BATCH * side * side
        path = f"norm_{stage}/moving_variance"
        torch.testing.assert_close((mine[path] - 0.9) * n / (n - 1), expected[path] - 0.9)
        torch.testing.assert_close(
            mine[f"norm_{stage}/moving_mean"], expected[f"norm_{stage}/moving_mean"]
        )


def test_standing_statistics_find_keras_batch_norms():
    ours, theirs = (build(described)[0] for described in (model(), model().twin))
    settled = [standing_statistics(network, 8)(latents()) for network in (ours, theirs)]
    torch.testing.assert_close(*settled, atol=1e-4, rtol=1e-3)
    assert (settled[0] - ours.eval()(latents())).abs().max() > 0.1  # they matter


def test_training_and_drawing_are_told_apart():
    generator, _ = build(model())
    before = {path: tensor.clone() for path, tensor in weights_of(generator).items()}
    generator.eval()
    alone = generator(latents())[:1]
    torch.testing.assert_close(alone, generator(latents()[:1]))  # no batch's statistics in it
    assert_same_weights(weights_of(generator), before, atol=0, rtol=0)
    generator.train()
    assert (generator(latents())[:1] - alone).abs().max() > 1e-2
    assert weights_of(generator)["norm_0/moving_mean"].any()


def test_averages_are_no_parameters():
    generator, discriminator = build(model())
    for network, theirs in zip((generator, discriminator), build(model().twin), strict=True):
        count = sum(parameter.numel() for parameter in network.parameters())
        assert count == sum(parameter.numel() for parameter in theirs.parameters())
        assert not any("moving" in name for name, _ in network.named_parameters())


def test_copies_share_no_tensor():
    generator, _ = build(model())
    twin = copy.deepcopy(generator)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.zero_()
    generator.train()(latents())
    assert twin.eval()(latents()).std() > 1e-3
    assert not generator.eval()(latents()).any()


def test_names_do_not_depend_on_what_was_built_before():
    first = [network.state_dict().keys() for network in build(model())]
    second = [network.state_dict().keys() for network in build(model())]
    assert first == second
    assert "network.weights.conv_0/kernel" in first[0]


@pytest.mark.parametrize("parts", [{"norm": "batch"}, {"norm": "spectral"}, PARTS], ids=str)
def test_plain_keras_gives_a_discriminators_logits(parts):
    described = DCGAN(size=32, width=4, **parts)
    _, discriminator = build(described)
    discriminator.train()(pictures())
    discriminator.eval()
    network = keras_discriminator(described)
    weights = keras_weights(discriminator)
    for variable in network.variables:
        variable.assign(weights[variable.path.removeprefix("discriminator/")])
    with torch.no_grad():
        expected = discriminator(pictures())
    found = network(pictures().permute(0, 2, 3, 1), training=False).detach().flatten()
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@every_game
def test_it_trains_in_bfloat16(name):
    state, stats = trained(recipe_of(name, "keras"), 2, "bf16")
    assert stats.isfinite().all()
    assert {p.dtype for p in state.generator.parameters()} == {torch.float32}


def test_without_the_extra_one_line_says_how_to_install_it(monkeypatch):
    load = builtins.__import__

    def refuse(name, *rest):
        if name == "keras":
            raise ModuleNotFoundError("No module named 'keras'", name="keras")
        return load(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(KaoganError, match=r"pip install 'kaogan\[keras\]'"):
        model().generator()


def test_another_backend_trains_nothing(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    with pytest.raises(KaoganError, match="KERAS_BACKEND=torch"):
        model().generator()
