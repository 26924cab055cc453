"""Each property says what its name says: on plain pictures, and on avatars, whose attributes are
known.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from kaogan.data.avatars import draw, sample_avatar
from kaogan.data.avatars.attributes import Avatar
from kaogan.images import to_model
from kaogan.latent.properties import measure_properties, oklab, properties

PEOPLE = [
    replace(sample_avatar(1, index), accessory="none", eye_state="open") for index in range(24)
]


def of(pictures: torch.Tensor, name: str) -> torch.Tensor:
    return measure_properties(pictures)[:, list(properties).index(name)]


def of_avatars(avatars: list[Avatar], name: str) -> torch.Tensor:
    pixels = torch.from_numpy(np.stack([draw(avatar, 64) for avatar in avatars]))
    return of(to_model(pixels), name)


def plain(red: float, green: float, blue: float, size: int = 32) -> torch.Tensor:
    """One picture of one colour; components from 0 to 1."""
    colour = torch.tensor([red, green, blue], dtype=torch.float32) * 2 - 1
    return colour[None, :, None, None].expand(1, 3, size, size).clone()


@pytest.mark.parametrize(
    ("colour", "lab"),
    [
        # Björn Ottosson's conversion of the corners of sRGB, as CSS Color 4 prints them.
        ((1, 1, 1), (1.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((1, 0, 0), (0.62796, 0.22486, 0.12585)),
        ((0, 1, 0), (0.86644, -0.23389, 0.17950)),
        ((0, 0, 1), (0.45201, -0.03246, -0.31153)),
    ],
)
def test_oklab(colour, lab):
    measured = oklab(plain(*colour))[0, :, 0, 0]
    torch.testing.assert_close(measured, torch.tensor(lab), atol=2e-4, rtol=0)


def test_grey_pictures_have_no_colour():
    grey = torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    for name in ("saturation", "warmth", "hair-redness", "hair-yellowness", "hair-saturation"):
        assert of(grey, name).abs().max() < 1e-4
    assert of(grey, "lightness").min() > 0.2


def test_colours_of_plain_pictures():
    orange, blue, grey = plain(1, 0.6, 0.2), plain(0.2, 0.4, 1), plain(0.5, 0.5, 0.5)
    assert of(orange, "warmth") > of(grey, "warmth") > of(blue, "warmth")
    assert of(orange, "saturation") > of(grey, "saturation")
    assert of(plain(1, 0, 0), "hair-redness") > 0.1 > -0.1 > of(plain(0, 1, 0), "hair-redness")
    assert of(plain(1, 1, 0), "hair-yellowness") > of(plain(0, 0, 1), "hair-yellowness")


def test_light_and_its_sides():
    picture = plain(0.3, 0.3, 0.3)
    assert of(picture, "contrast") < 1e-4
    assert abs(float(of(picture, "side-light"))) < 1e-4
    picture[..., 16:] = 0.8
    assert of(picture, "contrast") > 0.1
    assert of(picture, "side-light") > 0.1
    assert of(picture, "face-turn") > 0.1
    assert of(picture, "asymmetry") > 0.5
    for name in ("side-light", "face-turn"):
        torch.testing.assert_close(of(picture.flip(3), name), -of(picture, name))
    torch.testing.assert_close(of(picture.flip(3), "asymmetry"), of(picture, "asymmetry"))


def test_hair_and_background_are_where_they_should_be():
    hair, sides = plain(0.5, 0.5, 0.5), plain(0.5, 0.5, 0.5)
    hair[:, :, 3:10, 9:23] = 1.0
    sides[:, :, :, [0, -1]] = 1.0
    assert of(hair, "hair-lightness") > of(sides, "hair-lightness")
    assert of(sides, "background-lightness") > of(hair, "background-lightness")


def test_hue_of_avatars_hair_is_found_by_its_two_components():
    """Round the circle of hues, the components are its cosine and its sine."""
    hues = torch.arange(0, 360, 30)
    for person in PEOPLE[:4]:
        colourful = replace(person, hair_saturation=1.0, hair_lightness=0.6)
        turned = [replace(colourful, hair_hue=float(hue)) for hue in hues]
        for name, wave in (("hair-redness", torch.cos), ("hair-yellowness", torch.sin)):
            expected = wave(hues * math.pi / 180)
            both = torch.stack([of_avatars(turned, name), expected])
            assert torch.corrcoef(both)[0, 1] > 0.9


@pytest.mark.parametrize(
    ("attribute", "low", "high", "name"),
    [
        ("hair_lightness", 0.1, 0.9, "hair-lightness"),
        ("hair_saturation", 0.1, 0.9, "hair-saturation"),
        ("hair_lightness", 0.1, 0.9, "lightness"),
    ],
)
def test_attributes_of_avatars_are_found(attribute, low, high, name):
    before = of_avatars([replace(each, **{attribute: low}) for each in PEOPLE], name)
    after = of_avatars([replace(each, **{attribute: high}) for each in PEOPLE], name)
    assert (after > before).float().mean() > 0.9


def test_turned_avatars_are_noticed():
    left = of_avatars([replace(each, turn=-1.0) for each in PEOPLE], "face-turn")
    right = of_avatars([replace(each, turn=1.0) for each in PEOPLE], "face-turn")
    assert (right > left).float().mean() > 0.9


def test_what_is_not_hair_does_not_change_its_colour():
    clothed = [replace(each, outfit_hue=(each.outfit_hue + 180) % 360) for each in PEOPLE]
    for name in ("hair-lightness", "hair-redness", "hair-yellowness"):
        torch.testing.assert_close(of_avatars(clothed, name), of_avatars(PEOPLE, name))
