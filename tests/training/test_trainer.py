"""The loop, with pictures and with points."""

import math
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import softplus
from torch.utils._python_dispatch import TorchDispatchMode
from toys import (
    Blob,
    FlatFakes,
    Jitter,
    Points,
    Watched,
    make_trainer,
    points_trainer,
    same,
    snapshot,
    tiny_recipe,
)

from kaogan import recipes
from kaogan.contracts import Augmentation, Batches, Loss, Model, Penalty
from kaogan.data.batches import ImageBatches
from kaogan.errors import UsageError
from kaogan.losses import R1, R2, Minimax, NonSaturating, Relativistic
from kaogan.models import DCGAN
from kaogan.rng import seed_of
from kaogan.training.precision import Compute
from kaogan.training.recipe import Budget, Recipe
from kaogan.training.trainer import (
    Callback,
    StepInputs,
    Trainer,
    ema_decay,
    mirrored,
)
from kaogan.training.tuning import Noise
from passes import pass_of, term


@pytest.fixture
def trainer(dataset):
    return pictures_trainer(dataset)


def pictures_trainer(dataset, **parts) -> Trainer:
    batches = ImageBatches(dataset.train, torch.device("cpu"), 0)
    return make_trainer(tiny_recipe(), batches, **parts)


def changed(before, after, prefix):
    return [k for k in before if k.startswith(prefix) and not torch.equal(before[k], after[k])]


def test_the_toys_keep_the_contracts():
    assert isinstance(Points(), Model)
    assert isinstance(Blob(), Batches)
    assert isinstance(Relativistic(), Loss)
    assert isinstance(FlatFakes(), Penalty)
    assert isinstance(Jitter(), Augmentation)


def test_a_step_moves_every_weight_and_counts_its_images(trainer):
    before = snapshot(trainer.state)
    stats = trainer.step()
    after = trainer.state.tensors()
    for name in ("generator", "ema", "discriminator"):
        weights = {f"{name}.{key}" for key, _ in trainer.state.networks[name].named_parameters()}
        assert weights <= set(changed(before, after, name))
    assert trainer.state.images_seen == 8
    assert all(value.isfinite() and value.shape == () for value in stats)


def test_a_step_measures_the_losses_and_probabilities_before_the_update():
    trainer = points_trainer()
    real = trainer.batches(0, 64).x
    state = trainer.state
    rng = torch.Generator().manual_seed(seed_of(0, 0, 0))
    fake = state.generator(torch.randn(64, 2, generator=rng))
    with torch.no_grad():
        real_logits, fake_logits = state.discriminator(real), state.discriminator(fake)
    stats = trainer.step()
    assert torch.equal(stats.d_real, real_logits.sigmoid().mean())
    assert torch.equal(stats.d_fake, fake_logits.sigmoid().mean())
    assert torch.equal(stats.loss_d, NonSaturating().discriminator(real_logits, fake_logits))
    with torch.no_grad():  # for the same z, logits of the new discriminator
        new_logits = state.discriminator(fake)
    assert torch.equal(stats.loss_g, NonSaturating().generator(real_logits, new_logits))


def test_the_networks_are_updated_in_turn_as_written_by_hand():
    trainer = points_trainer()
    twin = points_trainer().state
    for step in range(3):
        z = torch.randn(64, 2, generator=torch.Generator().manual_seed(seed_of(0, 0, 64 * step)))
        x = Blob()(64 * step, 64).x
        objective = NonSaturating()
        twin.optimizers["discriminator"].zero_grad()
        fake = twin.generator(z).detach()
        objective.discriminator(twin.discriminator(x), twin.discriminator(fake)).backward()
        twin.optimizers["discriminator"].step()
        twin.optimizers["generator"].zero_grad()
        fake = twin.discriminator(twin.generator(z))
        objective.generator(fake, fake).backward()
        twin.optimizers["generator"].step()
        trainer.step()
    for player in ("generator", "discriminator"):
        for mine, byhand in zip(
            trainer.state.networks[player].parameters(),
            twin.networks[player].parameters(),
            strict=True,
        ):
            torch.testing.assert_close(mine, byhand)


