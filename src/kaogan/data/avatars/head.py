"""The head without its hair: neck, face, eyes, brows, mouth."""

import functools
import math

import numpy as np

from kaogan.data.avatars.attributes import Avatar, EyeShape, Mouth
from kaogan.data.avatars.canvas import (
    SIDES,
    Canvas,
    Points,
    brush,
    ellipse,
    move,
    on_side,
    path,
    stroke,
)
from kaogan.data.avatars.palette import WHITE, Colour, Tones, mix, oklch

FACE = path(
    "M 20.5,42 C 20.5,54 21.5,62 26.5,68.5 C 32,75.5 42,83.5 50,84 C 58,83.5 68,75.5 73.5,68.5"
    " C 78.5,62 79.5,54 79.5,42 C 79.5,22 66,12 50,12 C 34,12 20.5,22 20.5,42"
)
EAR = path("M 22,47 C 17,44 15,50 17,55 C 18.5,59.5 21.5,61.5 24,60")
EAR_FOLD = brush("M 19,51 C 18.3,53.5 19.4,56 21.5,57", 1.2)
NECK = path("M 41,74 L 41,90 C 36,94 28,96 20,102 L 80,102 C 72,96 64,94 59,90 L 59,74")
NECK_SHADOW = path("M 41,76 L 41,85 C 45,91 52,93 59,90 L 59,76")

EYE_X, EYE_Y, EYE_WIDTH, EYE_HEIGHT = 15.2, 57.0, 8.9, 9.9  # offset from the middle; half sizes

# The upper and the lower lid of the open eye: half its width and its height are 10, and the outer
# corner is at x = 10.
_LIDS: dict[EyeShape, tuple[str, str]] = {
    "round": (
        "M -10,1.6 C -9.2,-6.2 -4.5,-10 0.8,-10 C 6,-10 9.5,-5.5 10,0.2",
        "M 10,0.2 C 9.2,4.8 6.2,9.6 0.8,9.6 C -4.6,9.6 -8,6.2 -10,1.6",
    ),
    "almond": (
        "M -10.4,2.8 C -9,-3.6 -4,-7.6 1.2,-7.8 C 6,-7.8 9.5,-4.5 11,-0.6",
        "M 11,-0.6 C 9,4.6 5.6,8.4 0.8,8.4 C -4.2,8.4 -7.8,6.6 -10.4,2.8",
    ),
    "upturned": (
        "M -10,4.4 C -8.6,-2.4 -3.8,-7.4 1.6,-8.6 C 6,-9.4 9.5,-7.4 11.2,-4",
        "M 11.2,-4 C 10.4,2.6 7,8.2 1.6,9 C -3.8,9.4 -7.6,7.4 -10,4.4",
    ),
    "droopy": (
        "M -10,-2 C -8.5,-8 -4,-9.8 0,-9 C 6,-7.8 9.5,-1.5 10.6,5",
        "M 10.6,5 C 9.2,8.4 5.6,9.8 0.5,9.6 C -4.6,9.2 -8,5 -10,-2",
    ),
}

# The strokes of each closed mouth, and their widths.
_CLOSED_MOUTHS: dict[Mouth, tuple[tuple[str, float], ...]] = {
    "smile": (("M 44.6,72.6 Q 50,77.2 55.4,72.6", 1.15),),
    "flat": (("M 46,74 Q 50,73.6 54,74", 1.1),),
    "pout": (("M 46.4,75.4 Q 50,72.2 53.6,75.4", 1.15),),
    "cat": (("M 43.8,72.8 Q 46.6,77 50,73.4", 1.1), ("M 50,73.4 Q 53.4,77 56.2,72.8", 1.1)),
}
_SMILE = path("M 43.2,71.6 Q 50,73.4 56.8,71.6 C 56,77.4 53,80 50,80 C 47,80 44,77.4 43.2,71.6")
_GRIN = path(
    "M 43.4,71.8 Q 50,73.6 56.6,71.8 C 55.6,76.4 53,77.8 50,77.8 C 47,77.8 44.4,76.4 43.4,71.8"
)


