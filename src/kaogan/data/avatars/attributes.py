"""What an avatar is: a flat record of independent attributes, and how one is drawn by lot.

The attributes are the ground truth of the data set: nothing about a picture is decided anywhere
else, so two records that differ in one field give two pictures that differ in that one thing.
"""

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

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


@dataclass(frozen=True)
class Avatar:
    """One face. Angles and hues are degrees (hues on the OKLCH circle), lengths are percent of
    the picture's side, everything else continuous lies in [0, 1] or, where a sign makes sense,
    in [-1, 1]. Left and right are the viewer's.
    """

    hair_front: HairFront
    hair_back: HairBack
    side_locks: SideLocks
    parting: Side  # which way an asymmetric hairdo falls
    ahoge: bool  # the single strand that stands up
    hair_hue: float  # [0, 360)
    hair_lightness: float  # [0, 1]
    hair_saturation: float  # [0, 1]
    eye_shape: EyeShape
    eye_state: EyeState
    eye_hue: float  # [0, 360)
    gaze: float  # [-1, 1], left to right
    brow_angle: float  # [-1, 1], worried to determined
    mouth: Mouth
    blush: float  # [0, 1]
    skin_tone: SkinTone
    accessory: Accessory
    accessory_hue: float  # [0, 360)
    outfit: Outfit
    outfit_hue: float  # [0, 360)
    background: Background
    background_hue: float  # [0, 360)
    light: Side  # where the light comes from
    turn: float  # [-1, 1], the head turned left to right
    tilt: float  # degrees, [-7, 7], clockwise
    scale: float  # [0.94, 1.06]
    shift_x: float  # percent of the side, [-3, 3]
    shift_y: float  # percent of the side, [-2, 2]


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

RANGES: dict[str, tuple[float, float]] = {
    "hair_hue": (0.0, 360.0),
    "hair_lightness": (0.0, 1.0),
    "hair_saturation": (0.0, 1.0),
    "eye_hue": (0.0, 360.0),
    "gaze": (-1.0, 1.0),
    "brow_angle": (-1.0, 1.0),
    "blush": (0.0, 1.0),
    "accessory_hue": (0.0, 360.0),
    "outfit_hue": (0.0, 360.0),
    "background_hue": (0.0, 360.0),
    "turn": (-1.0, 1.0),
    "tilt": (-7.0, 7.0),
    "scale": (0.94, 1.06),
    "shift_x": (-3.0, 3.0),
    "shift_y": (-2.0, 2.0),
}

# Hair of every hue exists here, but greens (OKLCH 100 to 170) and teals (to 215) are rarer: a
# piecewise linear quantile function, its arguments and its values.
HAIR_HUE_QUANTILES = ((0.0, 0.40, 0.46, 0.55, 1.0), (0.0, 100.0, 170.0, 215.0, 360.0))

AHOGE_PROBABILITY = 0.3


def categories(field: str) -> tuple[str, ...]:
    """The values that a categorical attribute can take, e.g. `categories("mouth")`."""
    (kind,) = (f.type for f in fields(Avatar) if f.name == field)
    return get_args(kind)


def sample_avatar(seed: int, index: int) -> Avatar:
    """Draw avatar number `index` of the stream `seed` by lot, every attribute independently.

    It depends on the two numbers alone, not on how many avatars are made or by whom.
    Both are integers of at least 0.
    """
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index])))
    values: dict[str, Any] = {}
    for field in fields(Avatar):  # the order of the fields is the order of the lots
        lot = float(random.random())
        values[field.name] = _from_lot(field.name, lot)
    return Avatar(**values)


def _from_lot(name: str, lot: float) -> str | bool | float:
    """Turn a uniform number in [0, 1) into a value of the attribute (its quantile function)."""
    if name == "ahoge":
        return lot < AHOGE_PROBABILITY
    if name in PROBABILITIES:
        edges = np.cumsum(PROBABILITIES[name])
        names = categories(name)
        return names[min(int(np.searchsorted(edges, lot, side="right")), len(names) - 1)]
    if name == "hair_hue":
        lot = float(np.interp(lot, *HAIR_HUE_QUANTILES)) / 360.0
    low, high = RANGES[name]
    return round(low + (high - low) * lot, 4)
