"""Hair: behind the head, and the fringe and the locks in front of it.

A fringe is described by its lower edge from left to right: notch, tip, notch, tip, …, notch. The
outline, the strands from the notches to the crown, and the shade on one side of each lock are
computed from it. Asymmetric shapes are written down for a parting on the left.
"""

import functools
from typing import NamedTuple

import numpy as np

from kaogan.data.avatars.attributes import Avatar, HairBack, HairFront, Side, SideLocks
from kaogan.data.avatars.canvas import (
    SIDES,
    Canvas,
    Points,
    brush,
    curve,
    ellipse,
    move,
    on_side,
    path,
    stroke,
)
from kaogan.data.avatars.palette import Tones, mix

# From the right end of a fringe's lower edge over the top of the head to its left end.
_CAP = path(
    "M 84.5,50 C 88,35 86,21 75.5,11.5 C 68,5 59,3.2 50,3.2 C 41,3.2 32,5 24.5,11.5"
    " C 14,21 12,35 15.5,50"
)

# The lower edge of each fringe, without its two ends.
_FRINGES: dict[HairFront, str] = {
    "blunt": "19.5,60 24,45 29,47.5 32.5,43 37,48 41,43 46,48.5 50.5,43"
    " 55,48.5 59,43 63.5,48 67.5,43 71.5,47.5 76,45 80.5,60",
    "swept": "20,62 23,42 24,49 31,29 47,45 45,36 58,49 56,37 69,52 69,40 80,63",
    "parted": "19,64 24,47 27,53 34,38 37,46 50,20 63,46 66,38 73,53 76,47 81,64",
    "spiky": "18,63 25,40 29,51 35,36 42,50 45,35 53,53 58,36 65,50 70,38 75,52 77,42 82,62",
    "centre_lock": "19,62 25,42 30,48 37,36 41,45 43.5,37 50.5,60"
    " 56,37 60,45 63,36 70,48 75,42 81,62",
    "curtain": "18,66 23.5,52 26,58 50,15 74,58 76.5,52 82,66",
    "choppy": "20,57 24,40 31,44 34,35 39,41 42,34 50,42 53,34 61,44 64,36 73,48 75,41 80.5,58",
}
_CROWNS: dict[HairFront, str] = {"swept": "34,6", "spiky": "46,5", "choppy": "56,5"}

_SIDE_LOCKS: dict[SideLocks, str] = {
    "none": "",
    "short": "M 13.5,38 C 10,50 11,64 19,77 C 18.6,72 19,69 20.5,67 C 22,69 23.4,71 26,72.5"
    " C 23,64 24,52 26,38",
    "long": "M 13.5,38 C 8,54 15,70 11,86 C 10,91 8,95 5,98 C 10,97.5 13,96 15,93.5"
    " C 15,98 14,101 12,105 C 21,100 25,90 24,78 C 23,68 22.5,54 27,38",
}
_LOCK_STRANDS = (
    brush("M 19,48 C 16,58 16.5,68 19,75", 0.8),
    brush("M 17,52 C 15,66 19,78 15,93", 0.8),
)

_BACK: dict[HairBack, str] = {
    "short": "M 14,44 C 12,54 12,62 8,70 C 13,70 15.5,68 17,66 C 18,71 17,74 15,78"
    " C 21,77 24,75 26,72 C 28,77 31,81 36,84 L 64,84 C 69,81 72,77 74,72 C 76,75 79,77 85,78"
    " C 83,74 82,71 83,66 C 84.5,68 87,70 92,70 C 88,62 88,54 86,44"
    " C 86,18 70,5 50,5 C 30,5 14,18 14,44",
    "bob": "M 12,40 C 6,54 4,70 8,82 C 10,88 17,91 25,88 C 24,90 28,92 38,88 L 62,88"
    " C 72,92 76,90 75,88 C 83,91 90,88 92,82 C 96,70 94,54 88,40 C 86,18 70,4 50,4"
    " C 30,4 14,18 12,40",
    "long": "M 13,40 C 7,56 10,74 5,90 C 3,98 1,106 -3,116 L 103,116 C 99,106 97,98 95,90"
    " C 90,74 93,56 87,40 C 86,18 70,4 50,4 C 30,4 14,18 13,40",
    "wavy": "M 13,38 C 6,45 12,54 6,61 C -1,68 8,76 3,83 C -2,90 6,98 -1,116 L 101,116"
    " C 94,98 102,90 97,83 C 92,76 101,68 94,61 C 88,54 94,45 87,38"
    " C 86,18 70,4 50,4 C 30,4 14,18 13,38",
    "buns": "M 15,44 C 14,56 17,64 24,73 C 25,70 26,69 28,69 L 72,69 C 74,69 75,70 76,73"
    " C 83,64 86,56 85,44 C 86,18 70,5 50,5 C 30,5 14,18 15,44",
}
_BACK_STRANDS = (
    brush("M 15,50 C 10,62 11,76 13,87", 0.8),
    brush("M 20,62 C 17,72 18,79 22,88", 0.8),
)


