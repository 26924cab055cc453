"""Colours, chosen in OKLCH, in which equal steps look equal for all hues.

OKLCH is the polar form of Ottosson's OKLab (2020): lightness 0 to 1, chroma 0 to about 0.32,
hue in degrees.
"""

import functools
import math
from dataclasses import dataclass

from kaogan.data.avatars.attributes import Avatar, SkinTone

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)

# Lightness, chroma, hue of lit skin.
_SKINS: dict[SkinTone, tuple[float, float, float]] = {
    "porcelain": (0.957, 0.018, 55.0),
    "fair": (0.938, 0.030, 62.0),
    "peach": (0.905, 0.045, 60.0),
    "honey": (0.850, 0.064, 66.0),
    "tan": (0.765, 0.075, 60.0),
    "brown": (0.640, 0.075, 54.0),
}


def _linear_rgb(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a = chroma * math.cos(math.radians(hue))
    b = chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _encode(linear: float) -> int:
    """The sRGB transfer curve, to a byte."""
    linear = min(max(linear, 0.0), 1.0)
    curve = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
    return round(255 * curve)


@functools.lru_cache(maxsize=1024)
def oklch(lightness: float, chroma: float, hue: float) -> Colour:
    """The sRGB colour of an OKLCH triple; chroma is lowered until the screen can show it."""
    lightness = min(max(lightness, 0.0), 1.0)
    for _ in range(16):
        rgb = _linear_rgb(lightness, chroma, hue)
        if all(-0.001 <= channel <= 1.001 for channel in rgb):
            break
        chroma *= 0.86
    red, green, blue = rgb
    return _encode(red), _encode(green), _encode(blue)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Mix `share` (0 to 1) of the second colour into the first."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


@dataclass(frozen=True)
class Tones:
    """A material under cel shading: its colours in light, shade and full light, and its outline."""

    base: Colour
    shade: Colour
    shine: Colour
    line: Colour


def clear(lightness: float, hue: float) -> float:
    """Lift the lightness of yellows and yellow-greens, which look muddy when they are dark."""
    yellow = math.exp(-(((hue - 105.0) / 26.0) ** 2))
    return lightness + 0.6 * yellow * max(0.93 - lightness, 0.0)


def cloth_tones(hue: float) -> Tones:
    """A strong colour for clothes and accessories."""
    base = clear(0.70, hue)
    return Tones(
        oklch(base, 0.15, hue),
        oklch(base - 0.12, 0.15, _lean(hue, 20.0, 0.1)),
        oklch(base + 0.15, 0.09, hue),
        oklch(0.57 * base, 0.11, _lean(hue, 20.0, 0.2)),
    )


def hair_colour(avatar: Avatar) -> tuple[float, float, float]:
    """Lightness, chroma and hue of lit hair."""
    lightness = clear(0.45 + 0.43 * avatar.hair_lightness, avatar.hair_hue)
    return lightness, 0.03 + 0.125 * avatar.hair_saturation, avatar.hair_hue


def hair_tones(avatar: Avatar) -> Tones:
    lightness, chroma, hue = hair_colour(avatar)
    # Shade leans towards violet and light towards yellow, as under a sky.
    return Tones(
        oklch(lightness, chroma, hue),
        oklch(lightness - 0.09, chroma * 1.08, _lean(hue, 295.0, 0.12)),
        oklch(lightness + 0.125, chroma * 0.75, _lean(hue, 85.0, 0.08)),
        oklch(0.56 * lightness + 0.02, min(0.02 + chroma, 0.10), _lean(hue, 310.0, 0.15)),
    )


def skin_tones(avatar: Avatar) -> Tones:
    lightness, chroma, hue = _SKINS[avatar.skin_tone]
    return Tones(
        oklch(lightness, chroma, hue),
        oklch(lightness - 0.085, chroma + 0.032, hue - 22.0),
        oklch(min(lightness + 0.03, 0.985), chroma * 0.6, hue),
        oklch(lightness * 0.57, 0.085, hue - 25.0),
    )


def _lean(hue: float, towards: float, share: float) -> float:
    """Move a hue along the shorter arc."""
    return hue + share * ((towards - hue + 180.0) % 360.0 - 180.0)
