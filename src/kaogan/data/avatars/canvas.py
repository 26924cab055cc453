"""A canvas for outlines, which are SVG paths or computed; Pillow draws them at a larger size.

The paper is 100 x 100 units, y downwards, for pictures of every size. The outlines of the figure
are posed when they are drawn: turned, scaled, tilted and shifted.
"""

import functools
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from kaogan.data.avatars.attributes import Avatar, Side
from kaogan.data.avatars.palette import Colour
from kaogan.images import Pixels

Points = npt.NDArray[np.float64]  # N x 2, paper units
SIDES: tuple[Side, Side] = ("left", "right")

_PIVOT = np.array([50.0, 70.0])  # the head tilts about a point low in the face
_HEADROOM = 2.0  # units by which the figure is lowered, so that the hair fits
_TURN = 4.2  # units by which the middle of a turned face moves
_NOSE = np.array([50.0, 52.0])
_REACH = np.array([42.0, 62.0])  # distances from the nose up to which a turn moves points


def curve(control: Points) -> Points:
    """A Bezier curve with 2 to 4 control points, without its first point.

    Longer curves have more points; Pillow's time is proportional to the points and the height.
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
    """The points of an SVG path with absolute M, L, Q and C. Filling closes it."""
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
    """The outline, shifted."""
    moved: Points = points + np.array([right, down])
    return moved


def on_side(side: Side, points: Points) -> Points:
    """An outline that is written down for the left side of the face, on this side."""
    return points if side == "left" else points * np.array([-1.0, 1.0]) + np.array([100.0, 0.0])


def ellipse(x: float, y: float, rx: float, ry: float) -> Points:
    """The outline of an ellipse, by its centre and its radii."""
    return move(_circle(24 if ry < 5.0 else 44) * np.array([rx, ry]), x, y)


@functools.cache
def _circle(count: int) -> Points:
    angles = np.linspace(0.0, 2.0 * math.pi, count, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def stroke(points: Points, width: float, start: float = 0.0, end: float = 0.0) -> Points:
    """The outline of a brush stroke along a line.

    It is `width` units thick in the middle, and `start` and `end` units at its ends.
    """
    along = np.gradient(points, axis=0)
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
    """A round spot, 255 in the middle, falling smoothly to 0 at the rim."""
    across = np.linspace(-1.0, 1.0, 65)
    radius = np.minimum(np.hypot(across[:, None], across[None, :]), 1.0)
    return Image.fromarray(np.rint(255 * (1 - radius**2) ** 2).astype(np.uint8))


class Canvas:
    """A picture while it is drawn, at least four times its final size."""

    def __init__(self, size: int, pose: Avatar) -> None:
        self.side = max(256, 4 * size)
        self.unit = self.side / 100.0  # pixels
        self.image = Image.new("RGB", (self.side, self.side))
        self._pen = ImageDraw.Draw(self.image)
        self._marks: list[tuple[Points, Colour | None, Colour | None, float]] = []
        self._turn = _TURN * pose.turn
        cos = pose.scale * math.cos(math.radians(pose.tilt))
        sin = pose.scale * math.sin(math.radians(pose.tilt))
        self._matrix = self.unit * np.array([[cos, sin], [-sin, cos]])
        shift = np.array([pose.shift_x, pose.shift_y + _HEADROOM])
        self._offset = self.unit * (_PIVOT + shift) + 0.5  # Pillow cuts fractions off

    def place(self, points: Points) -> Points:
        """Pose points and convert them to pixels. A turn of the head moves near points most."""
        centred = points - _PIVOT
        nearness = np.maximum(1.0 - np.square((points - _NOSE) / _REACH), 0.0)
        centred[:, 0] += self._turn * nearness[:, 0] * nearness[:, 1]
        placed: Points = centred @ self._matrix + self._offset
        return placed

    def draw(
        self, points: Points, fill: Colour | None, line: Colour | None = None, width: float = 1.0
    ) -> None:
        """Fill an outline, and draw a line along it that is `width` units thick; both optional."""
        self._marks.append((points, fill, line, width))

    def _draw_marks(self) -> None:
        """Draw the collected marks: posing many points at once is much faster."""
        if not self._marks:
            return
        numbers = self.place(np.concatenate([mark[0] for mark in self._marks])).ravel().tolist()
        first = 0
        for points, fill, line, width in self._marks:
            outline = numbers[first : first + 2 * len(points)]
            first += len(outline)
            if fill:
                self._pen.polygon(outline, fill=fill)
            if line:
                thick = max(1, round(width * self.unit))
                # Rounded joints are slow, and invisible in thin lines.
                joint = "curve" if thick > 6 else None
                self._pen.line(outline + outline[:4], fill=line, width=thick, joint=joint)
        self._marks = []

    def paper(self, points: Points, colour: Colour) -> None:
        """Fill an outline of the background, which is not posed."""
        flat = (points * self.unit + 0.5).ravel().tolist()
        self._pen.polygon(flat, fill=colour)

    def glow(self, centres: Points, rx: float, ry: float, colour: Colour, share: float) -> None:
        """Draw soft spots: `share` of the colour in their middles, none at their rims."""
        self._draw_marks()
        width, height = (max(1, round(2 * r * self.unit)) for r in (rx, ry))
        mask = _spot().resize((width, height)).point([round(v * share) for v in range(256)])
        for x, y in self.place(centres).tolist():
            self.image.paste(colour, (round(x - width / 2), round(y - height / 2)), mask)

    def gradient(self, above: Colour, below: Colour) -> None:
        """Fill the paper with a gradient from top to bottom."""
        column = np.linspace(above, below, 64).round().astype(np.uint8)[:, None]
        paper = Image.fromarray(column).resize(self.image.size, Image.Resampling.BILINEAR)
        self.image.paste(paper)

    @contextmanager
    def clip(self, points: Points) -> Iterator[None]:
        """Show what the block draws only inside the outline."""
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

    @contextmanager
    def inside(
        self, points: Points, fill: Colour, line: Colour, width: float = 1.0
    ) -> Iterator[None]:
        """Fill an outline, show what the block draws inside it, then draw a line along it."""
        self.draw(points, fill)
        with self.clip(points):
            yield
        self.draw(points, None, line, width)

    def finish(self, size: int) -> Pixels:
        """The picture at its final size, H x W x 3: every pixel is the mean of a block."""
        self._draw_marks()
        return np.array(self.image.reduce(self.side // size))
