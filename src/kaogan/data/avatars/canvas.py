"""Paper, pen and scissors: shapes as SVG paths, drawn by Pillow many times too large.

The paper is 100 x 100 units, y downwards, whatever the picture's size. What belongs to the
figure is posed on its way to the paper: turned, scaled, tilted and shifted.
"""

import functools
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from kaogan.data.avatars.attributes import Avatar
from kaogan.data.avatars.palette import Colour

Points = npt.NDArray[np.float64]  # N x 2, paper units
Pixels = npt.NDArray[np.uint8]  # H x W x 3

_PIVOT = np.array([50.0, 70.0])  # the head tilts about a point low in the face
_HEADROOM = 2.0  # units by which the figure is lowered, so that the hair fits
_TURN = 4.2  # units by which the middle of a turned face moves
_NOSE = np.array([50.0, 52.0])
_REACH = np.array([42.0, 62.0])  # how far from the nose a turn of the head is felt


def curve(control: Points) -> Points:
    """A Bezier curve with 2 to 4 control points, without its first point.

    Longer curves get more points; Pillow's time is the number of points times the height.
    """
    degree = len(control) - 1
    if degree == 1:
        return control[1:]
    length = np.hypot(*np.diff(control, axis=0).T).sum()
    steps = min(max(math.ceil(length / 1.5), 4), 16)
    t = np.linspace(0.0, 1.0, steps + 1)[1:, None]
    terms = [math.comb(degree, i) * t**i * (1 - t) ** (degree - i) for i in range(degree + 1)]
    points: Points = np.hstack(terms) @ control
    return points


@functools.cache
def path(data: str) -> Points:
    """The outline of an SVG path: absolute M, L, Q and C; closing is the filler's business."""
    pieces: list[Points] = []
    here = np.zeros((1, 2))
    for command, numbers in re.findall(r"([MLQC])([^MLQC]*)", data):
        points = np.array(re.findall(r"-?[\d.]+", numbers), dtype=np.float64).reshape(-1, 2)
        order = {"M": 1, "L": 1, "Q": 2, "C": 3}[command]
        for first in range(0, len(points), order):
            step = points[first : first + order]
            pieces.append(step if order == 1 else curve(np.concatenate([here, step])))
            here = step[-1:]
    outline = np.concatenate(pieces)
    outline.setflags(write=False)
    return outline


def move(points: Points, right: float, down: float) -> Points:
    """The same outline elsewhere."""
    moved: Points = points + np.array([right, down])
    return moved


def mirror(points: Points) -> Points:
    """The same outline on the other side of the face."""
    mirrored: Points = points * np.array([-1.0, 1.0]) + np.array([100.0, 0.0])
    return mirrored


def ellipse(x: float, y: float, rx: float, ry: float) -> Points:
    """The outline of an ellipse, by its centre and its radii."""
    return move(_circle(24 if ry < 5.0 else 44) * np.array([rx, ry]), x, y)