def textbook_step(networks, average, adams, x, z, images_seen):
    """A step of the paper's GAN as plainly as it can be written; returns both losses."""
    generator, discriminator = networks
    adam_g, adam_d = adams
    fake = generator(z)
    loss_d = softplus(-discriminator(x)).mean() + softplus(discriminator(fake.detach())).mean()
    adam_d.zero_grad()
    loss_d.backward()
    adam_d.step()
    loss_g = softplus(-discriminator(fake)).mean()
    adam_g.zero_grad()
    loss_g.backward()
    adam_g.step()
    decay = 2 ** (-len(x) / (0.015 * (images_seen + len(x))))
    with torch.no_grad():
        for mean, weight in zip(average.parameters(), generator.parameters(), strict=True):
            mean.copy_(decay * mean + (1 - decay) * weight)
    return loss_d, loss_g


def test_a_game_of_pictures_is_the_textbooks(trainer, dataset):
    state = pictures_trainer(dataset).state
    networks = (state.generator, state.discriminator)
    adams = [torch.optim.Adam(n.parameters(), 2e-4, (0.5, 0.999)) for n in networks]
    batches = ImageBatches(dataset.train, torch.device("cpu"), 0)
    for seen in range(0, 80, 8):
        z = torch.randn(8, 8, generator=torch.Generator().manual_seed(seed_of(0, 0, seen)))
        losses = textbook_step(networks, state.ema, adams, batches(seen, 8).x, z, seen)
        stats = trainer.step()
        torch.testing.assert_close(stats[:2], tuple(loss.detach() for loss in losses))
    for name, network in state.networks.items():
        mine = trainer.state.networks[name].state_dict()
        for key, tensor in network.state_dict().items():
            if name != "ema" or "running" not in key:
                torch.testing.assert_close(mine[key], tensor, rtol=1e-3, atol=1e-5)


def test_what_is_drawn_is_a_function_of_the_position(trainer, dataset):
    for seen, attempt in ((0, 0), (72, 0), (8, 1)):
        trainer.state.images_seen, trainer.state.attempt = seen, attempt
        torch.rand(1, generator=trainer.rng)  # what was drawn before plays no part
        inputs = trainer.draw_inputs()
        rng = torch.Generator().manual_seed(seed_of(0, attempt, seen))
        assert torch.equal(inputs.z, torch.randn(8, 8, generator=rng))
        assert torch.equal(inputs.epsilon, torch.rand(8, generator=rng))
        assert torch.equal(inputs.x, ImageBatches(dataset.train, torch.device("cpu"), 0)(seen, 8).x)
        assert inputs.ema_weight.item() == pytest.approx(1 - ema_decay(8, seen + 8, 0.015))
        assert trainer.state.images_seen == seen  # drawing trains nothing


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_the_learning_rates_have_their_factor(factor):
    trainer = points_trainer()
    inputs = trainer.draw_inputs()
    assert inputs.lr_factor.item() == 1.0
    trainer.train_step(inputs._replace(lr_factor=torch.tensor(factor)), False)
    rates = [each.param_groups[0]["lr"].item() for each in trainer.state.optimizers.values()]
    assert rates == pytest.approx([2e-3 * factor] * 2)


def test_the_penalties_have_their_factor():
    def loss(factor):
        trainer = points_trainer(penalties=[R1(weight=3.0)])
        inputs = trainer.draw_inputs()
        assert inputs.penalty_factor.item() == 1.0
        return trainer.train_step(
            inputs._replace(penalty_factor=torch.tensor(factor)), True
        ).loss_d.item()

    whole, half, nothing = (loss(factor) for factor in (1.0, 0.5, 0.0))
    assert whole - nothing > 1e-4
    assert half - nothing == pytest.approx((whole - nothing) / 2, rel=1e-2)


def test_without_a_learning_rate_nothing_is_learnt():
    trainer = points_trainer()
    before = snapshot(trainer.state)
    trainer.train_step(trainer.draw_inputs()._replace(lr_factor=torch.tensor(0.0)), False)
    for name, tensor in trainer.state.tensors().items():
        assert torch.equal(tensor, before[name]) or name.startswith(("adam.", "unlogged"))


