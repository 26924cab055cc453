import itertools

import pytest
import torch
from torch import nn

from kaogan import recipes
from kaogan.bench.floor import Limits, Traffic, Work, _count_step, measure_limits, step_work

LATENT = 100


def layers(width: int) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Both 64x64 networks: channels and pixels of each layer's input, then of its output."""
    w = width
    stages = [(3, 64**2), (w, 32**2), (2 * w, 16**2), (4 * w, 8**2), (8 * w, 4**2), (1, 1)]
    discriminator = [(*before, *after) for before, after in itertools.pairwise(stages)]
    stages = [(LATENT, 1), *stages[-2::-1]]
    generator = [(*before, *after) for before, after in itertools.pairwise(stages)]
    return generator, discriminator


def flops(layer: tuple[int, ...]) -> int:
    """Of one pass of one picture: each pixel of the smaller map sees 4 x 4 of the larger one."""
    c_in, pixels_in, c_out, pixels_out = layer
    return 2 * 16 * c_in * c_out * min(pixels_in, pixels_out)


def one_pass(layer: tuple[int, ...], batch: int) -> int:
    """Numbers moved by a pass forward, or back for one of both gradients."""
    c_in, pixels_in, c_out, pixels_out = layer
    return batch * (c_in * pixels_in + c_out * pixels_out) + 16 * c_in * c_out


def both_back(layer: tuple[int, ...], batch: int) -> int:
    """Numbers moved by a pass back for both gradients: the output's gradient is read once."""
    return 2 * one_pass(layer, batch) - batch * layer[2] * layer[3]


@pytest.mark.parametrize(("width", "batch"), [(4, 7), (16, 64)])
def test_operations_and_bytes_of_a_step_are_those_of_the_closed_form(width, batch):
    g, d = layers(width)
    per_picture = 3 * sum(map(flops, g)) - flops(g[0])  # nobody needs the gradient of z
    per_picture += 8 * sum(map(flops, d)) - 2 * flops(d[0])  # nor that of x, and of a detached G(z)

    moved = sum(one_pass(layer, batch) for layer in [*g, *d, *d, *d])  # forward
    moved += one_pass(g[0], batch) + sum(both_back(layer, batch) for layer in g[1:])
    moved += 2 * (one_pass(d[0], batch) + sum(both_back(layer, batch) for layer in d[1:]))
    moved += sum(one_pass(layer, batch) for layer in d)  # back through the frozen discriminator

    parameters_g = 16 * sum(c * k for c, _, k, _ in g) + 2 * 15 * width
    parameters_d = 16 * sum(c * k for c, _, k, _ in d) + 2 * 14 * width
    updates = 4 * (7 * (parameters_g + parameters_d) + 2 * parameters_g)

    recipe = recipes.dcgan(width=width, batch=batch, latent_dim=LATENT)
    assert step_work(recipe, "fp32") == Work(batch * per_picture, 4 * moved + updates)
    assert step_work(recipe, "bf16") == Work(batch * per_picture, 2 * moved + updates)


def test_a_picture_of_the_papers_network_costs_2_27_gigaflop_a_step():
    work = step_work(recipes.dcgan(batch=2), "fp32")
    assert work.flops / 2 == pytest.approx(2.2746e9, rel=1e-4)


def penalised(width: int = 8, batch: int = 2, **options):
    return step_work(recipes.dcgan(width=width, batch=batch, norm="none", **options), "fp32")


def test_what_a_penalty_adds_to_the_passes_of_the_loss():
    """R1: back to the samples, and both once more for the weights. A gradient penalty: a pass of
    its own besides, there and back; nothing comes back through its logits. Autograd also works out
    the slope of the loss at the real and the generated samples, which nobody reads."""
    _, d = layers(8)
    one_pass_of_all, read_by_nobody = sum(map(flops, d)), 2 * flops(d[0])
    plain = penalised().flops
    for penalties, passes in (
        ({"r1": 1.0}, 3 * one_pass_of_all),
        ({"r1": 1.0, "r2": 1.0}, 6 * one_pass_of_all),
        ({"gradient-penalty": 1.0}, 6 * one_pass_of_all - 2 * flops(d[-1])),
    ):
        added = penalised(penalties=penalties).flops - plain
        assert added == 2 * (passes + read_by_nobody), penalties


def test_of_lazy_penalties_a_step_has_its_share():
    both = {"r1": 1.0, "r2": 1.0}
    plain, always = penalised(), penalised(penalties=both)
    lazy = penalised(penalties=both, penalty_interval=4)
    assert lazy.flops == plain.flops + (always.flops - plain.flops) // 4
    assert lazy.bytes == plain.bytes + (always.bytes - plain.bytes) // 4
    assert penalised(penalty_interval=4) == plain


def test_a_step_of_the_standard_recipe_is_at_most_1_3_times_the_papers():
    """At equal width and batch; counted, not timed.

    Real and generated pictures share a pass of the standard's discriminator, so weights are read
    fewer times than in two.
    """
    standard, paper = (
        step_work(recipes.named(name, batch=32), "bf16") for name in ("standard", "dcgan")
    )
    assert 1.2 < standard.flops / paper.flops < 1.3
    assert 1.05 < standard.bytes / paper.bytes < 1.1


@pytest.mark.parametrize("batch", [12, 14])  # 14 is no multiple of the minibatch deviation's group
def test_two_small_batches_tell_what_a_larger_one_takes(batch):
    recipe = recipes.standard(size=32, width=4, penalty_interval=1, batch=batch)
    flops, numbers, updates = _count_step(recipe, batch, penalised=True)
    assert step_work(recipe, "fp32") == Work(flops, 4 * numbers + updates)


def test_the_count_leaves_the_random_numbers_of_the_program_alone():
    torch.manual_seed(3)
    step_work(recipes.dcgan(size=32, width=4), "fp32")
    drawn = torch.rand(2)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(2))


def test_traffic_of_a_product_and_of_nothing_else():
    one, other = torch.randn(3, 4), torch.randn(4, 5)
    with Traffic() as traffic:
        torch.relu(one @ other) + 1.0
    assert traffic.numbers == 3 * 4 + 4 * 5 + 3 * 5


def test_traffic_of_gradients_that_nobody_asked_for():
    layer = nn.Conv2d(2, 3, 3, bias=False).requires_grad_(False)
    x = torch.randn(1, 2, 5, 5, requires_grad=True)
    y = layer(x)
    with Traffic() as traffic:
        y.sum().backward()
    assert traffic.numbers == y.numel() + layer.weight.numel() + x.numel()


def test_the_floor_is_the_slower_of_computing_and_moving():
    limits = Limits(flops_per_second=100.0, bytes_per_second=10.0)
    assert limits.floor(Work(flops=500, bytes=20)) == 5.0
    assert limits.floor(Work(flops=500, bytes=80)) == 8.0


def test_limits_are_measured_and_settings_left_as_they_were():
    before = torch.backends.cuda.matmul.fp32_precision
    limits = measure_limits(torch.device("cpu"), "fp32")
    assert limits.flops_per_second > 1e8
    assert limits.bytes_per_second > 1e7
    assert torch.backends.cuda.matmul.fp32_precision == before
