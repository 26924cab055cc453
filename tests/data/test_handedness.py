"""Handedness: which pictures have a right and a wrong way round."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from tests.training.toys import gradients

from kaogan.data.handedness import HANDED, handedness


def letters(count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    pictures = []
    for letter in rng.choice(list("abcdefgRSLJK2345679"), count):
        picture = Image.new("L", (32, 32), "white")
        draw = ImageDraw.Draw(picture)
        draw.text(
            (8 + rng.integers(3), 4), str(letter), fill="black", font=ImageFont.load_default(22)
        )
        pictures.append(np.asarray(picture)[..., None])
    return np.stack(pictures)


def test_letters_are_handed():
    assert handedness(letters(600)) >= HANDED


def test_smooth_colours_are_not():
    assert 0.4 < handedness(gradients(600)) < 0.6


def test_pictures_that_are_their_own_mirror_image_are_chance():
    pictures = gradients(200)
    assert handedness(np.maximum(pictures, pictures[:, :, ::-1])) == 0.5


def test_mirroring_all_pictures_changes_nothing():
    pictures = letters(200)
    assert handedness(pictures) == handedness(pictures[:, :, ::-1])


def test_few_pictures_will_do():
    assert 0 <= handedness(gradients(4)) <= 1
