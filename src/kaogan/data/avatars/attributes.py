"""An avatar: a flat record of independent attributes, and how it is drawn at random.

The attributes are the ground truth of the data set: they alone decide what a picture shows. So the
pictures of two records that differ in one field differ in that one thing.
"""

from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, get_args, get_origin

import numpy as np

HairFront = Literal["blunt", "swept", "parted", "spiky", "centre_lock", "curtain", "choppy"]
HairBack = Literal["short", "bob", "long", "wavy", "twin_tails", "ponytail", "buns", "braids"]
SideLocks = Literal["none", "short", "long"]
EyeShape = Literal["round", "almond", "upturned", "droopy"]
EyeState = Literal["open", "soft", "happy", "wink"]
Mouth = Literal["smile", "open_smile", "flat", "small_o", "cat", "pout", "grin"]
SkinTone = Literal["porcelain", "fair", "peach", "honey", "tan", "brown"]
Accessory = Literal[
    "none", "ribbon", "hairband", "clip", "flower", "glasses", "cat_ears", "headphones"
]
Outfit = Literal["sailor", "shirt", "hoodie", "turtleneck"]
Background = Literal["plain", "gradient", "halves", "stripes", "dots", "disc", "rays", "stars"]
Side = Literal["left", "right"]

# Numbers are annotated with their range.
Hue = Annotated[float, (0.0, 360.0)]  # degrees on the OKLCH circle
Share = Annotated[float, (0.0, 1.0)]
Signed = Annotated[float, (-1.0, 1.0)]


@dataclass(frozen=True)
class Avatar:
    """One face. Left and right are the viewer's."""

    hair_front: HairFront
    hair_back: HairBack
    side_locks: SideLocks
    parting: Side  # the side on which an asymmetric hairdo parts
    ahoge: bool  # the single strand that stands up
    hair_hue: Hue
    hair_lightness: Share
    hair_saturation: Share
    eye_shape: EyeShape
    eye_state: EyeState
    eye_hue: Hue
    gaze: Signed  # left to right
    brow_angle: Signed  # worried to determined
    mouth: Mouth
    blush: Share
    skin_tone: SkinTone
    accessory: Accessory
    accessory_hue: Hue
    outfit: Outfit
    outfit_hue: Hue
    background: Background
    background_hue: Hue
    light: Side  # the side from which the light comes
    turn: Signed  # the head turned left to right
    tilt: Annotated[float, (-7.0, 7.0)]  # degrees, clockwise
    scale: Annotated[float, (0.94, 1.06)]
    shift_x: Annotated[float, (-3.0, 3.0)]  # percent of the picture's side
    shift_y: Annotated[float, (-2.0, 2.0)]  # percent of the picture's side

    @property
    def to_light(self) -> float:
        """The direction of the light along x: -1 is left, 1 is right."""
        return -1.0 if self.light == "left" else 1.0


RANGES: dict[str, tuple[float, float]] = {
    field.name: get_args(field.type)[1]
    for field in fields(Avatar)
    if get_origin(field.type) is Annotated
}

# Probabilities of the categories, in the order in which the Literal names them.
PROBABILITIES: dict[str, tuple[float, ...]] = {
    "hair_front": (0.16, 0.18, 0.13, 0.16, 0.14, 0.11, 0.12),
    "hair_back": (0.15, 0.17, 0.17, 0.12, 0.12, 0.09, 0.09, 0.09),
    "side_locks": (0.25, 0.40, 0.35),
    "parting": (0.5, 0.5),
    "eye_shape": (0.34, 0.26, 0.22, 0.18),
    "eye_state": (0.74, 0.12, 0.08, 0.06),
    "mouth": (0.27, 0.22, 0.09, 0.12, 0.12, 0.06, 0.12),
    "skin_tone": (0.18, 0.28, 0.22, 0.14, 0.10, 0.08),
    "accessory": (0.40, 0.11, 0.08, 0.09, 0.08, 0.09, 0.08, 0.07),
    "outfit": (0.34, 0.24, 0.24, 0.18),
    "background": (0.20, 0.22, 0.10, 0.09, 0.11, 0.11, 0.08, 0.09),
    "light": (0.5, 0.5),
}

# Hair has every hue, but greens (OKLCH 100 to 170) and teals (to 215) are rarer: the arguments and
# the values of a piecewise linear quantile function.
HAIR_HUE_QUANTILES = ((0.0, 0.40, 0.46, 0.55, 1.0), (0.0, 100.0, 170.0, 215.0, 360.0))

AHOGE_PROBABILITY = 0.3


def categories(field: str) -> tuple[str, ...]:
    """The values that a categorical attribute can take, e.g. `categories("mouth")`."""
    return get_args(Avatar.__annotations__[field])


def sample_avatar(seed: int, index: int) -> Avatar:
    """Draw avatar number `index` of the stream `seed`, every attribute independently.

    The result depends only on these two integers of at least 0.
    """
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index])))
    values: dict[str, Any] = {  # one random number for each field, in the order of the fields
        field.name: _quantile(field.name, float(random.random())) for field in fields(Avatar)
    }
    return Avatar(**values)


def _quantile(name: str, u: float) -> str | bool | float:
    """The quantile function of an attribute: from a uniform number in [0, 1) to a value."""
    if name == "ahoge":
        return u < AHOGE_PROBABILITY
    if name in PROBABILITIES:
        edges = np.cumsum(PROBABILITIES[name])
        names = categories(name)
        return names[min(int(np.searchsorted(edges, u, side="right")), len(names) - 1)]
    if name == "hair_hue":
        u = float(np.interp(u, *HAIR_HUE_QUANTILES)) / 360.0
    low, high = RANGES[name]
    return round(low + (high - low) * u, 4)
