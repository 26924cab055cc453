"""Laws of ways through the latent space."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.linalg import vector_norm

from kaogan.latent.walks import (
    across,
    arithmetic,
    around,
    lerp,
    loop,
    path,
    plane,
    slerp,
    truncate,
)
from kaogan.rng import latents

seeds = st.integers(0, 10**6)
dims = st.integers(2, 40)
moments = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=8).map(torch.tensor)
ways = st.sampled_from([lerp, slerp])


def near(a: torch.Tensor, b: torch.Tensor, tolerance: float = 1e-4) -> bool:
    return bool(torch.allclose(a, b, atol=tolerance, rtol=tolerance))


@given(ways, seeds, seeds, dims)
def test_ways_begin_and_end_where_they_should(way, first, last, dim):
    a, b = latents([first, last], dim)
    start, end = way(a, b, torch.tensor([0.0, 1.0]))
    assert near(start, a)
    assert near(end, b)


@given(ways, seeds, dims, moments)
def test_between_equal_ends_nothing_moves(way, seed, dim, t):
    a = latents([seed], dim)[0]
    assert near(way(a, a.clone(), t), a.expand(len(t), dim))


@given(ways, seeds, seeds, dims, moments)
def test_there_and_back_is_the_same_way(way, first, last, dim, t):
    a, b = latents([first, last], dim)
    assert near(way(a, b, t), way(b, a, 1 - t), 1e-3)


@given(seeds, seeds, dims, moments)
def test_slerp_stays_on_the_sphere(first, last, dim, t):
    a, b = torch.nn.functional.normalize(latents([first, last], dim), dim=1)
    if -0.999 < a @ b < 0.999:
        assert near(vector_norm(slerp(a, b, t), dim=1), torch.ones(len(t)))


@given(seeds, seeds, dims)
def test_slerp_turns_at_constant_speed(first, last, dim):
    a, b = torch.nn.functional.normalize(latents([first, last], dim), dim=1)
    if -0.999 < a @ b < 0.999:
        steps = slerp(a, b, torch.linspace(0, 1, 9)).diff(dim=0)
        assert near(vector_norm(steps, dim=1), vector_norm(steps[0]).expand(8), 1e-3)


def test_slerp_of_a_right_angle_is_sine_and_cosine():
    a, b = torch.eye(2)
    t = torch.tensor([0.25, 0.5])
    expected = torch.stack([torch.cos(t * math.pi / 2), torch.sin(t * math.pi / 2)], dim=1)
    assert near(slerp(a, b, t), expected, 1e-6)


def test_between_opposite_ends_there_is_only_the_chord():
    a = torch.tensor([3.0, 4.0])
    assert near(slerp(a, -a, torch.tensor([0.5])), torch.zeros(1, 2))


@given(seeds, st.integers(2, 5), st.integers(1, 6), ways, st.booleans())
def test_a_path_passes_through_its_stops(seed, count, each, way, closed):
    stops = latents(list(range(seed, seed + count)), 8)
    legs = count if closed else count - 1
    frames = legs * each + (0 if closed else 1)
    if frames >= 2:
        walked = path(stops, frames, way, closed)
        assert walked.shape == (frames, 8)
        assert near(walked[::each][:count], stops)


@given(seeds, st.integers(2, 5), st.integers(2, 60))
def test_a_closed_path_comes_back(seed, count, frames):
    stops = latents(list(range(seed, seed + count)), 8)
    again = path(torch.cat([stops, stops[:1]]), frames + 1)
    assert near(path(stops, frames, closed=True), again[:-1], 1e-3)


def test_a_path_needs_somewhere_to_go():
    with pytest.raises(ValueError, match="two stops"):
        path(torch.zeros(1, 4), 8)


@given(seeds, st.integers(2, 60), st.integers(1, 4), st.integers(2, 40))
def test_a_loop_is_seamless(seed, dim, harmonics, frames):
    way = loop(frames, dim, seed, harmonics)
    assert way.shape == (frames, dim)
    assert near(way[0], latents([seed], dim)[0], 1e-3)  # it begins with the face of the seed
    lengths = vector_norm(way, dim=1)
    assert near(lengths, lengths[0].expand(frames), 1e-3)
    # The step from the last frame to the first is as long as all others.
    steps = vector_norm(way - way.roll(1, dims=0), dim=1)
    assert near(steps, steps[0].expand(frames), 1e-3)


def test_any_frame_of_a_loop_is_standard_normal():
    moment = torch.stack([loop(5, 3, seed)[2] for seed in range(3000)])
    # Standard errors are 0.018 for means, 0.026 for variances and 0.018 for covariances.
    assert near(moment.mean(0), torch.zeros(3), 0.08)
    assert near(moment.T.cov(), torch.eye(3), 0.1)
    # The radius of three normal entries has the mean 2 sqrt(2 / pi).
    assert float(vector_norm(moment, dim=1).mean()) == pytest.approx(1.596, abs=0.05)


def test_more_harmonics_go_further():
    lengths = [
        float(vector_norm(loop(400, 64, 1, harmonics).diff(dim=0), dim=1).sum())
        for harmonics in (1, 2, 3)
    ]
    assert lengths == sorted(lengths)


def test_there_is_no_loop_in_one_dimension():
    with pytest.raises(ValueError, match="two entries"):
        loop(8, 1)


@given(seeds, st.integers(1, 5))
def test_arithmetic_of_means(seed, count):
    a, b, c = latents([seed, seed + 1, seed + 2], 6)
    group = a.expand(count, 6)
    assert near(arithmetic([group, c[None]], [b[None]]), a - b + c)
    assert near(arithmetic([torch.stack([a, b])]), (a + b) / 2)
    assert near(arithmetic([group], [group]), torch.zeros(6))


def test_three_means_of_three_are_as_long_as_one_latent():
    draws = latents(list(range(9000)), 16).reshape(1000, 3, 3, 16)
    lengths = [float(vector_norm(arithmetic([a, c], [b]))) for a, b, c in draws]
    assert sum(lengths) / len(lengths) == pytest.approx(4, abs=0.1)


@given(st.floats(-3, 3, width=32), st.floats(-3, 3, width=32))
def test_a_plane_is_spanned_by_its_axes(x, y):
    origin, right, down = latents([1, 2, 3], 5)
    grid = plane(origin, right, down, torch.tensor([0.0, x, 1.0]), torch.tensor([0.0, y]))
    assert grid.shape == (2, 3, 5)
    assert near(grid[0, 0], origin)
    assert near(grid[1, 1], origin + x * right + y * down)
    assert near(grid[0, 2] - grid[0, 0], right)


def test_truncation_pulls_towards_the_mean():
    assert torch.equal(truncate(torch.ones(2, 3), 0.5), torch.full((2, 3), 0.5))


def test_across_goes_from_end_to_end_and_around_comes_back():
    origins, axes = latents([1, 2], 5), torch.eye(5)[:2]
    line = across(origins, axes[0], frames=5, reach=3.0)
    assert line.shape == (5, 2, 5)
    torch.testing.assert_close(line[0], origins - 3 * axes[0])
    torch.testing.assert_close(line[-1], origins + 3 * axes[0])
    circle = around(origins, axes, frames=4, reach=3.0) - origins
    expected = 3 * torch.stack([axes[1], axes[0], -axes[1], -axes[0]])
    torch.testing.assert_close(circle[:, 0], expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(circle.norm(dim=-1), torch.full((4, 2), 3.0))
    swing = around(origins, axes[:1], frames=4, reach=3.0) - origins
    torch.testing.assert_close(swing[1, 1], 3 * axes[0])
    torch.testing.assert_close(swing[0, 1], torch.zeros(5))
