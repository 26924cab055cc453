"""Background, clothes and accessories."""

import math

import numpy as np

from kaogan.data.avatars.attributes import Avatar, Outfit
from kaogan.data.avatars.canvas import SIDES, Canvas, Points, brush, ellipse, move, on_side, path
from kaogan.data.avatars.palette import WHITE, Colour, Tones, clear, cloth_tones, oklch

# x, y, size
_STARS = (
    *((8, 12, 1.3), (24, 5, 0.7), (91, 9, 1.1), (76, 4, 0.6), (5, 40, 0.8)),
    *((95, 34, 0.7), (11, 66, 1.1), (93, 60, 1.3), (4, 88, 0.7), (97, 84, 0.9)),
)
_LINEN = oklch(0.97, 0.008, 250)
# The parts of each outfit, from back to front: an outline, and a colour or the cloth's tone.
_OUTFITS: dict[Outfit, tuple[tuple[str, Colour | str], ...]] = {
    "sailor": (
        ("M 37,91 C 28,94 17,96 10,104 L 90,104 C 83,96 72,94 63,91 L 50,104", _LINEN),
        (
            "M 39,88 C 32,92 24,94 20,96 L 30,106 L 50,104 L 70,106 L 80,96"
            " C 76,94 68,92 61,88 L 50,101",
            "shade",
        ),
    ),
    "shirt": (
        ("M 36,92 C 26,95 14,97 8,104 L 92,104 C 86,97 74,95 64,92 L 50,99", "base"),
        ("M 40,87 L 50,98 L 43,104 L 35,92", WHITE),
        ("M 60,87 L 50,98 L 57,104 L 65,92", WHITE),
    ),
    "hoodie": (
        ("M 34,88 C 24,92 12,95 6,104 L 94,104 C 88,95 76,92 66,88 C 64,98 36,98 34,88", "base"),
        (
            "M 36,85 C 30,88 29,94 34,98 C 42,104 58,104 66,98"
            " C 71,94 70,88 64,85 C 64,96 36,96 36,85",
            "shade",
        ),
    ),
    "turtleneck": (
        ("M 38,92 C 26,95 14,97 8,104 L 92,104 C 86,97 74,95 62,92", "base"),
        ("M 39.5,85 Q 50,90 60.5,85 L 61.5,94 Q 50,99 38.5,94", "base"),
    ),
}
_SQUARE = path("M 0,0 L 100,0 L 100,100 L 0,100")


def draw_background(canvas: Canvas, avatar: Avatar) -> None:
    """Two pastels of neighbouring hues, which suit hair of any colour."""
    hue = avatar.background_hue
    first, second = oklch(clear(0.90, hue), 0.06, hue), oklch(0.96, 0.035, hue + 45.0)
    canvas.paper(_SQUARE, first)
    match avatar.background:
        case "gradient":
            canvas.gradient(oklch(clear(0.86, hue - 15.0), 0.075, hue - 15.0), second)
        case "halves":
            canvas.paper(path("M 0,100 L 100,0 L 100,100"), second)
        case "stripes":
            for left in range(-100, 100, 20):
                stripe = move(path("M 0,100 L 100,0 L 110,0 L 10,100"), left, 0.0)
                canvas.paper(stripe, second)
        case "dots":
            for row in range(7):
                for column in range(7):
                    x, y = 18.0 * column + 9.0 * (row % 2) - 4.0, 16.0 * row + 2.0
                    canvas.paper(ellipse(x, y, 3.4, 3.4), second)
        case "disc":
            canvas.paper(ellipse(50, 46, 45, 45), second)
        case "stars":
            sparkle = path("M 0,-5 Q 0.8,-0.8 4,0 Q 0.8,0.8 0,5 Q -0.8,0.8 -4,0 Q -0.8,-0.8 0,-5")
            for x, y, grown in _STARS:
                canvas.paper(move(sparkle * grown, x, y), WHITE)
        case "rays":
            for angle in np.arange(0.0, 2.0 * math.pi, math.pi / 8):
                edges = (angle, angle + math.pi / 16)
                ends = [(50 + 90 * math.sin(a), 50 - 90 * math.cos(a)) for a in edges]
                canvas.paper(np.array([(50.0, 50.0), *ends]), second)


