"""The report of a run, in any of its formats."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from kaogan.errors import KaoganError, UsageError, typed
from kaogan.files import atomic_file, atomic_folder
from kaogan.report.document import Document
from kaogan.report.facts import Facts, Missing
from kaogan.report.figures import Figures
from kaogan.report.html import html_of
from kaogan.report.latex import write_latex
from kaogan.report.live import live_files
from kaogan.report.markdown import write_markdown
from kaogan.report.measure import Measured
from kaogan.report.notes import Notes
from kaogan.report.pdf import write_pdf
from kaogan.report.writing import QUESTIONS, Heading, write_document


@dataclass(frozen=True, eq=False)
class Report:
    """A report that is ready to be written.

    Args:
        facts: about the run.
        measured: figures with their floors, if there are any.
        figures: pictures, charts and diagrams.
        missing: what was not measured, besides what the facts lack.
        heading: title, author, course and date.
        notes: the author's own words.
        mark: mark the places that wait for the author's words.

    """

    facts: Facts
    measured: Measured | None
    figures: Figures
    missing: tuple[Missing, ...]
    heading: Heading
    notes: Notes = field(default_factory=Notes)
    mark: bool = True

    @property
    def waiting(self) -> list[str]:
        """The names of the places that are marked: they wait for the author's words."""
        return [name for name in QUESTIONS if self.mark and name not in self.notes.texts]

    @property
    def left_out(self) -> list[Missing]:
        """What a report on paper leaves out."""
        return [*self.facts.missing, *self.missing]

    def document(self, missing: list[Missing]) -> Document:
        """The report in no particular format."""
        return write_document(
            self.facts,
            self.figures,
            self.measured,
            missing,
            self.heading,
            self.notes,
            mark=self.mark,
        )

    def write(self, out: Path, *, live: bool) -> list[Missing]:
        """Write an HTML file; returns all that it leaves out.

        Args:
            out: the file.
            live: with the generator in it, if that is possible.

        """
        files, missing = {}, self.left_out
        if live and self.facts.drawn is not None:
            try:
                files = live_files(self.facts.drawn)
            except KaoganError as error:
                missing.append(Missing("the generator, alive in the page", str(error)))
        content = html_of(self.document(missing), self.heading.author, files)
        with atomic_file(out) as partial:
            partial.write_bytes(content)
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

    def write_latex(self, folder: Path) -> list[Missing]:
        """Write a folder with `report.tex` and its figures; returns all that it leaves out.

        Raises:
            UsageError: the folder is there already. Somebody may have changed the text.

        """
        check_new(folder)
        with atomic_folder(folder) as partial:
            write_latex(self.document(self.left_out), self.heading.author, partial)
        return self.left_out

    def write_markdown(self, folder: Path) -> list[Missing]:
        """Write a folder with `report.md` and its figures; returns all that it leaves out.

        Raises:
            UsageError: as `write_latex`.

        """
        check_new(folder)
        with atomic_folder(folder) as partial:
            write_markdown(self.document(self.left_out), partial)
        return self.left_out


def check_new(folder: Path) -> None:
    """Raise a UsageError if there is such a folder."""
    if folder.exists():
        raise UsageError(
            f"{typed(folder)} is there, and may hold changes of yours; remove it, or give "
            "another --out"
        )
