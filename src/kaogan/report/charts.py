"""Charts and diagrams as SVG, for screen and paper.

Their colours are those of the page. Lines differ in more than colour. A title and a description say
in words what is to be seen. The markup is in the templates that end in `.svg`. Two charts fit side
by side.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kaogan.export.describe import thinned
from kaogan.images import Pixels
from kaogan.report.pictures import Drawing, strip
from kaogan.report.render import render
from kaogan.training.callbacks.curves import smooth
from kaogan.training.rows import Row

WIDTH, HEIGHT = 400, 240
WIDE, LOW = 820, 190
"""Of a chart that has its line to itself."""
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 36, 46
STRIPS, STRIP_LABEL, STRIP_GAP = 760, 112, 4
"""Width of rows of pictures, of the words before them, and of what is between pictures."""
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
    """Events on the x axis: their numbers, which the text explains."""

    x: float
    label: str


@dataclass(frozen=True)
class Frame:
    """The range of both axes, the size of the picture, and where values lie in it."""

    left: float
    right: float
    low: float
    high: float
    width: int
    height: int

    def x(self, value: float) -> float:
        share = (value - self.left) / (self.right - self.left)
        return round(LEFT + share * (self.width - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.height - BOTTOM - share * (self.height - TOP - BOTTOM), 1)

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
    wide: bool = False,
) -> Drawing:
    """A chart.

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
        wide: it has its line to itself.

    """
    xs = [x for line in lines for x, _ in line.points]
    low, high = y_range or _range([y for line in lines for _, y in line.points])
    right = max([*xs, *(mark.x for mark in marks)])
    width, height = (WIDE, LOW) if wide else (WIDTH, HEIGHT)
    frame = Frame(min(0.0, *xs) if xs else 0.0, max(right, 1e-9), low, high, width, height)
    svg = render(
        "chart.svg",
        name=name,
        title=title,
        description=description,
        width=width,
        height=height,
        edges={"left": LEFT, "right": width - RIGHT, "top": TOP, "bottom": height - BOTTOM},
        frame=frame,
        x_ticks=[(frame.x(value), short(value)) for value in ticks(frame.left, frame.right, 5)],
        y_ticks=[(frame.y(value), short(value)) for value in ticks(low, high, 5)],
        lines=lines,
        x_label=x_label,
        y_label=y_label,
        marks=marks,
        dotted=dotted,
    )
    return Drawing(svg, width, f"{title}. {description}")


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
) -> Drawing:
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
    description = f"{before[1]} goes in. The layers give {words}. {after[1]} comes out."
    svg = render(
        "diagram.svg",
        name=name,
        title=title,
        description=description,
        before=before,
        maps=[(channels, size, 22 + 14 * math.log2(size)) for channels, size in maps],
        after=after,
        style=style,
    )
    return Drawing(svg, 100 * (len(maps) + 2), f"{title}. {description}")


def game_diagram(generated: Pixels | None, real: Pixels | None) -> Drawing:
    """Both networks and what goes in: z to G to D, and x to D.

    Args:
        generated: a picture (1 x H x W x C); without it there is a sign.
        real: likewise.

    """
    title = "The two networks and what they see"
    description = (
        "The generator G makes G(z) of the latent vector z. The discriminator D sees G(z) and real "
        "x, and says how real each is. Its gradient goes back to G."
    )
    pictures = [None if one is None else strip(one) for one in (generated, real)]
    svg = render("game.svg", title=title, description=description, pictures=pictures)
    return Drawing(svg, 640, f"{title}. {description}")


def strips(name: str, title: str, rows: Sequence[tuple[str, str, Pixels]], columns: int) -> Drawing:
    """Rows of small pictures, each row with two lines of words before it.

    Args:
        name: begins the ids inside it.
        title: what it shows.
        rows: words, smaller words, and pictures (N x H x W x C), at most `columns` of them.
        columns: pictures in the longest row.

    """
    tile = (STRIPS - STRIP_LABEL + STRIP_GAP) / columns - STRIP_GAP
    placed = []
    for n, (words, below, pixels) in enumerate(rows):
        count, size = pixels.shape[:2]
        gap = max(1, round(STRIP_GAP * size / tile))
        width = tile * (count * (size + gap) - gap) / size
        top = n * (tile + STRIP_GAP)
        placed.append((round(top, 1), words, below, strip(pixels, gap), round(width, 1)))
    description = "From the top: " + "; ".join(
        f"{words} {below}".strip() for words, below, _ in rows
    )
    height = round(len(rows) * (tile + STRIP_GAP) - STRIP_GAP, 1)
    svg = render(
        "strips.svg",
        name=name,
        title=title,
        description=description,
        rows=placed,
        left=STRIP_LABEL,
        tile=round(tile, 1),
        size=(STRIPS, height),
    )
    return Drawing(svg, STRIPS, f"{title}. {description}")