def test_a_step_may_be_given_its_inputs_in_the_same_memory_again_and_again(trainer, dataset):
    other = pictures_trainer(dataset)
    table = StepInputs(*(torch.full_like(tensor, float("nan")) for tensor in other.draw_inputs()))
    for _ in range(6):
        for kept, new in zip(table, other.draw_inputs(), strict=True):
            kept.copy_(new)
        mine, theirs = trainer.step(), other.train_step(table, False)
        other.state.images_seen += 8
        assert all(map(torch.equal, mine, theirs))
    assert same(snapshot(trainer.state), snapshot(other.state))


def test_a_round_changes_the_state_in_place_and_keeps_no_gradient(trainer):
    before = {name: tensor.data_ptr() for name, tensor in trainer.state.tensors().items()}
    trainer.step()
    after = {name: tensor.data_ptr() for name, tensor in trainer.state.tensors().items()}
    assert after == before
    assert all(p.grad is None for n in trainer.state.networks.values() for p in n.parameters())


@pytest.mark.parametrize("loss", [NonSaturating(), Minimax(), Relativistic()])
def test_the_generators_turn_computes_no_gradient_of_the_discriminators_weights(loss):
    trainer = points_trainer(loss)
    counts = dict.fromkeys(trainer.state.discriminator.parameters(), 0)

    def count(parameter):
        counts[parameter] += 1

    for parameter in counts:
        parameter.register_post_accumulate_grad_hook(count)
    trainer.step()
    assert set(counts.values()) == {1}  # the discriminator's own turn
    assert all(p.requires_grad for p in counts)


def test_the_discriminators_turn_does_not_reach_the_generator():
    trainer = points_trainer()
    generator = trainer.state.generator
    seen = []
    trainer.state.optimizers["discriminator"].register_step_post_hook(
        lambda *_: seen.append([p.grad for p in generator.parameters()])
    )
    trainer.step()
    assert seen == [[None] * 4]


def test_steps_are_a_function_of_recipe_and_position(dataset):
    runs = []
    for noise in (1, 2):
        torch.manual_seed(noise)  # the global random state plays no part
        trainer = pictures_trainer(dataset)
        for _ in range(3):
            trainer.step()
            torch.rand(noise)
        runs.append(snapshot(trainer.state))
    assert same(*runs)


def test_another_attempt_draws_other_numbers():
    first, second = points_trainer(), points_trainer()
    second.state.attempt = 1
    first.step()
    second.step()
    assert not same(snapshot(first.state), snapshot(second.state))


@pytest.mark.parametrize("loss", [NonSaturating(), Minimax(label_smoothing=0.1), Relativistic()])
@pytest.mark.parametrize("penalties", [(), (FlatFakes(),)])
@pytest.mark.parametrize("augmentation", [None, Jitter()])
def test_points_train_with_the_same_loop(loss, penalties, augmentation):
    trainer = points_trainer(loss, penalties=penalties, augmentation=augmentation)
    z = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))

    def distance():
        with torch.no_grad():
            return (trainer.state.ema(z).mean(0) - Blob.CENTRE).norm().item()

    far = distance()
    trainer.run(Budget(images=64 * 150), [])
    assert trainer.state.images_seen == 64 * 150
    assert distance() < far / 2


def test_a_penalty_is_added_to_the_discriminators_loss():
    plain, penalised = points_trainer(), points_trainer(penalties=[FlatFakes(weight=2.0)])
    twin = points_trainer()
    with torch.no_grad():
        fake = twin.generator(twin.draw_inputs().z)
    difference = penalised.step().loss_d - plain.step().loss_d
    expected = 2 * FlatFakes()(twin.discriminator, None, pass_of(twin.discriminator, fake), None)
    torch.testing.assert_close(difference, expected.detach())


def test_a_gradient_penalty_flattens_the_discriminator(dataset):
    slopes = []
    for penalties in ({}, {"r1": 200.0}):
        batches = ImageBatches(dataset.train, torch.device("cpu"), 0)
        trainer = make_trainer(tiny_recipe(lr=5e-3, norm="none", penalties=penalties), batches)
        trainer.run(Budget(images=240), [])
        x = trainer.batches(0, 8).x
        slopes.append(term(R1(), trainer.state.discriminator, x, x, torch.zeros(8)).item())
    assert slopes[1] < slopes[0] / 2


