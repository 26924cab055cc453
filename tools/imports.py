"""Draw which folder of kaogan imports which: docs/images/imports.svg.

    python tools/imports.py

A box is a folder or a module of the package, in the row of its layer (pyproject.toml); an arrow is
an import. Left out are arrows that a longer way of arrows stands for, and the bottom layer, which
everything may import.
"""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "kaogan"
TARGET = ROOT / "docs" / "images" / "imports.svg"

COLUMNS = {
    **{"cli": 6.0},
    **{"doctor": 0.2, "bench": 2.1, "fitting": 4.0, "report": 6.0, "publish": 9.4},
    **{"picture_sources": 11.5},
    **{"wish_sheets": 5.0, "page": 7.6, "latent_tools": 9.6},
    **{"generators": 10.4},
    **{"recipes": 5.0, "export": 8.2, "zoo": 11.5},
    **{"training": 6.0},
    **{"latent": 2.0, "metrics": 9.9},
    **{"models": 1.0, "convolutions": 3.0, "losses": 4.9, "schedules": 6.8},
    **{"augmentations": 9.6, "data": 11.5},
    **{"films": 9.6},
    **{"contracts": 3.0, "images": 11.0},
    **{"label_vectors": 2.4, "registry": 6.0, "options": 1.0},
    **{"labels": 2.4, "plugins": 6.0, "hub": 9.6},
}
"""Where a box stands in its row; no arrow may run through another box."""
STEP, ROW, WIDTH, HEIGHT, MARGIN = 76, 74, 112, 34, 80
"""Pixels."""

Arrows = dict[str, set[str]]


def layers() -> list[list[str]]:
    """The layers but the lowest two (registry, and what everything imports), the top one first."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    rows = tool["importlinter"]["contracts"][0]["layers"][:-2]
    return [[name.strip().removeprefix("kaogan.") for name in row.split("|")] for row in rows]


def imports() -> Arrows:
    """What each box imports."""
    boxes = {name for row in layers() for name in row}
    arrows: Arrows = {name: set() for name in boxes}
    for file in PACKAGE.rglob("*.py"):
        home = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if home in boxes:
            found = set(_imported(ast.parse(file.read_text(encoding="utf-8"))))
            arrows[home] |= (found & boxes) - {home}
    return arrows


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "kaogan":
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kaogan."):
            yield str(node.module).split(".")[1]


def direct(arrows: Arrows) -> Arrows:
    """The arrows without those that a longer way stands for."""

    def reached(box: str) -> set[str]:
        return arrows[box].union(*(reached(other) for other in arrows[box]))

    return {
        box: {to for to in others if not any(to in reached(other) for other in others - {to})}
        for box, others in arrows.items()
    }


def drawing() -> str:
    """The SVG."""
    rows = layers()
    places = {
        name: (MARGIN + COLUMNS[name] * STEP, MARGIN / 2 + number * ROW)
        for number, row in enumerate(rows)
        for name in row
    }
    width, height = 2 * MARGIN + 11.5 * STEP, MARGIN + (len(rows) - 1) * ROW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        'aria-label="Which folder of kaogan imports which" font-family="system-ui, sans-serif" '
        'font-size="13" text-anchor="middle">',
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>',
        f'<rect width="{width:g}" height="{height:g}" rx="10" fill="#fff"/>',
    ]
    for box, others in sorted(direct(imports()).items()):
        for other in sorted(others):
            (x, y), (to_x, to_y) = places[box], places[other]
            way = f"M{x:g} {y + HEIGHT / 2:g}L{to_x:g} {to_y - HEIGHT / 2:g}"
            parts.append(f'<path d="{way}" stroke="#555" fill="none" marker-end="url(#a)"/>')
    for name, (x, y) in places.items():
        folder = (PACKAGE / name).is_dir()
        parts.append(
            f'<rect x="{x - WIDTH / 2:g}" y="{y - HEIGHT / 2:g}" width="{WIDTH}" '
            f'height="{HEIGHT}" rx="6" fill="{"#e8eefb" if folder else "#fdf1e3"}" '
            f'stroke="{"#3f62a8" if folder else "#c77a1f"}"/>'
            f'<text x="{x:g}" y="{y + 5:g}" fill="#1c2530">{name}{"/" if folder else ""}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    TARGET.write_text(drawing(), encoding="utf-8")
