"""Schedules: values at the ends and in the middle, and what every schedule promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaogan.schedules import Constant, Cosine, schedules


def test_a_constant_stays():
    assert [Constant()(seen) for seen in (0, 1, 10**9)] == [1.0] * 3


def test_a_cosine_falls_along_half_a_cosine_and_then_stays():
    fall = Cosine(images=100, end=0.2)
    assert fall(0) == 1.0
    assert fall(50) == pytest.approx(0.6)
    assert fall(100) == fall(10**9) == pytest.approx(0.2)
    factors = [fall(seen) for seen in range(101)]
    assert factors == sorted(factors, reverse=True)


@pytest.mark.parametrize("name", schedules)
@given(seen=st.integers(0, 10**12))
def test_every_schedule_is_a_factor_from_0_to_1(name, seen):
    options = {"images": 1000} if "images" in schedules[name].model_fields else {}
    assert 0 <= schedules[name].model_validate({"name": name, **options})(seen) <= 1
