"""Illustrations with faces in them: drawn avatars in larger scenes, at places that are known."""

import numpy as np
from PIL import Image, ImageDraw

from kaogan.data.avatars import draw, sample_avatar

AVATAR = 256  # pixels
FOUND = (1, 2, 4, 5, 6)  # avatars of seed 5 whose faces the detector finds


def scene(width: int = 900, height: int = 700, seed: int = 0) -> Image.Image:
    """A landscape of boxes and balls, without a face."""
    rng = np.random.default_rng(seed)
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    pen = ImageDraw.Draw(image)
    for _ in range(12):
        x, y, side = (
            int(value) for value in rng.integers((0, height // 2, 30), (width, height, 150))
        )
        colour = tuple(int(value) for value in rng.integers(60, 230, 3))
        kind = pen.rectangle if rng.random() < 0.5 else pen.ellipse
        kind((x, y, x + side, y + side), fill=colour, outline="black", width=3)
    return image


def illustration(
    *places: tuple[int, int], size: tuple[int, int] = (900, 700), seed: int = 0
) -> Image.Image:
    """A scene with one avatar at each place: left and top of its square of `AVATAR` pixels."""
    image = scene(*size, seed)
    for place, index in zip(places, FOUND, strict=False):
        image.paste(Image.fromarray(draw(sample_avatar(5, index), AVATAR)), place)
    return image
