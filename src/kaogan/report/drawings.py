"""Drawings as files for where no page gives them a style: SVG with its own, and PDF.

They consist of few kinds of elements (line, polyline, circle, rect, path, image, text), whose look
is that of the page in light colours.
"""

import base64
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from kaogan.files import atomic_file
from kaogan.report.pictures import Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, MUTED, GROUND, SUNK = "#25211d", "#625b53", "#ffffff", "#f5f2ee"
LINE, EDGE, ACCENT, SECOND = "#dcd5cc", "#857d73", "#9c3557", "#1f6f78"
TINT, SECOND_TINT = "#f8e9ee", "#e2f0f1"

LETTERS = 12.0
"""Height of letters, in pixels."""

STYLES: dict[str, dict[str, Any]] = {
    "grid": {"stroke": LINE},
    "axis": {"stroke": EDGE},
    "dotted": {"stroke": INK, "dashes": "1 4"},
    "mark": {"stroke": EDGE, "dashes": "2 3"},
    "mark-label": {"fill": INK, "bold": True},
    "s1": {"stroke": SECOND, "width": 2.2},
    "s2": {"stroke": ACCENT, "width": 2.2, "dashes": "7 3"},
    "faint": {"width": 1.0, "dashes": None, "opacity": 0.3},
    "generator": {"fill": TINT, "stroke": ACCENT},
    "discriminator": {"fill": SECOND_TINT, "stroke": SECOND},
    "data": {"fill": SUNK, "stroke": EDGE},
    "arrow": {"stroke": EDGE, "width": 1.5},
    "in-box": {"fill": INK, "bold": True},
}
"""By class, as in style.css. Later classes of an element win."""

MOVES = re.compile(r"([Mmhvl])\s*(-?[\d.]+)[\s,]*(-?[\d.]+)?")


def standalone(drawing: Drawing) -> bytes:
    """An SVG file that needs no page around it."""
    rules = [
        "text{font:12px sans-serif}",
        f"text{{fill:{MUTED}}}polyline,line,path{{fill:none;stroke-width:1}}",
    ]
    for name, style in STYLES.items():
        wanted = {
            "fill": style.get("fill"),
            "stroke": style.get("stroke"),
            "stroke-width": style.get("width"),
            "stroke-dasharray": style.get("dashes", "") or ("none" if "dashes" in style else None),
            "opacity": style.get("opacity"),
            "font-weight": "bold" if style.get("bold") else None,
        }
        body = ";".join(f"{key}:{value}" for key, value in wanted.items() if value is not None)
        rules.append(f".{name}{{{body}}}")
    rules.append(f"circle{{fill:{GROUND}}}")
    sheet = f"<style>{''.join(rules)}</style>"
    _, _, width, height = ET.fromstring(drawing.svg).attrib["viewBox"].split()
    size = f'xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
    svg = drawing.svg.replace("<svg ", f"<svg {size} ", 1)
    return svg.replace("</desc>", f"</desc>{sheet}", 1).encode()


def write_drawing(drawing: Drawing, file: Path) -> None:
    """A PDF file with lines and letters, not pixels. The same drawing gives the same bytes."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure  # slow to import

    root = ET.fromstring(drawing.svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    with rc_context(
        {"font.family": "DejaVu Sans", "pdf.fonttype": 3}
    ):  # 42 takes ten times as long
        figure = Figure(figsize=(width / 72, height / 72))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.axis("off")
        for element in root.iter():
            _draw(axes, element)
        with atomic_file(file) as partial:
            figure.savefig(partial, format="pdf", metadata={"CreationDate": None})


def _draw(axes: "Axes", element: ET.Element) -> None:
    """Add an element of a drawing to axes whose unit is its pixel."""
    from matplotlib.patches import Circle, FancyBboxPatch

    style = _style(element)
    match element.tag:
        case "line":
            ends = (
                [_number(element, "x1"), _number(element, "x2")],
                [_number(element, "y1"), _number(element, "y2")],
            )
            axes.plot(*ends, **_stroke(style))
        case "polyline":
            pairs = [pair.split(",") for pair in element.get("points", "").split()]
            xs, ys = [float(x) for x, _ in pairs], [float(y) for _, y in pairs]
            axes.plot(xs, ys, **_stroke(style))
        case "path":
            for xs, ys in _strokes(element.get("d", "")):
                axes.plot(xs, ys, **_stroke(style))
        case "circle":
            place, edge = (_number(element, "cx"), _number(element, "cy")), style.get("stroke", INK)
            axes.add_patch(
                Circle(place, _number(element, "r"), facecolor=GROUND, edgecolor=edge, zorder=4)
            )
        case "rect":
            radius = min(
                _number(element, "rx"),
                _number(element, "width") / 2,
                _number(element, "height") / 2,
            )
            axes.add_patch(
                FancyBboxPatch(
                    (_number(element, "x") + radius, _number(element, "y") + radius),
                    _number(element, "width") - 2 * radius,
                    _number(element, "height") - 2 * radius,
                    boxstyle=f"round,pad={radius}",
                    facecolor=style.get("fill", "none"),
                    edgecolor=style.get("stroke", "none"),
                )
            )
        case "image":
            left, top = _number(element, "x"), _number(element, "y")
            extent = (left, left + _number(element, "width"), top + _number(element, "height"), top)
            pixels = _pixels(element.get("href", ""))
            axes.imshow(pixels, extent=extent, aspect="auto", interpolation="none", zorder=3)
        case "text":
            anchors = {"start": "left", "middle": "center", "end": "right"}
            axes.text(
                _number(element, "x"),
                _number(element, "y"),
                "".join(element.itertext()).replace("$", r"\$"),
                ha=anchors[element.get("text-anchor", "start")],
                va="baseline",
                fontsize=LETTERS,
                color=style.get("fill", MUTED),
                fontweight="bold" if style.get("bold") else "normal",
                zorder=5,
            )


def _number(element: ET.Element, name: str) -> float:
    """An attribute as a number; 0 if it is not there."""
    return float(element.get(name, 0))


def _style(element: ET.Element) -> dict[str, Any]:
    style: dict[str, Any] = {}
    for name in element.get("class", "").split():
        style |= STYLES.get(name, {})
    return style


def _stroke(style: dict[str, Any]) -> dict[str, Any]:
    dashes = [float(n) for n in (style.get("dashes") or "").split()]
    return {
        "color": style.get("stroke", EDGE),
        "linewidth": style.get("width", 1.0),
        "alpha": style.get("opacity"),
        "linestyle": (0, dashes) if dashes else "solid",
        "solid_joinstyle": "round",
        "zorder": 2,
    }


def _strokes(path: str) -> list[tuple[list[float], list[float]]]:
    """The lines of a path of moves M, m, h, v and l."""
    strokes: list[tuple[list[float], list[float]]] = []
    for command, first, second in MOVES.findall(path):
        a, b = float(first), float(second or 0)
        if command == "M":
            strokes.append(([a], [b]))
            continue
        xs, ys = strokes[-1]
        if command == "m":
            strokes.append(([xs[-1] + a], [ys[-1] + b]))
            continue
        across, down = {"h": (a, 0.0), "v": (0.0, a)}.get(command, (a, b))
        xs.append(xs[-1] + across)
        ys.append(ys[-1] + down)
    return strokes


def _pixels(address: str) -> "np.ndarray[Any, Any]":
    content = base64.b64decode(address.partition(",")[2])
    with Image.open(io.BytesIO(content)) as opened:
        return np.asarray(opened.convert("RGBA"))