@functools.cache
def _circle(count: int) -> Points:
    angles = np.linspace(0.0, 2.0 * math.pi, count, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def stroke(points: Points, width: float, start: float = 0.0, end: float = 0.0) -> Points:
    """The outline of a brush stroke along a line.

    It is `width` units thick in the middle, `start` and `end` units at its ends.
    """
    along = np.empty_like(points)
    along[1:-1] = points[2:] - points[:-2]
    along[0], along[-1] = points[1] - points[0], points[-1] - points[-2]
    normal = along[:, ::-1] * np.array([-0.5, 0.5]) / np.hypot(along[:, :1], along[:, 1:])
    t = np.linspace(0.0, 1.0, len(points))[:, None]
    swell = np.sin(math.pi * t) ** 0.8
    half = ((start + (end - start) * t) * (1.0 - swell) + width * swell) * normal
    return np.concatenate([points + half, (points - half)[::-1]])


@functools.cache
def brush(data: str, width: float, start: float = 0.0, end: float = 0.0) -> Points:
    """The outline of a stroke along an SVG path."""
    return stroke(path(data), width, start, end)


@functools.cache
def _spot() -> Image.Image:
    """A round spot, 255 in the middle and 0 from the rim on, falling off smoothly."""
    across = np.linspace(-1.0, 1.0, 65)
    radius = np.minimum(np.hypot(across[:, None], across[None, :]), 1.0)
    return Image.fromarray(np.rint(255 * (1 - radius**2) ** 2).astype(np.uint8))


class _Mark(NamedTuple):
    """An outline to fill, to draw along, or both; the width is in units."""

    points: Points
    fill: Colour | None
    line: Colour | None
    width: float


class Canvas:
    """A picture in the making, at least four times as large as it will be."""

    def __init__(self, size: int, pose: Avatar) -> None:
        self.side = max(256, 4 * size)
        self.unit = self.side / 100.0  # pixels
        self.image = Image.new("RGB", (self.side, self.side))
        self._pen = ImageDraw.Draw(self.image)
        self._marks: list[_Mark] = []
        self._turn = _TURN * pose.turn
        cos = pose.scale * math.cos(math.radians(pose.tilt))
        sin = pose.scale * math.sin(math.radians(pose.tilt))
        self._matrix = self.unit * np.array([[cos, sin], [-sin, cos]])
        shift = np.array([pose.shift_x, pose.shift_y + _HEADROOM])
        self._offset = self.unit * (_PIVOT + shift) + 0.5  # Pillow cuts fractions off

    def place(self, points: Points) -> Points:
        """Paper units to pixels, posed. Turning the head moves what bulges towards us most."""
        centred = points - _PIVOT
        nearness = np.maximum(1.0 - np.square((points - _NOSE) / _REACH), 0.0)
        centred[:, 0] += self._turn * nearness[:, 0] * nearness[:, 1]
        placed: Points = centred @ self._matrix + self._offset
        return placed

    def fill(self, points: Points, colour: Colour) -> None:
        """Fill an outline."""
        self._marks.append(_Mark(points, colour, None, 0.0))

    def outline(self, points: Points, colour: Colour, width: float = 1.0) -> None:
        """Draw along a closed outline, `width` units thick."""
        self._marks.append(_Mark(points, None, colour, width))

    def shape(self, points: Points, fill: Colour, line: Colour, width: float = 1.0) -> None:
        """Fill an outline and draw along it."""
        self._marks.append(_Mark(points, fill, line, width))

    def _draw_marks(self) -> None:
        """Draw what has been collected: posing many points at once is much quicker."""
        if not self._marks:
            return
        numbers = self.place(np.concatenate([mark.points for mark in self._marks])).ravel().tolist()
        first = 0
        for mark in self._marks:
            outline = numbers[first : first + 2 * len(mark.points)]
            first += len(outline)
            if mark.fill:
                self._pen.polygon(outline, fill=mark.fill)
            if mark.line:
                thick = max(1, round(mark.width * self.unit))
                # Rounded joints are dear, and invisible in thin lines.
                joint = "curve" if thick > 6 else None
                self._pen.line(outline + outline[:4], fill=mark.line, width=thick, joint=joint)
        self._marks = []

    def paper(self, points: Points, colour: Colour) -> None:
        """Fill an outline on the paper itself, whatever the pose: the background."""
        flat = (points * self.unit + 0.5).ravel().tolist()
        self._pen.polygon(flat, fill=colour)

    def glow(self, centres: Points, rx: float, ry: float, colour: Colour, share: float) -> None:
        """Soft spots of colour: `share` of it in their middles, none at their rims."""
        self._draw_marks()
        width, height = (max(1, round(2 * r * self.unit)) for r in (rx, ry))
        mask = _spot().resize((width, height)).point([round(v * share) for v in range(256)])
        for x, y in self.place(centres).tolist():
            self.image.paste(colour, (round(x - width / 2), round(y - height / 2)), mask)

    def gradient(self, above: Colour, below: Colour) -> None:
        """Fill the paper, from one colour at the top to another at the bottom."""
        column = np.linspace(above, below, 64).round().astype(np.uint8)[:, None]
        paper = Image.fromarray(column).resize(self.image.size, Image.Resampling.BILINEAR)
        self.image.paste(paper)

    @contextmanager
    def clip(self, points: Points) -> Iterator[None]:
        """What is drawn inside the block shows only inside the outline."""
        self._draw_marks()
        placed = self.place(points)
        # Only the part around the outline is copied, drawn on, and pasted back.
        corner = np.clip(np.floor(placed.min(axis=0)), 0, self.side)
        opposite = np.clip(np.ceil(placed.max(axis=0)) + 1, corner, self.side)
        left, top, right, bottom = np.concatenate([corner, opposite]).astype(int).tolist()
        whole, offset = self.image, self._offset
        self.image, self._offset = whole.crop((left, top, right, bottom)), offset - corner
        pen, self._pen = self._pen, ImageDraw.Draw(self.image)
        mask = Image.new("1", self.image.size)
        ImageDraw.Draw(mask).polygon((placed - corner).ravel().tolist(), fill=1)
        yield
        self._draw_marks()
        whole.paste(self.image, (left, top), mask)
        self.image, self._offset, self._pen = whole, offset, pen

    def finish(self, size: int) -> Pixels:
        """The picture at its own size: every pixel the mean of those it stands for."""
        self._draw_marks()
        return np.array(self.image.reduce(self.side // size))