def draw_outfit(canvas: Canvas, avatar: Avatar) -> None:
    cloth = cloth_tones(avatar.outfit_hue)
    for outline, colour in _OUTFITS[avatar.outfit]:
        fill = getattr(cloth, colour) if isinstance(colour, str) else colour
        canvas.draw(path(outline), fill, cloth.line)


def draw_ears(canvas: Canvas, avatar: Avatar, hair: Tones) -> None:
    """A cat's ears, which are behind the fringe."""
    if avatar.accessory != "cat_ears":
        return
    ear = path("M 15,28 C 10,14 10,4 13,-2 C 22,1 31,6 37,13")
    lining = path("M 18,22 C 15,14 14,8 15,4 C 21,6 26,9 30,13")
    for side in SIDES:
        canvas.draw(on_side(side, ear), hair.base, hair.line)
        canvas.draw(on_side(side, lining), oklch(0.86, 0.075, 15.0))


def draw_accessory(canvas: Canvas, avatar: Avatar, front: Points) -> None:
    """Accessories on the hair, or in front of the eyes."""
    cloth = cloth_tones(avatar.accessory_hue)
    full_side = 76.0 if avatar.parting == "left" else 24.0  # x where the hair is fuller
    match avatar.accessory:
        case "ribbon":
            _bow(canvas, cloth, full_side, 14.0)
        case "hairband":
            band = path(
                "M 11,44 C 16,24 30,12 50,12 C 70,12 84,24 89,44 L 84,46"
                " C 80,29 68,17.5 50,17.5 C 32,17.5 20,29 16,46"
            )
            with canvas.clip(front):
                canvas.draw(band, cloth.base, cloth.line, 0.9)
        case "clip":
            for step in (0.0, 4.6):
                clip = move(path("M 64,31 L 77,26 L 78,29 L 65,34"), 0.6 * step, step)
                canvas.draw(on_side(avatar.parting, clip), cloth.base, cloth.line, 0.8)
        case "flower":
            x, y = full_side, 22.0
            for angle in np.arange(5) * (2 * math.pi / 5):
                petal = ellipse(x + 4.6 * math.sin(angle), y - 4.6 * math.cos(angle), 4.0, 4.0)
                canvas.draw(petal, cloth.shine, cloth.line, 0.8)
            canvas.draw(ellipse(x, y, 2.6, 2.6), oklch(0.88, 0.14, 92.0), cloth.line, 0.7)
        case "headphones":
            band = path(
                "M 12,50 C 10,14 30,1 50,1 C 70,1 90,14 88,50 L 84,50"
                " C 86,18 68,5.5 50,5.5 C 32,5.5 14,18 16,50"
            )
            canvas.draw(band, oklch(0.95, 0.01, 260), oklch(0.5, 0.02, 270), 0.9)
            for x in (14.0, 86.0):
                canvas.draw(ellipse(x, 54, 6.4, 9.5), cloth.base, cloth.line)
                canvas.draw(ellipse(x, 53, 3.2, 5.6), cloth.shine)
        case "glasses":
            for x in (34.0, 66.0):
                canvas.draw(ellipse(x, 57.5, 13.0, 11.6), None, cloth.line, 1.3)
            canvas.draw(brush("M 47,56 Q 50,54 53,56", 1.3, 1.3, 1.3), cloth.line)


def _bow(canvas: Canvas, cloth: Tones, x: float, y: float) -> None:
    wing = path("M 0,0 C 4,-8 12,-10 13,-6 C 14,-2 14,3 12,6 C 9,8 4,5 0,0")
    tail = path("M 0,0 L 8,9 L 4.5,9.5 L 3.5,13 L -1,2")
    fold = brush("M 2,0 Q 6,-3 10,-3", 1.4)
    sides = np.array([[1.0, 1.0], [-1.0, 1.0]])
    for side in sides:
        canvas.draw(move(tail * side, x, y), cloth.shade, cloth.line, 0.9)
    for side in sides:
        canvas.draw(move(wing * side, x, y), cloth.base, cloth.line)
        canvas.draw(move(fold * side, x, y), cloth.shade)
    canvas.draw(ellipse(x, y, 3.0, 3.2), cloth.base, cloth.line)
