"""From a RUN to its report."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from kaogan.errors import KaoganError
from kaogan.files import atomic_file
from kaogan.progress import track
from kaogan.report.facts import Facts, Missing, gather
from kaogan.report.html import Heading, report_html
from kaogan.report.live import live_files
from kaogan.report.measure import FEWEST, Measured, faces_measured, measure_generator, work
from kaogan.report.pdf import write_pdf
from kaogan.report.pictures import ReportPictures, draw_report_pictures
from kaogan.training.run import Run


@dataclass(frozen=True, eq=False)
class Report:
    """A report that is ready to be written, with or without the live generator.

    Args:
        facts: about the run.
        measured: figures with their floors, if there are any.
        pictures: its pictures.
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
        content = report_html(
            self.facts, self.pictures, self.measured, missing, files, self.heading
        )
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


def make_report(
    run: Run,
    heading: Heading | None = None,
    *,
    evaluate: bool = True,
    data: Path | None = None,
) -> Report:
    """Gather the facts about a run, measure its faces, and draw.

    Args:
        run: the training.
        heading: title, author and course.
        evaluate: measure; this takes up to a minute.
        data: where the data set is now, if it was moved.

    Raises:
        UsageError: there is another data set in `data`.
        KaoganError: there is no run, or its `run.json` is damaged.

    """
    facts = gather(run, data)
    measured, missing = _measured(facts, evaluate)
    pictures = draw_report_pictures(facts, measured.neighbours if measured else None)
    return Report(facts, measured, pictures, tuple(missing), heading or Heading())


def _measured(facts: Facts, evaluate: bool) -> tuple[Measured | None, list[Missing]]:
    """Figures with floors, or why there are none, unless the facts say why."""
    part = "figures with their floors, and the nearest training pictures"
    if facts.sampler is None or facts.dataset is None:
        return None, []
    if not evaluate:
        return None, [Missing(part, "measuring was not asked for")]
    if faces_measured(facts.dataset) == 0:
        held_out = len(facts.dataset.held_out)
        why = f"{held_out} held-out pictures are too few; {FEWEST} are needed"
        return None, [Missing(part, why)]
    with track(work(facts.dataset), "measuring", "pictures") as tracker:
        return measure_generator(facts.sampler, facts.dataset, tracker), []