def draw_body(canvas: Canvas, skin: Tones) -> None:
    canvas.draw(NECK, skin.base, skin.line)
    canvas.draw(NECK_SHADOW, skin.shade)


def draw_face(canvas: Canvas, avatar: Avatar, skin: Tones, fringe: Points) -> None:
    """Ears and face, shaded on the side away from the light and under the fringe."""
    for side in SIDES:
        canvas.draw(on_side(side, EAR), skin.base, skin.line)
        canvas.draw(on_side(side, EAR_FOLD), skin.shade)
    with canvas.inside(FACE, skin.shade, skin.line):
        canvas.draw(move(FACE, 2.4 * avatar.to_light, -1.6), skin.base)
        canvas.draw(move(fringe, -0.8 * avatar.to_light, 3.4), skin.shade)
        _blush(canvas, avatar, skin)
    # The nose is only a small shadow, away from the light.
    nose = brush("M 50,64.2 Q 51.4,65.6 50.2,66.6", 0.9)
    canvas.draw(on_side(avatar.light, nose), mix(skin.shade, skin.line, 0.45))


def _blush(canvas: Canvas, avatar: Avatar, skin: Tones) -> None:
    rose = mix(skin.base, (255, 96, 110), 0.75)
    cheeks = path("M 29,67 L 71,67")
    canvas.glow(cheeks, 8.5, 5.0, rose, 0.15 + 0.7 * avatar.blush)
    if avatar.blush > 0.72:
        line = brush("M 0.8,-1.7 L -0.8,1.7", 0.7, 0.4, 0.4)
        for x, y in cheeks:
            for step in (-2.6, 0.0, 2.6):
                canvas.draw(move(line, x + step, y + 0.2), mix(skin.base, (226, 60, 84), 0.6))


def draw_mouth(canvas: Canvas, avatar: Avatar, skin: Tones) -> None:
    line = mix(skin.line, (150, 30, 50), 0.35)
    inside, tongue = oklch(0.50, 0.13, 18.0), oklch(0.74, 0.13, 20.0)
    for lips, width in _CLOSED_MOUTHS.get(avatar.mouth, ()):
        canvas.draw(brush(lips, width, 0.7, 0.7), line)
    match avatar.mouth:
        case "small_o":
            canvas.draw(ellipse(50, 74.6, 2.5, 2.9), inside, line, 0.8)
            canvas.draw(ellipse(50, 76, 1.6, 1.2), tongue)
        case "open_smile":
            with canvas.inside(_SMILE, inside, line, 0.8):
                canvas.draw(ellipse(50, 80, 4.6, 3.6), tongue)
                canvas.draw(path("M 43,70 L 57,70 L 55.6,73.6 Q 50,75 44.4,73.6"), WHITE)
        case "grin":
            lower_teeth = path("M 40,75.6 Q 50,76.8 60,75.6 L 60,80 L 40,80")
            with canvas.inside(_GRIN, WHITE, line, 0.9):
                canvas.draw(lower_teeth, oklch(0.86, 0.02, 300))