def test_an_augmentation_changes_real_and_generated_alike_and_passes_gradients():
    watched = Watched(factor=2.0)
    trainer = points_trainer(augmentation=watched)
    before = snapshot(trainer.state)
    trainer.step()
    both, again = watched.seen  # the discriminator's turn, the generator's
    assert [len(both), len(again)] == [128, 64]
    assert torch.equal(both[:64], Blob()(0, 64).x)
    assert torch.equal(both[64:], again.detach())
    assert changed(before, trainer.state.tensors(), "generator")


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
@pytest.mark.parametrize("penalties", [{}, {"r1": 1.0, "r2": 1.0}, {"gradient-penalty": 10.0}])
def test_a_step_in_half_precision_is_finite_and_keeps_float32_weights(
    dataset, precision, penalties
):
    compute = Compute(torch.device("cpu"), precision)
    batches = ImageBatches(dataset.train, torch.device("cpu"), 0)
    watched = Watched()
    recipe = tiny_recipe(norm="none", penalties=penalties)
    recipe = recipe.model_copy(update={"augmentation": watched})
    trainer = make_trainer(recipe, batches, compute)
    for _ in range(2):
        assert all(value.isfinite() for value in trainer.step())
    floats = [t for t in trainer.state.tensors().values() if t.is_floating_point()]
    assert all(t.dtype == torch.float32 and t.isfinite().all() for t in floats)
    assert {samples.dtype for samples in watched.seen} == {
        torch.float32
    }  # as the contracts promise


# Lazy penalties


BOTH = (R1(weight=3.0), R2(weight=2.0))


def lazy_trainer(interval: int, penalties=BOTH) -> Trainer:
    return points_trainer(Relativistic(), penalties, penalty_interval=interval)


@given(st.integers(1, 50), st.integers(0, 1000), st.integers(0, 3))
def test_which_steps_are_penalised_is_a_function_of_the_images_seen(interval, step, attempt):
    trainer = lazy_trainer(interval)
    trainer.state.images_seen, trainer.state.attempt = 64 * step, attempt
    assert trainer.penalised() == (step % interval == 0)
    assert not points_trainer(penalty_interval=interval).penalised()  # it has none


def test_an_interval_of_one_is_no_laziness():
    lazy, plain = lazy_trainer(1), lazy_trainer(1)
    for _ in range(6):
        mine = lazy.step()
        theirs = plain.train_step(plain.draw_inputs(), True)
        plain.state.images_seen += 64
        assert all(map(torch.equal, mine, theirs))
    assert same(snapshot(lazy.state), snapshot(plain.state))


