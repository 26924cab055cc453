"""The report as one HTML file, which loads nothing from any network."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from kaogan.export.describe import game_of
from kaogan.export.equations import equations_of, mathml
from kaogan.page.making import style
from kaogan.page.singlefile import single_file
from kaogan.report.facts import Facts, Missing
from kaogan.report.findings import findings
from kaogan.report.glossary import GLOSSARY
from kaogan.report.measure import Measured
from kaogan.report.pictures import FACES, ReportPictures
from kaogan.report.plots import charts, diagrams
from kaogan.report.render import FOLDER, render
from kaogan.report.reproduce import commands
from kaogan.training.recipe import Recipe


@dataclass(frozen=True)
class Heading:
    """Title, author and course of a report. Without a title it has the name of the run."""

    title: str | None = None
    author: str | None = None
    course: str | None = None


def report_html(
    facts: Facts,
    pictures: ReportPictures,
    measured: Measured | None,
    missing: Sequence[Missing],
    live: Mapping[str, bytes],
    heading: Heading,
) -> bytes:
    """The complete report.

    Args:
        facts: about the run.
        pictures: its pictures.
        measured: figures with their floors, if there are any.
        missing: all that is left out.
        live: files of the live generator, by name; empty without one.
        heading: title, author and course.

    """
    recipe = facts.recipe
    events = [event for event in facts.training.events if event.text]
    index = render(
        "report.html",
        facts=facts,
        pictures=pictures,
        measured=measured,
        missing=missing,
        live=bool(live),
        heading=heading,
        events=events,
        charts=list(charts(facts, events)),
        diagrams=diagrams(facts.players),
        game=game_of(recipe),
        loss_fields=[
            (field.description or name, getattr(recipe.loss, name))
            for name, field in type(recipe.loss).model_fields.items()
            if name != "name"
        ],
        lazy_equation=_lazy_equation(recipe),
        findings=findings(facts, measured),
        commands=commands(facts),
        glossary=GLOSSARY,
        shown_faces=FACES,
        torch_version=torch.__version__,
        python_version=platform.python_version(),
    )
    scripts = ["scrubber", "live"] if live else ["scrubber"]
    files = {
        "index.html": index.encode(),
        "style.css": style(FOLDER / "style.css"),
        "js/main.js": "".join(f'import "./{name}.js";\n' for name in scripts).encode(),
        **{f"js/{name}.js": (FOLDER / "js" / f"{name}.js").read_bytes() for name in scripts},
    }
    return single_file(files | dict(live))


def _lazy_equation(recipe: Recipe) -> str | None:
    """The discriminator's loss on a step with penalties, if there are steps without."""
    if len(recipe.kinds_of_steps) == 1:
        return None
    symbols = [
        equation.partition(" = ")[0]
        for term in recipe.penalties
        for equation in equations_of(term)[:1] or [term.name]
    ]
    return mathml(f"L_D + {recipe.penalty_interval} ({' + '.join(symbols)})")
