"""When callbacks look is a function of images seen, wherever a run was stopped."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from kaogan.training.callbacks.intervals import every, extra, growing, thinning

images = st.integers(0, 10**9)
intervals = st.lists(images, min_size=3, max_size=3).map(sorted)


@given(st.integers(1, 10**6), intervals)
def test_splitting_an_interval_changes_nothing_of_every(interval, points):
    start, middle, end = points
    split = every(interval, start, middle) or every(interval, middle, end)
    assert split == every(interval, start, end)


@given(intervals)
def test_splitting_an_interval_changes_nothing_of_growing(points):
    start, middle, end = points
    assert (growing(start, middle) or growing(middle, end)) == growing(start, end)


@given(st.integers(1, 10**6), st.none() | st.integers(1, 10**7), intervals)
def test_splitting_an_interval_changes_nothing_of_evaluations(interval, planned, points):
    start, middle, end = (point % 10**7 for point in points)
    start, middle, end = sorted((start, middle, end))
    for due in (
        lambda before, after: extra(interval, planned, before, after),
        lambda before, after: thinning(interval, before, after),
    ):
        assert (due(start, middle) or due(middle, end)) == due(start, end)


@given(st.integers(1, 10**4), st.integers(0, 10**6))
def test_every_fires_at_multiples(interval, count):
    assert every(interval, count * interval, (count + 1) * interval)
    assert not every(interval, count * interval, (count + 1) * interval - 1)


@given(images)
def test_standing_still_passes_nothing(here):
    assert not every(1, here, here)
    assert not growing(here, here)


def test_growing_starts_at_first_and_then_grows():
    fired = [n for n in range(1, 20_000) if growing(n - 1, n)]
    assert fired[0] == 500
    ratios = [later / earlier for earlier, later in itertools.pairwise(fired)]
    assert all(abs(ratio / 1.08 - 1) < 1e-2 for ratio in ratios)


def test_a_run_of_any_length_gets_a_hundred_or_so():
    assert sum(growing(n, n + 64) for n in range(0, 1_000_000, 64)) in range(80, 130)
