"""Words for colours, as a person would say them, from OKLCH: lightness 0 to 1, chroma, hue in
degrees.

The borders were set by eye: on sheets of avatars in every colour, and on measured faces.
"""

from typing import Literal, get_args

HairColour = Literal[
    "black", "grey", "white", "brown", "blond", "red", "orange", "pink", "purple", "blue", "aqua",
    "green",
]  # fmt: skip
Hue = Literal["red", "orange", "yellow", "green", "aqua", "blue", "purple", "pink"]

HAIR_COLOURS: tuple[HairColour, ...] = get_args(HairColour)
HUES: tuple[Hue, ...] = get_args(Hue)

HUE_ENDS: tuple[tuple[float, Hue], ...] = (
    (12.0, "pink"),
    (42.0, "red"),
    (78.0, "orange"),
    (116.0, "yellow"),
    (166.0, "green"),
    (222.0, "aqua"),
    (280.0, "blue"),
    (322.0, "purple"),
    (360.0, "pink"),
)
"""Where each hue ends, in degrees."""

GREYISH, WARM_GREYISH = 0.045, 0.036
"""Hair of less chroma is black, grey or white. A little chroma is brown or blond already."""


def hue_word(hue: float, pastel: bool = False) -> Hue:
    """The word for a colourful thing of this hue, 0 to 360. A pastel red is pink."""
    word: Hue = next((word for end, word in HUE_ENDS if hue < end), "pink")
    return "pink" if pastel and word == "red" else word


def hair_word(lightness: float, chroma: float, hue: float) -> HairColour:
    """The word for hair of this colour."""
    if chroma < (WARM_GREYISH if 30 <= hue < 110 else GREYISH):
        return "black" if lightness < 0.52 else "grey" if lightness < 0.80 else "white"
    if hue < 40 or hue >= 325:
        return _reddish(lightness, chroma, hue)
    if hue < 118:
        return _yellowish(lightness, chroma, hue)
    if 165 <= hue < 222 and lightness >= 0.62:
        return "aqua"
    if hue < 200:
        return "green"
    return "blue" if hue < 282 else "purple"


def _reddish(lightness: float, chroma: float, hue: float) -> HairColour:
    pale = chroma < 0.08 or 12 <= hue < 40
    if lightness >= (0.68 if pale else 0.58):
        return "pink"
    if 325 <= hue < 345:
        return "purple"
    return "brown" if chroma < 0.08 else "red"


def _yellowish(lightness: float, chroma: float, hue: float) -> HairColour:
    if hue >= 66:
        return "blond" if lightness >= 0.68 else "brown"
    if chroma >= 0.10 and lightness >= 0.58:
        return "orange"
    if lightness < 0.80:
        return "brown"
    return "pink" if hue < 50 else "blond"
