"""The report as one HTML file, which loads nothing from any network."""

import platform
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from kaogan.errors import KaoganError
from kaogan.export.describe import describe_losses
from kaogan.export.equations import equations_of, mathml
from kaogan.files import atomic_file
from kaogan.page.making import style
from kaogan.page.singlefile import single_file
from kaogan.report.facts import Facts, Missing
from kaogan.report.findings import findings
from kaogan.report.glossary import GLOSSARY
from kaogan.report.live import live_files
from kaogan.report.measure import Measured
from kaogan.report.pdf import write_pdf
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


@dataclass(frozen=True, eq=False)
class Report:
    """A report that is ready to be written, with or without the live generator.

    Args:
        facts: about the run.
        measured: figures with their floors, if there are any.
        pictures: of its faces and data.
        missing: what was not measured, besides what the facts lack.
        heading: title, author and course.

    """

    facts: Facts
    measured: Measured | None
    pictures: ReportPictures
    missing: tuple[Missing, ...]
    heading: Heading

    def write(self, out: Path, *, live: bool) -> list[Missing]:
        """Write the HTML file; returns all that it leaves out.

        Args:
            out: the file.
            live: with the generator in it, if that is possible.

        """
        files, missing = {}, [*self.facts.missing, *self.missing]
        if live and self.facts.drawn is not None:
            try:
                files = live_files(self.facts.drawn)
            except KaoganError as error:
                missing.append(Missing("the generator, alive in the page", str(error)))
        scripts = ["scrubber", "live"] if files else ["scrubber"]
        page = {
            "index.html": self._index(missing, bool(files)).encode(),
            "style.css": style(FOLDER / "style.css"),
            "js/main.js": "".join(f'import "./{name}.js";\n' for name in scripts).encode(),
            **{f"js/{name}.js": (FOLDER / "js" / f"{name}.js").read_bytes() for name in scripts},
        }
        with atomic_file(out) as partial:
            partial.write_bytes(single_file(page | files))
        return missing

    def write_pdf(self, out: Path) -> Path:
        """Print the report, without the live generator.

        Raises:
            KaoganError: there is no Chromium, or it does not print.

        """
        with tempfile.TemporaryDirectory(prefix="kaogan-report-") as folder:
            page = Path(folder) / "report.html"
            self.write(page, live=False)
            return write_pdf(page, out)

    def _index(self, missing: Sequence[Missing], live: bool) -> str:
        facts, recipe = self.facts, self.facts.recipe
        events = [event for event in facts.training.events if event.text]
        return render(
            "report.html",
            facts=facts,
            pictures=self.pictures,
            measured=self.measured,
            missing=missing,
            live=live,
            heading=self.heading,
            events=events,
            charts=list(charts(facts, events)),
            diagrams=diagrams(facts.players),
            losses=describe_losses(recipe),
            loss_fields=[
                (field.description or name, getattr(recipe.loss, name))
                for name, field in type(recipe.loss).model_fields.items()
                if name != "name"
            ],
            lazy_equation=_lazy_equation(recipe),
            findings=findings(facts, self.measured),
            commands=commands(facts),
            glossary=GLOSSARY,
            shown_faces=FACES,
            torch_version=torch.__version__,
            python_version=platform.python_version(),
        )


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