# The outline of a tail, its strands, and the tie.
_TAILS: dict[HairBack, tuple[str, tuple[str, ...], str]] = {
    "twin_tails": (
        "M 20,15 C 9,11 -1,22 -1,40 C -1,58 4,72 -3,90 C 3,89 7,86 9,82 C 9,90 8,95 5,102"
        " C 16,97 21,86 19,72 C 17.5,60 14,48 16,38 C 17,31 20,27 23,24",
        ("M 16,19 C 4,30 3,46 8,60 C 10,68 10,76 9,82", "M 11,18 C 2,30 1,44 4,56"),
        "M 19,10.5 C 15,12 11.5,15 10,20 L 14.5,25.5 C 16,21 19,18 23,16.5",
    ),
    "ponytail": (
        "M 64,10 C 76,-4 95,2 98,24 C 101,44 92,56 101,76 C 95,76 90,73 87,69"
        " C 88,76 87,82 82,89 C 77,76 81,62 82,46",
        ("M 72,7 C 91,9 94,30 90,48 C 87,58 86,63 87,69", "M 78,4 C 95,12 97,30 94,46"),
        "M 69,3.5 C 75,4 80,8 82,13 L 77,18 C 75,13 71,9.5 65,8.5",
    ),
}
_AHOGE = path("M 46,9 C 40,0 46,-7 64,-2.5 C 70,-1 73,2 74,6 C 67,0 55,-1.5 54,9")
_TUFT = path("M -5.4,-3 C -6.2,2 -4,5.6 0,8.4 C 4,5.6 6.2,2 5.4,-3 C 3,-5 -3,-5 -5.4,-3")
_LEAN = (np.array([[0.88, 0.48], [-0.48, 0.88]]), np.array([[0.88, -0.48], [0.48, 0.88]]))

# Strands from the parting down the dome of the head, above the fringe.
_DOME_STRANDS = (
    brush("M 42,5 C 28,9 19,20 17,38", 1.3),
    brush("M 56,5 C 70,8 80,17 83,34", 1.3),
    brush("M 62,6 C 76,11 83,24 82.5,44", 1.3),
)


class Fringe(NamedTuple):
    outline: Points
    strands: list[Points]
    shades: list[Points]


@functools.cache
def fringe(style: HairFront, parting: Side, light: Side) -> Fringe:
    """The fringe of a style, computed from its lower edge."""
    (crown,) = on_side(parting, path(f"M {_CROWNS.get(style, '50,6')}"))
    edge = on_side(parting, path(f"M 15.5,50 {_FRINGES[style]} 84.5,50"))
    if parting == "right":
        edge = edge[::-1]
    notches, tips = edge[0::2], edge[1::2]
    outline, shades = [edge[:1]], []
    for before, tip, after in zip(notches, tips, notches[1:], strict=False):
        # Each side of a lock bulges outwards, so that the lock looks like a leaf.
        outline += [
            _arc(start, start + (end - start) * np.array([lean, 0.5]), end)[1:]
            for start, end, lean in ((before, tip, 0.15), (tip, after, 0.85))
        ]
        shades.append(_shade(tip, after if light == "left" else before, crown))
    strands = [_strand(notch, crown) for notch in notches[1:-1]]
    return Fringe(np.concatenate([*outline, _CAP[1:]]), strands, shades)


def _arc(start: Points, bend: Points, end: Points) -> Points:
    return np.vstack([start, curve(np.array([start, bend, end]))])


def _shade(tip: Points, notch: Points, crown: Points) -> Points:
    """The shaded side of a lock, from its tip up along the notch."""
    inner = tip * np.array([0.55, 0.45]) + notch * np.array([0.45, 0.55]) - np.array([0.0, 4.0])
    top = notch + 0.3 * (crown - notch)
    return np.vstack([tip, notch, _arc(top, inner, tip)])


def _strand(notch: Points, crown: Points) -> Points:
    bend = notch + (crown - notch) * np.array([0.16, 0.42])
    end = notch + (crown - notch) * 0.62
    return stroke(_arc(notch, bend, end), 0.8, 0.9)


def draw_back(canvas: Canvas, avatar: Avatar, hair: Tones, tie: Tones) -> None:
    """The hair behind the head, which is in the head's shadow."""
    style = avatar.hair_back
    if style in _TAILS:
        _tails(canvas, avatar, hair, tie)
    if style == "buns":
        _buns(canvas, avatar, hair)
    shape = path(_BACK.get(style, _BACK["buns"]))
    with canvas.inside(shape, hair.shade, hair.line):  # darkest behind the neck
        canvas.draw(ellipse(50.0, 80.0, 31.0, 34.0), mix(hair.shade, hair.line, 0.4))
    if style in ("bob", "long", "wavy"):
        for strand in _BACK_STRANDS:
            for side in SIDES:
                canvas.draw(on_side(side, strand), hair.line)


