"""Properties of a picture of a face, measured without a network and without labels.

A property is a number, a pure function of a picture's colours and of their places. Faces in these
data sets are cropped alike: hair above, the face in the middle, the background at the sides.

Hue is an angle, and an angle has no low and no high end. So no direction in a latent space can be
"more hue". Its two components are measured instead, as in the opponent colours of the eye (Hering):
from green to red, a = C cos(hue), and from blue to yellow, b = C sin(hue), in OKLab. They are
numbers without a jump, like lightness, and steering both reaches every hue.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

Lab = Float[Tensor, "N 3 H W"]
Measure = Callable[[Tensor], Tensor]
Box = tuple[float, float, float, float]
"""Top, bottom, left and right, as shares of height and width."""

HAIR: Box = (0.08, 0.34, 0.25, 0.75)
SIDES: tuple[Box, Box] = ((0.0, 1.0, 0.0, 0.06), (0.0, 1.0, 0.94, 1.0))
HALVES: tuple[Box, Box] = ((0.0, 1.0, 0.0, 0.5), (0.0, 1.0, 0.5, 1.0))
FACE_LEFT: Box = (0.60, 0.85, 0.15, 0.5)
FACE_RIGHT: Box = (0.60, 0.85, 0.5, 0.85)

WARM = (0.57, 0.82)
"""Cosine and sine of 55 degrees, the hue of orange (skin, firelight) in the plane of a and b."""

LINEAR_TO_LMS = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
LMS_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def oklab(pictures: Float[Tensor, "N C H W"]) -> Lab:
    """Pictures in [-1, 1] (sRGB, or grey) as lightness L, 0 to 1, green-red a and blue-yellow b.

    OKLab of Björn Ottosson, "A perceptual color space for image processing" (2020): equal distances
    look equally large.
    """
    srgb = (pictures.clamp(-1, 1).expand(-1, 3, -1, -1) + 1) / 2
    linear = torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    lms = torch.einsum("ij,njhw->nihw", pictures.new_tensor(LINEAR_TO_LMS), linear)
    roots = lms.clamp(min=0) ** (1 / 3)
    lab: Tensor = torch.einsum("ij,njhw->nihw", pictures.new_tensor(LMS_TO_LAB), roots)
    return lab


@dataclass(frozen=True)
class Property:
    """A measured property."""

    low: str
    high: str
    """What a picture looks like where the property is low, or high."""
    measure: Measure
    """`N 3 H W` in OKLab to `N`."""
    whole: bool = False
    """Is it about the whole picture? Then it cannot change while all parts stay as they are."""


def measure_properties(pictures: Float[Tensor, "N C H W"]) -> Float[Tensor, "N P"]:
    """All properties of pictures in [-1, 1], in the order of `properties`."""
    lab = oklab(pictures)
    return torch.stack([each.measure(lab) for each in properties.values()], dim=1)


def _mean(plane: Float[Tensor, "N H W"], box: Box) -> Float[Tensor, "N"]:
    _, height, width = plane.shape
    top, bottom, left, right = box
    rows = slice(int(top * height), int(bottom * height))
    return plane[:, rows, int(left * width) : int(right * width)].mean((1, 2))


def _chroma(lab: Lab) -> Float[Tensor, "N H W"]:
    return lab[:, 1:].square().sum(1).sqrt()


def _face_size(lab: Lab) -> Float[Tensor, "N"]:
    """The share of the picture that looks like skin: light, and with little colour."""
    skin = torch.sigmoid((lab[:, 0] - 0.78) * 30) * torch.sigmoid((0.10 - _chroma(lab)) * 60)
    return _mean(skin, (0.35, 0.9, 0.15, 0.85))


def _contrast(lab: Lab) -> Float[Tensor, "N"]:
    """The standard deviation of the lightness over the picture."""
    return lab[:, 0].std((1, 2))


def _asymmetry(lab: Lab) -> Float[Tensor, "N"]:
    """The mean difference in lightness from the mirrored picture, as a share of the contrast.

    Without that division it would only say how strong the contrast is.
    """
    difference = (lab[:, 0] - lab[:, 0].flip(2)).abs().mean((1, 2))
    return difference / _contrast(lab).clamp(min=1e-3)


properties: dict[str, Property] = {
    # The upper middle is hair in nearly all faces. Redness and yellowness are the cosine and the
    # sine of its hue, times the chroma.
    "hair-lightness": Property("dark hair", "light hair", lambda lab: _mean(lab[:, 0], HAIR)),
    "hair-redness": Property("green hair", "red hair", lambda lab: _mean(lab[:, 1], HAIR)),
    "hair-yellowness": Property("blue hair", "yellow hair", lambda lab: _mean(lab[:, 2], HAIR)),
    # The strips at both sides; long hair counts as background there.
    "background-lightness": Property(
        "dark background",
        "light background",
        lambda lab: (_mean(lab[:, 0], SIDES[0]) + _mean(lab[:, 0], SIDES[1])) / 2,
    ),
    "side-light": Property(
        "lighter on the left",
        "lighter on the right",
        lambda lab: _mean(lab[:, 0], HALVES[1]) - _mean(lab[:, 0], HALVES[0]),
    ),
    # The side with more of the face's light skin beside the hair, without the eyes.
    "face-turn": Property(
        "face turned left",
        "face turned right",
        lambda lab: _mean(lab[:, 0], FACE_RIGHT) - _mean(lab[:, 0], FACE_LEFT),
    ),
    "face-size": Property("small face", "large face", _face_size),
    "hair-saturation": Property(
        "grey hair", "colourful hair", lambda lab: _mean(_chroma(lab), HAIR)
    ),
    "asymmetry": Property("even", "uneven", _asymmetry, whole=True),
    "lightness": Property("dark", "light", lambda lab: lab[:, 0].mean((1, 2)), whole=True),
    "contrast": Property("soft contrast", "strong contrast", _contrast, whole=True),
    "saturation": Property(
        "pale colours", "vivid colours", lambda lab: _chroma(lab).mean((1, 2)), whole=True
    ),
    "warmth": Property(
        "cool",
        "warm",
        lambda lab: WARM[0] * lab[:, 1].mean((1, 2)) + WARM[1] * lab[:, 2].mean((1, 2)),
        whole=True,
    ),
}
"""All properties, by name: first those of parts of the picture, then those of the whole."""