@functools.cache
def _lids(shape: EyeShape, side: int, closed: float) -> list[Points]:
    """The outlines of one open eye: the white, the shadow of the upper lid, its lash, its crease,
    and the lower lid.

    `side` is -1 (left) or 1; `closed` is the share by which the upper lid is lowered.
    """
    upper, lower = (path(lid).copy() for lid in _LIDS[shape])
    t = np.linspace(0.0, 1.0, len(upper))
    upper[:, 1] += closed * (7.5 - upper[:, 1]) * np.sin(math.pi * t)
    # The lash becomes thicker outwards and ends in a wing beyond the outer corner.
    thick = 0.7 + 3.3 * np.sin(0.1 + 2.15 * t)
    above = upper + np.stack([0.3 * t, -thick], axis=1)
    corner = upper[-1:]
    lash = np.concatenate([upper, move(corner, 0.0, 1.0), move(corner, 2.6, -2.6), above[::-1]])
    shadow = np.concatenate([move(upper, 0.0, 2.6), move(upper, 0.0, -4.0)[::-1]])
    crease = move(upper[len(upper) // 4 : -len(upper) // 6], 0.7, -3.9)
    white, below = np.concatenate([upper, lower]), stroke(lower[:-2], 0.9, 1.1)
    outlines = (white, shadow, lash, stroke(crease, 0.75), below)
    return [_at_eye(outline, side) for outline in outlines]


def _at_eye(points: Points, side: int) -> Points:
    """From an eye's own units, in which half its width and height are 10, to the paper."""
    scale = np.array([side * EYE_WIDTH, EYE_HEIGHT]) / 10.0
    return move(points * scale, 50.0 + side * EYE_X, EYE_Y)


def draw_eyes(canvas: Canvas, avatar: Avatar, skin: Tones) -> None:
    lash = oklch(0.27, 0.05, avatar.eye_hue)
    winking = 1 if avatar.parting == "left" else -1
    for side in (-1, 1):
        if avatar.eye_state == "happy" or (avatar.eye_state == "wink" and side == winking):
            _closed_eye(canvas, side, lash)
        else:
            _open_eye(canvas, avatar, side, lash, skin)


def _closed_eye(canvas: Canvas, side: int, lash: Colour) -> None:
    for line in (
        brush("M -10,5 C -6,-4.5 5,-6 10.5,4", 2.5, 1.1, 1.9),
        brush("M 8.5,1.5 Q 11,2 13,0.3", 1.2, 1.2, 0.4),
    ):
        canvas.draw(_at_eye(line, side), lash)


def _open_eye(canvas: Canvas, avatar: Avatar, side: int, lash: Colour, skin: Tones) -> None:
    closed = 0.28 if avatar.eye_state == "soft" else 0.07
    white, shadow, upper_lash, crease, lower_lid = _lids(avatar.eye_shape, side, closed)
    canvas.draw(white, oklch(0.985, 0.004, 250.0))
    with canvas.clip(white):
        canvas.draw(shadow, oklch(0.84, 0.03, 290.0))
        _iris(canvas, avatar, 50.0 + side * (EYE_X + 0.3) + 1.7 * avatar.gaze, EYE_Y - 0.3)
    canvas.draw(lower_lid, mix(skin.line, lash, 0.35))
    canvas.draw(upper_lash, lash)
    canvas.draw(crease, mix(skin.shade, skin.line, 0.5))


def _iris(canvas: Canvas, avatar: Avatar, x: float, y: float) -> None:
    """Dark above and bright below, as if light came through from below; then the highlights."""
    hue = avatar.eye_hue
    canvas.draw(ellipse(x, y, 6.9, 9.4), oklch(0.34, 0.10, hue))
    canvas.draw(ellipse(x, y, 6.1, 8.7), oklch(0.44, 0.14, hue))
    for step, lightness in enumerate((0.52, 0.60, 0.68, 0.76)):
        glass = ellipse(x, y + 1.6 + 1.1 * step, 5.6 - 0.5 * step, 6.8 - 1.2 * step)
        canvas.draw(glass, oklch(lightness, 0.16, hue + 6.0 * step))
    canvas.draw(ellipse(x, y - 0.4, 2.6, 3.8), oklch(0.25, 0.07, hue))
    canvas.draw(ellipse(x, y + 6.2, 3.2, 1.4), oklch(0.90, 0.11, hue + 25.0))
    canvas.draw(ellipse(x + 2.6 * avatar.to_light, y - 4.0, 2.7, 3.0), WHITE)
    canvas.draw(ellipse(x - 2.8 * avatar.to_light, y + 3.2, 1.4, 1.5), WHITE)


def draw_brows(canvas: Canvas, avatar: Avatar, hair: Tones) -> None:
    slope = 2.3 * avatar.brow_angle
    for side in (-1, 1):
        brow = path("M -6.5,0.6 Q 0.5,-2.6 7,0.6").copy()
        brow[:, 1] -= slope * brow[:, 0] / 7.0  # a determined brow is low inside
        brow = move(brow * np.array([side, 1.0]), 50.0 + side * 15.5, 40.2)
        canvas.draw(stroke(brow, 1.5, 1.0, 0.2), hair.line)