def _buns(canvas: Canvas, avatar: Avatar, hair: Tones) -> None:
    for x in (20.0, 80.0):
        bun = ellipse(x, 13, 11.5, 11)
        with canvas.inside(bun, hair.shade, hair.line):
            canvas.draw(move(bun, 2.4 * avatar.to_light, -2.0), hair.base)
            canvas.draw(ellipse(x + 3.0 * avatar.to_light, 8.5, 4.4, 2.4), hair.shine)
        swirl = brush("M -6,5 C 0,9 7,5 7,-2 C 7,-7 0,-8 -2,-4", 0.9)
        canvas.draw(move(swirl, x, 13.0), hair.line)


def _tails(canvas: Canvas, avatar: Avatar, hair: Tones, tie: Tones) -> None:
    outline, strands, knot = _TAILS[avatar.hair_back]
    for side in SIDES if avatar.hair_back == "twin_tails" else (avatar.parting,):
        tail = on_side(side, path(outline))
        with canvas.inside(tail, hair.base, hair.line):
            canvas.draw(move(tail, 0.0, 14.0), mix(hair.base, hair.shade, 0.6))
            for strand in strands:
                canvas.draw(on_side(side, brush(strand, 3.2)), hair.shade)
                canvas.draw(on_side(side, brush(strand, 0.8)), hair.line)
        canvas.draw(on_side(side, path(knot)), tie.base, tie.line, 0.8)


def draw_braids(canvas: Canvas, avatar: Avatar, hair: Tones) -> None:
    """Two braids over the shoulders: chains of crossing leaves, each over the one below."""
    if avatar.hair_back != "braids":
        return
    for side in SIDES:
        for step in range(6, -1, -1):
            lean = 1.0 if step % 2 else -1.0
            leaf = _TUFT * np.array([lean, 1.0]) @ _LEAN[step % 2]
            leaf = move(leaf, 17.0 + 1.4 * lean, 66.0 + 5.6 * step)
            canvas.draw(on_side(side, leaf), hair.base if lean > 0 else hair.shade, hair.line, 0.9)


def draw_front(canvas: Canvas, avatar: Avatar, hair: Tones) -> None:
    _side_locks(canvas, avatar, hair)
    if avatar.ahoge:  # its root disappears under the crown
        canvas.draw(on_side(avatar.parting, _AHOGE), hair.base, hair.line)
    front = fringe(avatar.hair_front, avatar.parting, avatar.light)
    with canvas.inside(front.outline, hair.shade, hair.line):
        canvas.draw(move(front.outline, 3.0 * avatar.to_light, 0.0), hair.base)
        for shade in front.shades:
            canvas.draw(shade, hair.shade)
        for strand in _DOME_STRANDS:
            canvas.draw(on_side(avatar.parting, strand), hair.shade)
        far = "right" if avatar.light == "left" else "left"
        canvas.draw(_shine_band(far, 0.42), mix(hair.base, hair.shine, 0.45))
        canvas.draw(_shine_band(avatar.light, 1.0), hair.shine)
        for strand in front.strands:
            canvas.draw(strand, hair.line)


@functools.cache
def _shine_band(side: Side, share: float) -> Points:
    """The ring of light around the crown, which the strands divide into points.

    The ring's middle is on this side of the head; `share` of it is visible.
    """
    angle = np.radians(np.linspace(-24.0 - 42.0 * share, -24.0 + 56.0 * share, 25))
    fade = np.sin(np.linspace(0.0, np.pi, 25)) ** 0.6
    thick = 4.4 * share**0.3 * fade * np.where(np.arange(25) % 2 == 0, 1.0, 0.25)
    x, y = 50.0 + 29.0 * np.sin(angle), 46.0 - 26.0 * np.cos(angle)
    upper = np.stack([x, y - 1.4 * fade - 0.4 * thick], axis=1)
    lower = np.stack([x, y + thick], axis=1)
    return on_side(side, np.concatenate([upper, lower[::-1]]))


def _side_locks(canvas: Canvas, avatar: Avatar, hair: Tones) -> None:
    if avatar.side_locks == "none":
        return
    for side in SIDES:
        lock = on_side(side, path(_SIDE_LOCKS[avatar.side_locks]))
        with canvas.inside(lock, hair.base, hair.line):
            # The half beside the cheek is in shade.
            canvas.draw(move(lock, 6.0 if side == "left" else -6.0, 0.0), hair.shade)
            canvas.draw(on_side(side, _LOCK_STRANDS[avatar.side_locks == "long"]), hair.line)
