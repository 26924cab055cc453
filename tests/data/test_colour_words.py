import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaogan.data.colour_words import HAIR_COLOURS, HUES, hair_word, hue_word


@given(st.floats(0, 1), st.floats(0, 0.4), st.floats(0, 360))
def test_every_colour_has_a_word(lightness, chroma, hue):
    assert hair_word(lightness, chroma, hue) in HAIR_COLOURS
    assert hue_word(hue) in HUES
    assert hue_word(hue, pastel=True) != "red"


@pytest.mark.parametrize(
    ("lightness", "chroma", "hue", "word"),
    [
        (0.20, 0.01, 0, "black"),
        (0.65, 0.01, 200, "grey"),
        (0.92, 0.01, 90, "white"),
        (0.45, 0.06, 60, "brown"),
        (0.85, 0.10, 95, "blond"),
        (0.50, 0.15, 28, "red"),
        (0.70, 0.15, 55, "orange"),
        (0.75, 0.12, 355, "pink"),
        (0.45, 0.12, 305, "purple"),
        (0.50, 0.12, 260, "blue"),
        (0.75, 0.10, 195, "aqua"),
        (0.60, 0.12, 142, "green"),
    ],
)
def test_plain_colours_of_hair(lightness, chroma, hue, word):
    assert hair_word(lightness, chroma, hue) == word


# The hues of sRGB's primary and secondary colours in OKLCH.
@pytest.mark.parametrize(
    ("hue", "word"),
    [
        (29.2, "red"), (70.7, "orange"), (109.8, "yellow"), (142.5, "green"), (194.8, "aqua"),
        (264.1, "blue"), (303.4, "purple"), (354.0, "pink"),
    ],
)  # fmt: skip
def test_plain_hues(hue, word):
    assert hue_word(hue) == word
