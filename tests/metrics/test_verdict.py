"""How good a generator is, in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaogan.metrics.verdict import GRADES, LOWEST, figures_in_words, grade, sentence, variety

FLOOR = {"fd": 13.63, "kid": -0.0003, "coverage": 0.958}


@pytest.mark.parametrize(
    ("fd", "kid", "coverage", "word"),
    [
        # From benchmarks/LOG.md and docs/results.md: 1,000 faces of 64 x 64.
        (16.1, 0.003, 0.925, "very good"),  # faces-64
        (21.2, 0.031, 0.78, "good"),  # the standard recipe after 100,000 images
        (44.2, 0.09, 0.315, "fair"),  # after 20,000
        (37.2, 0.26, 0.841, "fair"),  # real faces, blurred by 2 pixels
        (117.8, 1.057, 0.2, "weak"),  # a collapsed generator
        (224.0, 2.792, 0.012, LOWEST),  # the same after 20,000 images
    ],
)
def test_the_words_of_generators_that_were_looked_at(fd, kid, coverage, word):
    assert grade({"fd": fd, "kid": kid, "coverage": coverage}, FLOOR) == word


def test_sentences():
    fair = {"fd": 44.21, "kid": 0.08953, "coverage": 0.315}
    assert sentence(fair, FLOOR) == "fair, about 33% of the variety of real pictures"
    assert figures_in_words(fair, FLOOR) == (
        "FD 44.2 (real pictures 13.6), KID 0.090 (0.000), coverage 0.32 (0.96)"
    )
    assert figures_in_words(fair) == "FD 44.2, KID 0.090, coverage 0.32"
    blurred = {"kid": 0.2625, "coverage": 0.841}
    assert sentence(blurred, FLOOR) == (
        "fair, about 88% of the variety of real pictures, but they do not look like them (KID 0.26)"
    )
    nothing = {"kid": 6.0, "coverage": 0.0}
    assert sentence(nothing, FLOOR).endswith("hardly any of the variety of real pictures")


figures = st.fixed_dictionaries(
    {"fd": st.floats(0, 1e4), "kid": st.floats(-0.1, 100), "coverage": st.floats(0, 1)}
)


@given(figures, figures)
def test_what_is_better_in_both_figures_has_no_lower_word(one, other):
    order = [each.word for each in GRADES] + [LOWEST]
    better = {
        "kid": min(one["kid"], other["kid"]),
        "coverage": max(one["coverage"], other["coverage"]),
    }
    ranks = [order.index(grade(each, FLOOR)) for each in (better, one, other)]
    assert ranks[0] <= min(ranks[1:])
    assert 0 <= variety(one, FLOOR) <= 1
    assert variety(one, {}) == one["coverage"]
