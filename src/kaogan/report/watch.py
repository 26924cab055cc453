"""The page of `kaogan watch`: a run while it trains. It asks for `state.json` again and again."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kaogan.metrics.quick import NAMES, deciding
from kaogan.page.making import style
from kaogan.report.charts import Line, line_chart
from kaogan.report.history import read_history
from kaogan.report.render import FOLDER, render
from kaogan.training.fit import planned_images
from kaogan.training.recipe import Budget
from kaogan.training.rows import Row, read_rows
from kaogan.training.run import Run
from kaogan.training.standing import standing, summary

GRID = re.compile(r"samples/\d+-ema\.png")
MOST_EVENTS = 50


class Watched(Mapping[str, bytes]):
    """The page's files by name, as the RUN is now.

    Raises:
        KaoganError: there is no run, or a damaged one.

    """

    def __init__(self, run: Run) -> None:
        self.run = run
        title = run.path.resolve().name
        summary(run)  # complains
        self.fixed = {
            "index.html": render("watch.html", title=title).encode(),
            "style.css": style(FOLDER / "style.css"),
            "watch.css": (FOLDER / "watch.css").read_bytes(),
            "js/main.js": (FOLDER / "js" / "watch.js").read_bytes(),
        }

    def __getitem__(self, name: str) -> bytes:
        if name == "state.json":
            return json.dumps(state_of(self.run)).encode()
        if GRID.fullmatch(name):
            try:
                return (self.run.path / name).read_bytes()
            except OSError:
                raise KeyError(name) from None
        return self.fixed[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self.fixed, "state.json", *grids(self.run)])

    def __len__(self) -> int:
        return sum(1 for _ in self)


def grids(run: Run) -> list[str]:
    """The grids of averaged weights, from the first to the newest."""
    return [f"samples/{file.name}" for file in sorted(run.samples.glob("*-ema.png"))]


def state_of(run: Run) -> dict[str, Any]:
    """What the page shows."""
    found, told = summary(run), standing(run.path)
    quality = told.lines if told else []
    if found.points is not None:
        quality = [found.quality]
    return {
        "state": found.state,
        "seen": found.seen,
        "unit": found.unit,
        "planned": _planned(run),
        "quality": quality,
        "grids": grids(run),
        "charts": list(charts(run, found.unit)),
        "events": [
            {"time": event.time.isoformat(), "kind": event.kind, "text": event.text}
            for event in read_history(run.path)[-MOST_EVENTS:]
        ],
    }


def _planned(run: Run) -> int | None:
    """Images of the whole training, if that is known."""
    about = run.about
    budget = Budget(**about.get("budget", {}))
    limit = budget.images_limit(about["dataset"].get("pictures", 1))
    return planned_images(budget, run.recipe, limit)


def charts(run: Run, unit: str) -> Iterator[str]:
    """The curves so far, as SVG. Those of quality have a dotted line: real pictures."""
    rows, evaluations = read_rows(run.metrics), read_rows(run.evaluations)
    told = standing(run.path)

    def chart(name: str, title: str, lines: Sequence[Line], label: str, **more: Any) -> str:
        return line_chart(name, title, title, lines, x_label=f"{unit} seen", y_label=label, **more)

    if len(evaluations) >= 2 and told is not None:
        key = deciding(evaluations)
        name = NAMES[key]
        lines = [Line(name, _column(evaluations, key), marked=True)]
        label = f"{name}, lower is better"
        yield chart("quality", f"{name} over {unit} seen", lines, label, dotted=told.floor.get(key))
        lines = [Line("coverage", _column(evaluations, "coverage"), marked=True)]
        label, real = "coverage, higher is better", told.floor.get("coverage")
        title = f"Coverage over {unit} seen"
        yield chart("coverage", title, lines, label, y_range=(0.0, 1.0), dotted=real)
    if len(rows) >= 2:
        lines = [
            Line("discriminator", _column(rows, "loss_d"), smoothed=True),
            Line("generator", _column(rows, "loss_g"), smoothed=True),
        ]
        yield chart("losses", "Losses of both players", lines, "loss")
        lines = [
            Line("D(x), real", _column(rows, "d_real"), smoothed=True),
            Line("D(G(z)), drawn", _column(rows, "d_fake"), smoothed=True),
        ]
        label, title = "probability of being real", "D(x) and D(G(z))"
        yield chart("probabilities", title, lines, label, y_range=(0.0, 1.0), dotted=0.5)


def _column(rows: Sequence[Row], key: str) -> list[tuple[float, float]]:
    return [(float(row["images_seen"]), float(row[key])) for row in rows if key in row]
