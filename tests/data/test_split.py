import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kaogan.data.split import choose_held_out


def digests(*names):
    parts = [hashlib.sha256(str(name).encode()).digest() for name in names]
    return np.frombuffer(b"".join(parts), np.uint8).reshape(-1, 32)


def held_out(names, limit=5000):
    mask = choose_held_out(digests(*names), limit)
    return {name for name, chosen in zip(names, mask, strict=True) if chosen}


def test_about_a_tenth():
    assert 900 < len(held_out(range(10_000))) < 1100


def test_at_most_the_limit():
    assert len(held_out(range(60_000))) == 5000


def test_small_sets_have_both_kinds():
    assert len(held_out([1])) == 0
    for n in range(2, 30):
        assert 1 <= len(held_out(range(n))) < n


@given(st.sets(st.integers(), min_size=1), st.sets(st.integers()), st.integers(1, 20))
def test_added_data_never_turns_training_pictures_into_held_out_ones(names, more, limit):
    names = {*names, *range(100)}  # not so small that one has to be chosen
    before = held_out(sorted(names), limit)
    after = held_out(sorted(names | more), limit)
    assert not (names - before) & after


@given(st.sets(st.integers()), st.sets(st.integers()))
def test_below_the_limit_nothing_moves_at_all(names, more):
    names = {*names, *range(100)}
    assert held_out(sorted(names)) == held_out(sorted(names | more)) & names


@given(st.permutations(range(60)))
def test_the_order_does_not_matter(names):
    assert held_out(names) == held_out(range(60))
