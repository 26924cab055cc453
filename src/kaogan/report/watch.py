"""The page of `kaogan watch`: a run while it trains. It asks for `state.json` again and again."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from kaogan.page.making import style
from kaogan.report.history import read_history
from kaogan.report.plots import training_charts
from kaogan.report.render import FOLDER, render
from kaogan.training.fit import planned_images
from kaogan.training.recipe import Budget
from kaogan.training.records import EvaluationRecord, MetricsRecord
from kaogan.training.rows import read_rows
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
        "charts": charts(run, found.unit),
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


def charts(run: Run, unit: str) -> list[str]:
    """The curves so far, as SVG. Those of quality have a dotted line: real pictures."""
    rows = read_rows(run.metrics, MetricsRecord)
    evaluations = read_rows(run.evaluations, EvaluationRecord)
    told = standing(run.path)
    found = training_charts(rows, evaluations, unit, floor=told.floor if told else None)
    return [drawing.svg for _, drawings in found for drawing in drawings]