@pytest.mark.parametrize("interval", [1, 3])
def test_lazy_penalties_are_as_written_by_hand(interval):
    """Every k-th step descends L_D + k (penalties); the others L_D alone."""
    trainer, twin = lazy_trainer(interval), lazy_trainer(interval).state
    objective = Relativistic()
    for step in range(7):
        z = torch.randn(64, 2, generator=torch.Generator().manual_seed(seed_of(0, 0, 64 * step)))
        x, fake = Blob()(64 * step, 64).x, twin.generator(z)
        loss = objective.discriminator(twin.discriminator(x), twin.discriminator(fake.detach()))
        if step % interval == 0:
            for penalty in BOTH:
                loss = loss + interval * term(penalty, twin.discriminator, x, fake, torch.zeros(64))
        loss.backward()
        twin.optimizers["discriminator"].step()
        stats = trainer.step()
        torch.testing.assert_close(stats.loss_d, loss.detach())
        twin.optimizers["generator"].zero_grad()
        objective.generator(twin.discriminator(x), twin.discriminator(fake)).backward()
        twin.optimizers["generator"].step()
        twin.optimizers["discriminator"].zero_grad()
    # Not weight by weight: what adds one number to all logits has a slope of zero with this loss,
    # and Adam makes steps of its rounding errors.
    z = torch.randn(64, 2, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(trainer.state.generator(z), twin.generator(z))
    logits, expected = (state.discriminator(Blob()(0, 64).x) for state in (trainer.state, twin))
    torch.testing.assert_close(logits - logits.mean(), expected - expected.mean())


@given(st.integers(2, 20))
def test_a_penalised_step_has_the_interval_times_the_weight(interval):
    plain, once, lazily = (
        trainer.step().loss_d
        for trainer in (lazy_trainer(1, ()), lazy_trainer(1), lazy_trainer(interval))
    )
    torch.testing.assert_close(lazily - plain, interval * (once - plain), rtol=1e-3, atol=1e-6)


def test_the_ema_moves_in_three_operations_for_all_tensors(dataset):
    trainer = make_trainer(tiny_recipe(), ImageBatches(dataset.train, torch.device("cpu"), 0))
    called = []

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            called.append(func.overloadpacket.__name__)
            return func(*args, **kwargs or {})

    for old, new in zip(trainer._averaged, trainer._current, strict=True):
        # Otherwise PyTorch goes tensor by tensor.
        assert (old.stride(), old.dtype) == (new.stride(), new.dtype)
        new.data += 1.0
    before = [old.clone() for old in trainer._averaged]
    weight = torch.tensor(0.25)
    with Watch():
        trainer.update_averages(weight)
    assert called == ["_foreach_sub", "_foreach_mul_", "_foreach_add_"]
    for old, new in zip(before, trainer._averaged, strict=True):
        torch.testing.assert_close(new, old + 0.25)


# Mirrored pictures


def test_pictures_are_mirrored_left_to_right_where_the_chance_is_below_a_half():
    pictures = torch.arange(3 * 2 * 2 * 4).view(3, 2, 2, 4).float()
    out = mirrored(pictures, torch.tensor([0.0, 0.5, 0.49]))
    assert torch.equal(out[1], pictures[1])
    for n in (0, 2):
        for column in range(4):
            assert torch.equal(out[n, :, :, column], pictures[n, :, :, 3 - column])
    assert torch.equal(mirrored(out, torch.tensor([0.0, 0.5, 0.49])), pictures)


def test_about_half_of_the_pictures_are_mirrored_and_nothing_else_changes(dataset):
    batches = ImageBatches(dataset.train, torch.device("cpu"), 0)
    plain, mirroring = (make_trainer(tiny_recipe(mirror=on), batches) for on in (False, True))
    count = 0
    for step in range(100):
        for trainer in (plain, mirroring):
            trainer.state.images_seen = 8 * step
        before, after = plain.draw_inputs(), mirroring.draw_inputs()
        assert all(map(torch.equal, before[1:], after[1:]))  # the latents among them
        kept = (after.x == before.x).flatten(1).all(1)
        turned = (after.x == before.x.flip(-1)).flatten(1).all(1)
        assert (kept != turned).all()
        count += turned.sum().item()
        assert torch.equal(mirroring.draw_inputs().x, after.x)  # a function of the position
    assert abs(count - 400) < 5 * 200**0.5  # five standard deviations of 800 coins


def test_mirroring_ends_with_its_share_of_the_learning_rates_fall(dataset):
    batches = ImageBatches(dataset.train, torch.device("cpu"), 0)
    fields = {"lr_schedule": {"name": "cosine", "images": 80}, "mirror_until": 0.5}
    recipe = Recipe(**tiny_recipe(mirror=True).model_dump() | fields)
    assert recipe.mirrored_images == 40
    plain, ending = make_trainer(tiny_recipe(), batches), make_trainer(recipe, batches)
    for seen in (0, 32, 40, 80, 800):
        plain.state.images_seen = ending.state.images_seen = seen
        same = torch.equal(plain.draw_inputs().x, ending.draw_inputs().x)
        assert same == (seen >= 40)


def test_mirroring_has_no_end_without_a_fall_of_the_learning_rates():
    assert Recipe(mirror=True, mirror_until=0.5).mirrored_images is None
    assert Recipe(mirror_until=0.5).mirrored_images == 0


def test_each_player_has_its_own_learning_rate(dataset):
    batches = ImageBatches(dataset.train, torch.device("cpu"), 0)
    trainer = make_trainer(tiny_recipe(lr=1e-3, generator_lr=1e-5), batches)
    before = {
        player: [weight.detach().clone() for weight in network.parameters()]
        for player, network in trainer.state.networks.items()
    }
    trainer.step()
    for player, rate in {"discriminator": 1e-3, "generator": 1e-5}.items():
        weights = trainer.state.networks[player].parameters()
        moved = [(new - old).abs().max() for new, old in zip(weights, before[player], strict=True)]
        # Adam's first step moves each weight by the learning rate.
        torch.testing.assert_close(max(moved), torch.tensor(rate), rtol=0.01, atol=0.0)


def test_points_cannot_be_mirrored():
    with pytest.raises(UsageError, match="only pictures can be mirrored"):
        Recipe(model=Points(), mirror=True)


# Both sides in one pass


def both_sides(trainer: Trainer) -> list[torch.Tensor]:
    """Logits and slopes of real and generated samples, as the discriminator's turn gets them."""
    inputs = trainer.draw_inputs()
    with torch.no_grad():
        fake = trainer.state.generator(inputs.z)
    sides = trainer.passes(inputs, fake, penalised=True)
    return [tensor for side in sides for tensor in (side.logits, side.slopes)]


def watch_passes(trainer: Trainer) -> list[int]:
    """A list that grows by the size of every batch that goes through the discriminator."""
    sizes: list[int] = []
    trainer.state.discriminator.register_forward_hook(
        lambda _, inputs, __: sizes.append(len(inputs[0]))
    )
    return sizes


@pytest.mark.parametrize("batch", [8, 6])  # 6 is no multiple of the minibatch deviation's group
def test_one_pass_for_both_sides_is_two_passes(batch, monkeypatch):
    trainer = standard_trainer("fp32", batch=batch)
    sizes = watch_passes(trainer)
    found = both_sides(trainer)
    monkeypatch.setattr(DCGAN, "group", None)
    for together, apart in zip(found, both_sides(trainer), strict=True):
        torch.testing.assert_close(together, apart, rtol=1e-4, atol=1e-7)
    assert sizes == ([16, 8, 8] if batch == 8 else [6] * 4)


def test_a_single_penalty_has_slopes_of_its_own_side():
    trainer = standard_trainer("fp32", penalties={"r1": 1.0})
    sizes = watch_passes(trainer)
    both_sides(trainer)
    assert sizes == [8, 8]


# Penalties in the precision of the run


def slope_terms(trainer: Trainer) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """R1 and R2, and their gradients by all weights, as the trainer computes them."""
    inputs, state = trainer.draw_inputs(), trainer.state
    with torch.no_grad():
        fake = state.generator(inputs.z)
    found = {}
    for penalty in trainer.recipe.penalties:
        discriminator = partial(
            trainer.logits, c=inputs.c, numbers=inputs.augmentation_d[:8], second_derivatives=True
        )
        value = term(penalty, discriminator, inputs.x, fake, inputs.epsilon)
        weights = list(state.discriminator.parameters())
        slopes = torch.autograd.grad(value, weights, allow_unused=True)
        found[penalty.name] = value, torch.cat([s.flatten() for s in slopes if s is not None])
    return found


def standard_trainer(precision: str, **options) -> Trainer:
    recipe = recipes.standard(**{"batch": 8, "width": 16} | options)
    return make_trainer(recipe, Noise(recipe), Compute(torch.device("cpu"), precision))


def test_penalties_in_bf16_are_those_in_float32_but_for_rounding():
    """Within 2% in value; their gradients within 4% in length, and in the same direction."""
    exact, rounded = (slope_terms(standard_trainer(precision)) for precision in ("fp32", "bf16"))
    assert exact.keys() == {"r1", "r2"}
    for name, (value, slopes) in exact.items():
        torch.testing.assert_close(rounded[name][0], value, rtol=0.02, atol=0)
        difference = (rounded[name][1] - slopes).norm() / slopes.norm()
        assert 0 < difference < 0.04
        cosine = torch.cosine_similarity(rounded[name][1], slopes, dim=0)
        assert cosine > 0.999


def test_where_the_run_is_in_fp16_penalties_are_in_float32():
    exact, same_ = (slope_terms(standard_trainer(precision)) for precision in ("fp32", "fp16"))
    for name, (value, slopes) in exact.items():
        assert torch.equal(same_[name][0], value)
        assert torch.equal(same_[name][1], slopes)


# The average of the generator


def test_the_average_follows_its_recursion():
    trainer = points_trainer()
    (current,) = [p for n, p in trainer.state.generator.named_parameters() if n == "2.bias"]
    average = current.detach().clone()
    for step in range(1, 30):
        trainer.step()
        decay = ema_decay(64, 64 * step, trainer.recipe.ema_share)
        average = decay * average + (1 - decay) * current.detach()
    (kept,) = [p for n, p in trainer.state.ema.named_parameters() if n == "2.bias"]
    torch.testing.assert_close(kept, average)
    assert not any(p.requires_grad for p in trainer.state.ema.parameters())


@given(st.floats(0.005, 0.3), st.integers(200, 2000))
def test_the_average_is_the_power_law_average_in_closed_form(share, steps):
    # The average of w(t) = t / T over t^gamma is (gamma + 1) / (gamma + 2), Karras et al. eq. 123.
    average = 0.0
    for step in range(1, steps + 1):
        decay = ema_decay(1, step, share)
        average = decay * average + (1 - decay) * step / steps
    gamma = math.log(2) / share - 1
    assert average == pytest.approx((gamma + 1) / (gamma + 2), abs=2 / steps)


@given(st.integers(10_000, 100_000), st.integers(8, 128), st.floats(0.005, 0.05))
def test_what_was_averaged_counts_half_after_the_half_life(images, batch, share):
    weight, seen, end = 1.0, images, images * (1 + share)
    while seen < end:
        seen += batch
        weight *= ema_decay(batch, seen, share)
    assert weight == pytest.approx(0.5, abs=0.02 + batch / (images * share))


@given(st.integers(1, 512), st.integers(1, 10**9), st.floats(0.001, 0.5))
def test_a_decay_is_a_share(batch, images, share):
    assert 0 <= ema_decay(batch, images, share) < 1 or images > 10**7 * batch
    assert ema_decay(batch, 2 * images, share) >= ema_decay(batch, images, share)


# Running


class Notes(Callback):
    def __init__(self, stop_after=None):
        self.calls, self.stop_after = [], stop_after

    def start(self, trainer):
        self.calls.append("start")

    def after_step(self, trainer, stats):
        self.calls.append(trainer.state.images_seen)
        trainer.stop_requested = trainer.state.images_seen == self.stop_after

    def finish(self, trainer):
        self.calls.append("finish")


def test_observers_see_every_step():
    notes = Notes()
    points_trainer().run(Budget(images=200), [notes])
    assert notes.calls == ["start", 64, 128, 192, 256, "finish"]


def test_a_stop_is_obeyed_after_the_step():
    notes = Notes(stop_after=128)
    points_trainer().run(Budget(images=10_000), [notes])
    assert notes.calls == ["start", 64, 128, "finish"]


def test_budgets_count_epochs_and_minutes():
    trainer = points_trainer()
    trainer.run(Budget(epochs=0.3), [])  # of 1,000 points
    assert trainer.state.images_seen == 320
    trainer.run(Budget(minutes=trainer.state.seconds / 60.001), [])
    assert trainer.state.images_seen == 320  # time already spent counts
    trainer.run(Budget(minutes=trainer.state.seconds / 60 + 0.001), [])
    assert trainer.state.images_seen > 320


def test_a_recipe_of_points_survives_python(dataset):
    recipe = Recipe(model=Points(), loss=Relativistic())
    assert recipe.model_copy() == recipe


def test_the_numbers_of_every_step_are_added_up(trainer):
    sums = torch.zeros(5)
    for _ in range(3):
        stats = trainer.step()
        sums += torch.stack([*stats, torch.tensor(1.0)])
    assert torch.equal(trainer.state.unlogged, sums)
