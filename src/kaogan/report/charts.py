"""Charts and diagrams as SVG, drawn for screen and paper: colours are the page's, lines differ in
more than colour, and a title and a description say in words what is to be seen.
"""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from kaogan.report.history import Event, Row
from kaogan.training.callbacks.curves import smooth

WIDTH, HEIGHT = 560, 230
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 36, 44
LETTER = 8
"""Room for a letter of the legend, on phones too, where letters are larger."""
MOST_POINTS = 400
"""Of a line: more than that, nobody sees."""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """A line of a chart.

    Args:
        label: in the legend.
        points: x ascending, and y.
        smoothed: draw an average, and the points themselves faintly.
        marked: show every point.

    """

    label: str
    points: Points
    smoothed: bool = False
    marked: bool = False


@dataclass(frozen=True)
class Mark:
    """An event on the x axis: a number that the text below the chart explains."""

    x: float
    label: str


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
        y_range: of the y axis; as the points have it unless given.
        marks: vertical lines.
        dotted: a y at which a dotted line lies.

    """
    xs = [x for line in lines for x, _ in line.points]
    low, high = y_range or _range([y for line in lines for _, y in line.points])
    right = max([*xs, *(mark.x for mark in marks)])
    frame = _Frame(min(0.0, *xs) if xs else 0.0, max(right, 1e-9), low, high)
    parts = [_axes(frame, x_label, y_label), _legend(lines)]
    if dotted is not None:
        y = frame.y(dotted)
        parts.append(f'<line class="dotted" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
    parts += [_mark(mark, frame) for mark in marks]
    parts += [_drawn(line, number, frame) for number, line in enumerate(lines, start=1)]
    return _svg(name, title, description, WIDTH, HEIGHT, "".join(parts), "chart")


def marks_of(events: Sequence[Event]) -> list[Mark]:
    """The events that have a place on an axis of images; numbered as they are listed."""
    return [
        Mark(event.images, str(number))
        for number, event in enumerate(events, start=1)
        if event.images is not None and event.kind != "started"
    ]


@dataclass(frozen=True)
class _Frame:
    """From values to places."""

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


def _axes(frame: _Frame, x_label: str, y_label: str) -> str:
    bottom = HEIGHT - BOTTOM
    parts = []
    for value in ticks(frame.low, frame.high, 5):
        y = frame.y(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(_text(short(value), LEFT - 7, y + 4, "end"))
    for value in ticks(frame.left, frame.right, 5):
        x = frame.x(value)
        parts.append(f'<line class="axis" x1="{x}" x2="{x}" y1="{bottom}" y2="{bottom + 5}"/>')
        parts.append(_text(short(value), x, bottom + 19, "middle"))
    axis = f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>'
    names = _text(x_label, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "middle")
    return "".join([*parts, axis, names, _text(y_label, 4, 14, "start")])


def _legend(lines: Sequence[Line]) -> str:
    """On the right above the lines, the last one at the end."""
    parts, right = [], float(WIDTH - RIGHT)
    for number, line in reversed(list(enumerate(lines, start=1))):
        parts.append(
            f'<line class="s{number}" x1="{right - 26:.1f}" x2="{right:.1f}" y1="10" y2="10"/>'
        )
        parts.append(_text(line.label, right - 32, 14, "end"))
        right -= 58 + LETTER * len(line.label)
    return "".join(parts)


def _mark(mark: Mark, frame: _Frame) -> str:
    x = frame.x(mark.x)
    line = f'<line class="mark" x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
    return line + _text(mark.label, x, TOP - 4, "middle", "mark-label")


def _drawn(line: Line, number: int, frame: _Frame) -> str:
    points = thinned(line.points)
    style = f"s{number}"
    if not line.smoothed:
        dots = "".join(
            f'<circle class="{style}" cx="{frame.x(x)}" cy="{frame.y(y)}" r="3"/>'
            for x, y in (points if line.marked else ())
        )
        return _polyline(points, style, frame) + dots
    averaged = smooth([y for _, y in line.points])
    calm = thinned([(x, y) for (x, _), y in zip(line.points, averaged, strict=True)])
    return _polyline(points, f"{style} faint", frame) + _polyline(calm, style, frame)


def _polyline(points: Points, style: str, frame: _Frame) -> str:
    places = " ".join(f"{frame.x(x)},{frame.y(y)}" for x, y in points if math.isfinite(y))
    return f'<polyline class="{style}" points="{places}"/>'


def thinned(points: Points) -> Points:
    """At most `MOST_POINTS`, evenly spread, the first and the last among them."""
    if len(points) <= MOST_POINTS:
        return points
    last = len(points) - 1
    return [points[round(n * last / (MOST_POINTS - 1))] for n in range(MOST_POINTS)]


def _text(words: str, x: float, y: float, anchor: str, style: str = "") -> str:
    named = f' class="{style}"' if style else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f"<text{named} {place}>{html.escape(words)}</text>"


def _svg(
    name: str, title: str, description: str, width: int, height: int, inside: str, style: str
) -> str:
    return (
        f'<svg class="{style}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="{name}-title {name}-description">'
        f'<title id="{name}-title">{html.escape(title)}</title>'
        f'<desc id="{name}-description">{html.escape(description)}</desc>{inside}</svg>'
    )


def network_diagram(
    name: str,
    title: str,
    before: tuple[str, str],
    rows: Sequence[Row],
    after: tuple[str, str],
    style: str,
) -> str:
    """A network as boxes from left to right, as high as its maps are large.

    Args:
        name: begins the ids inside it.
        title: what it shows.
        before: what goes in: a symbol, and a word.
        rows: its layers, as in the table; `shape` is C H W.
        after: what comes out.
        style: class of the boxes.

    """
    width = 100 * (len(rows) + 2)
    step = 100
    parts = [_end(step / 2, *before)]
    for number, row in enumerate(rows, start=1):
        channels, size = row["shape"][0], row["shape"][-1]
        words = f"{channels} × {size} × {size}"
        parts.append(_layer((number + 0.5) * step, size, words, str(number), style))
    parts.append(_end((len(rows) + 1.5) * step, *after))
    for number in range(len(rows) + 1):
        x = (number + 1) * step
        parts.append(f'<path class="arrow" d="M{x - 9:.1f} {MIDDLE}h16m-5 -4l5 4l-5 4"/>')
    maps = [
        f"{row['shape'][0]} channels of {row['shape'][-1]} × {row['shape'][-1]}" for row in rows
    ]
    description = f"{before[1]} goes in. The layers give {', '.join(maps)}. {after[1]} comes out."
    return _svg(name, title, description, width, LOW + 10, "".join(parts), "diagram")


MIDDLE, LOW = 72, 150
"""Of a diagram: the boxes' middle, and the line of their words."""


def _layer(x: float, size: int, words: str, number: str, style: str) -> str:
    """A box, taller the larger its map, with its shape below."""
    side = 22 + 14 * math.log2(size)
    place = f'x="{x - 17:.1f}" y="{MIDDLE - side / 2:.1f}" width="34" height="{side:.1f}"'
    box = f'<rect class="{style}" {place} rx="3"/>'
    inside = _text(number, x, MIDDLE + 4, "middle", "in-box")
    return box + inside + _text(words, x, LOW, "middle", "small")


def _end(x: float, symbol: str, words: str) -> str:
    """What goes in, or comes out: its symbol, and what it is called."""
    box = f'<rect class="data" x="{x - 22:.1f}" y="{MIDDLE - 14}" width="44" height="28" rx="14"/>'
    inside = _text(symbol, x, MIDDLE + 4, "middle", "in-box")
    return box + inside + _text(words, x, LOW, "middle", "small")
