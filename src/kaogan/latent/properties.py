"""What can be measured in a picture of a face without a network and without labels.

A property is a number, a pure function of a picture's colours and of where they are. Faces in these
data sets are cropped alike: hair above, the face in the middle, the background at the sides.

Hue is an angle, and an angle has no low and no high end: no direction in a latent space can be
"more hue". What is measured instead are its two components, as the eye itself compares colours
(Hering's opponents): from green to red, a = C cos(hue), and from blue to yellow, b = C sin(hue),
in OKLab. They are numbers as good as lightness, they have no seam, and steering both reaches every
hue. A property's words say what its two ends look like.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from kaogan.registry import Registry

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
"""Toward orange, 55 degrees on the circle of a and b, where skin and firelight are."""

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

    OKLab of Björn Ottosson, "A perceptual color space for image processing" (2020): equal steps in
    it look equally large.
    """
    srgb = (pictures.clamp(-1, 1).expand(-1, 3, -1, -1) + 1) / 2
    linear = torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    lms = torch.einsum("ij,njhw->nihw", pictures.new_tensor(LINEAR_TO_LMS), linear)
    lab: Tensor = torch.einsum(
        "ij,njhw->nihw", pictures.new_tensor(LMS_TO_LAB), lms.clamp(min=0) ** (1 / 3)
    )
    return lab


@dataclass(frozen=True)
class Property:
    """A measure, and what a picture looks like where it is low, and where it is high.

    Args:
        low, high: words for the two ends.
        measure: `N 3 H W` in OKLab to `N`.
        whole: is it about the whole picture? Such a property is made of its parts, and cannot be
            changed while they all stay as they are.

    """

    low: str
    high: str
    measure: Measure
    whole: bool


properties: Registry[Property] = Registry("property")


def measured(low: str, high: str, whole: bool = False) -> Callable[[Measure], Measure]:
    """Register a measure under its function's name; the words are for its two ends."""

    def enter(measure: Measure) -> Measure:
        name = measure.__name__.replace("_", "-")
        properties.register(name)(Property(low, high, measure, whole))
        return measure

    return enter


def measure_properties(pictures: Float[Tensor, "N C H W"]) -> Float[Tensor, "N P"]:
    """All properties of pictures in [-1, 1], in the order of the registry."""
    lab = oklab(pictures)
    return torch.stack([properties[name].measure(lab) for name in properties], dim=1)


def _within(plane: Float[Tensor, "N H W"], box: Box) -> Float[Tensor, "N h w"]:
    _, height, width = plane.shape
    top, bottom, left, right = box
    rows = slice(int(top * height), int(bottom * height))
    return plane[:, rows, int(left * width) : int(right * width)]


def _mean(plane: Float[Tensor, "N H W"], box: Box) -> Float[Tensor, "N"]:
    return _within(plane, box).mean((1, 2))


def _chroma(lab: Lab) -> Float[Tensor, "N H W"]:
    return lab[:, 1:].square().sum(1).sqrt()


# Parts of the picture


@measured("dark hair", "light hair")
def hair_lightness(lab: Lab) -> Float[Tensor, "N"]:
    """Mean lightness of the upper middle, which is hair in nearly all faces."""
    return _mean(lab[:, 0], HAIR)


@measured("green hair", "red hair")
def hair_redness(lab: Lab) -> Float[Tensor, "N"]:
    """The cosine part of the hair's hue."""
    return _mean(lab[:, 1], HAIR)


@measured("blue hair", "yellow hair")
def hair_yellowness(lab: Lab) -> Float[Tensor, "N"]:
    """The sine part of the hair's hue."""
    return _mean(lab[:, 2], HAIR)


@measured("dark background", "light background")
def background_lightness(lab: Lab) -> Float[Tensor, "N"]:
    """Mean lightness of the strips at both sides; long hair counts as background there."""
    return (_mean(lab[:, 0], SIDES[0]) + _mean(lab[:, 0], SIDES[1])) / 2


@measured("lighter on the left", "lighter on the right")
def side_light(lab: Lab) -> Float[Tensor, "N"]:
    """Left-right asymmetry with a sign: the right half's mean lightness less the left half's."""
    return _mean(lab[:, 0], HALVES[1]) - _mean(lab[:, 0], HALVES[0])


@measured("face turned left", "face turned right")
def face_turn(lab: Lab) -> Float[Tensor, "N"]:
    """Which way there is more of the face's light skin beside the hair, eyes left out."""
    return _mean(lab[:, 0], FACE_RIGHT) - _mean(lab[:, 0], FACE_LEFT)


@measured("small face", "large face")
def face_size(lab: Lab) -> Float[Tensor, "N"]:
    """The share of the picture that looks like skin: light, and with little colour."""
    skin = torch.sigmoid((lab[:, 0] - 0.78) * 30) * torch.sigmoid((0.10 - _chroma(lab)) * 60)
    return _within(skin, (0.35, 0.9, 0.15, 0.85)).mean((1, 2))


@measured("grey hair", "colourful hair")
def hair_saturation(lab: Lab) -> Float[Tensor, "N"]:
    """Mean chroma of the upper middle, whatever the hue."""
    return _mean(_chroma(lab), HAIR)


# The whole picture


@measured("even", "uneven", whole=True)
def asymmetry(lab: Lab) -> Float[Tensor, "N"]:
    """How unlike its mirror image a picture is, whichever side is the lighter one.

    The mean difference in lightness, as a share of the contrast: without that, it would only say
    how strong the contrast is.
    """
    difference = (lab[:, 0] - lab[:, 0].flip(2)).abs().mean((1, 2))
    return difference / contrast(lab).clamp(min=1e-3)


@measured("dark", "light", whole=True)
def lightness(lab: Lab) -> Float[Tensor, "N"]:
    """Mean lightness."""
    return lab[:, 0].mean((1, 2))


@measured("soft contrast", "strong contrast", whole=True)
def contrast(lab: Lab) -> Float[Tensor, "N"]:
    """Standard deviation of the lightness over the picture."""
    return lab[:, 0].std((1, 2))


@measured("pale colours", "vivid colours", whole=True)
def saturation(lab: Lab) -> Float[Tensor, "N"]:
    """Mean chroma, the distance from grey."""
    return _chroma(lab).mean((1, 2))


@measured("cool", "warm", whole=True)
def warmth(lab: Lab) -> Float[Tensor, "N"]:
    """How orange the picture is, blue being the opposite."""
    return WARM[0] * lab[:, 1].mean((1, 2)) + WARM[1] * lab[:, 2].mean((1, 2))
