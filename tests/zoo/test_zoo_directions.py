"""The directions that come with kaogan do what they say, measured again on other faces."""

import math

import pytest
import torch

from kaogan import zoo
from kaogan.latent.directions import Direction, Directions
from kaogan.latent.properties import measure_properties, oklab, properties
from kaogan.rng import latents

FACES = 192
"""With 48, luck moves a shift by 40%."""
PARTS = [name for name in properties if not properties[name].whole]


def read(name: str) -> Directions:
    return Directions.read(zoo.FOLDER / name / "directions.json")


def draw(name: str, z: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return zoo.pretrained(name).generator(z)


def shifts(name: str, direction: Direction) -> dict[str, float]:
    """By how many standard deviations over faces each property rises from step -1.5 to 1.5."""
    z = latents(list(range(FACES)), zoo.pretrained(name).latent_dim)
    low, middle, high = (
        measure_properties(draw(name, z + step * direction.vector)) for step in (-1.5, 0.0, 1.5)
    )
    rise = (high - low).mean(0) / middle.std(0)
    return dict(zip(properties, rise.tolist(), strict=True))


@pytest.mark.parametrize("name", zoo.names())
def test_they_belong_to_the_generator(name):
    found = read(name)
    found.check(zoo.pretrained(name).generator)
    kinds = [direction.kind for direction in found.directions]
    assert kinds.count("named") >= 5
    assert (kinds.count("sefa"), kinds.count("pca")) == (6, 6)
    for direction in found.directions:
        assert float(direction.vector.norm()) == pytest.approx(1, abs=1e-3)


def test_steering_the_hue_of_the_hair_moves_it_and_leaves_the_other_parts_alone():
    """Of the drawn avatars, by numbers: from blue to yellow hair."""
    found = read("avatars-64")
    assert found.orthogonal
    rises = shifts("avatars-64", found["hair-yellowness"])
    offered = [direction.name for direction in found.directions]
    others = {name: abs(rises[name]) for name in PARTS if name in offered}
    own = others.pop("hair-yellowness")
    assert own > 1.5  # standard deviations, over three steps
    assert max(others.values()) < own / 5, others


def test_the_colour_of_the_hair_goes_from_blue_to_yellow():
    """Not by the property's own word, but by the hue angle of the hair that is drawn."""
    direction = read("avatars-64")["hair-yellowness"]
    z = latents(list(range(FACES)), zoo.pretrained("avatars-64").latent_dim)
    share_of_yellow = []
    for step in (-3.0, 3.0):
        hair = oklab(draw("avatars-64", z + step * direction.vector))[:, 1:, 6:20, 18:46]
        mean = hair.mean((2, 3))
        degrees = torch.atan2(mean[:, 1], mean[:, 0]) * 180 / math.pi
        share_of_yellow.append(float(((degrees > 0) & (degrees < 180)).float().mean()))
    assert share_of_yellow[0] < 0.25
    assert share_of_yellow[1] > 0.9


@pytest.mark.parametrize("name", zoo.names())
def test_every_named_direction_does_what_its_name_says(name):
    for direction in read(name).directions:
        if direction.kind == "named":
            rise = shifts(name, direction)[direction.name]
            assert rise == pytest.approx(3 * direction.per_unit, rel=0.4), direction.name
