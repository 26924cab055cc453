"""Charts and diagrams as SVG, for screen and paper.

Their colours are those of the page. Lines differ in more than colour. A title and a description say
in words what is to be seen. `templates/chart.svg` and `templates/diagram.svg` hold the markup.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kaogan.export.describe import thinned
from kaogan.report.render import render
from kaogan.training.callbacks.curves import smooth
from kaogan.training.rows import Row

WIDTH, HEIGHT = 560, 230
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 36, 44
MOST_POINTS = 400
"""Of a line; more are not visible."""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """A line of a chart.

    Args:
        label: in the legend.
        points: x ascending, and y.
        smoothed: draw a running average, and the points themselves faintly.
        marked: show every point.

    """

    label: str
    points: Points
    smoothed: bool = False
    marked: bool = False

    @property
    def curve(self) -> Points:
        """The points, or their running average."""
        if not self.smoothed:
            return self.points
        averaged = smooth([y for _, y in self.points])
        return [(x, y) for (x, _), y in zip(self.points, averaged, strict=True)]


@dataclass(frozen=True)
class Mark:
    """An event on the x axis: a number that the text below the chart explains."""

    x: float
    label: str


@dataclass(frozen=True)
class Frame:
    """The range of both axes, and where its values lie in the picture."""

    left: float
    right: float
    low: float
    high: float

    def x(self, value: float) -> float:
        share = (value - self.left) / (self.right - self.left)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    def places(self, points: Points) -> list[tuple[float, float]]:
        """Where the finite points lie, at most `MOST_POINTS` of them."""
        return [(self.x(x), self.y(y)) for x, y in thinned(points, MOST_POINTS) if math.isfinite(y)]


def line_chart(
    name: str,
    title: str,
    description: str,
    lines: Sequence[Line],
    *,
    x_label: str,
    y_label: str,
    y_range: tuple[float, float] | None = None,
    marks: Sequence[Mark] = (),
    dotted: float | None = None,
) -> str:
    """A chart as an <svg> element.

    Args:
        name: begins the ids inside it; unique in the page.
        title: what it shows.
        description: what is to be seen, for those who do not see it.
        lines: at most two.
        x_label: what x is.
        y_label: what y is.
        y_range: of the y axis; from the points unless given.
        marks: vertical lines.
        dotted: a y at which a dotted line lies.

    """
    xs = [x for line in lines for x, _ in line.points]
    low, high = y_range or _range([y for line in lines for _, y in line.points])
    right = max([*xs, *(mark.x for mark in marks)])
    frame = Frame(min(0.0, *xs) if xs else 0.0, max(right, 1e-9), low, high)
    return render(
        "chart.svg",
        name=name,
        title=title,
        description=description,
        width=WIDTH,
        height=HEIGHT,
        edges={"left": LEFT, "right": WIDTH - RIGHT, "top": TOP, "bottom": HEIGHT - BOTTOM},
        frame=frame,
        x_ticks=[(frame.x(value), short(value)) for value in ticks(frame.left, frame.right, 5)],
        y_ticks=[(frame.y(value), short(value)) for value in ticks(low, high, 5)],
        lines=lines,
        x_label=x_label,
        y_label=y_label,
        marks=marks,
        dotted=dotted,
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    """From 0, or below, to a little above all but the highest hundredth."""
    finite = sorted(value for value in values if math.isfinite(value))
    if not finite:
        return 0.0, 1.0
    top = finite[min(len(finite) - 1, math.ceil(0.99 * len(finite)))]
    low = min(0.0, finite[0])
    return low, low + 1.1 * (top - low) if top > low else low + 1.0


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from `low` to `high`, at most about `most` of them."""
    rough = (high - low) / max(1, most)
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(n * step, 12) for n in range(first, math.floor(high / step + 1e-9) + 1)]


def short(value: float) -> str:
    """1500000 as 1.5 M, 20000 as 20 k, 0.25 as it is."""
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}".replace("-", "−")


def network_diagram(
    name: str,
    title: str,
    before: tuple[str, str],
    rows: Sequence[Row],
    after: tuple[str, str],
    style: str,
) -> str:
    """A network as boxes from left to right. A box is taller the larger its map is.

    Args:
        name: begins the ids inside it.
        title: what it shows.
        before: the input: a symbol and a word.
        rows: its layers, as in the table; `shape` is C H W.
        after: the output, likewise.
        style: class of the boxes.

    """
    maps = [(row["shape"][0], row["shape"][-1]) for row in rows]
    words = ", ".join(f"{channels} channels of {size} × {size}" for channels, size in maps)
    return render(
        "diagram.svg",
        name=name,
        title=title,
        description=f"{before[1]} goes in. The layers give {words}. {after[1]} comes out.",
        before=before,
        maps=[(channels, size, 22 + 14 * math.log2(size)) for channels, size in maps],
        after=after,
        style=style,
    )
