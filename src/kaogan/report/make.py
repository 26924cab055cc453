"""From a RUN to its report."""

from dataclasses import dataclass
from pathlib import Path

from kaogan.errors import KaoganError
from kaogan.files import atomic_file
from kaogan.progress import track
from kaogan.report.facts import Facts, Missing, gather
from kaogan.report.html import Heading, report_html
from kaogan.report.live import live_files
from kaogan.report.measure import FEWEST, Measured, faces_measured, measure_generator, work
from kaogan.report.pictures import ReportPictures, draw_report_pictures
from kaogan.training.run import Run


@dataclass(frozen=True, eq=False)
class Report:
    """All that a report needs, gathered and drawn; it can be written with the generator or without.

    Args:
        facts: of the run.
        measured: figures with their floors, if there are.
        looks: its pictures.
        missing: what was left out of measuring, besides what the facts say.
        heading: title, author and course.

    """

    facts: Facts
    measured: Measured | None
    looks: ReportPictures
    missing: tuple[Missing, ...]
    heading: Heading

    def write(self, out: Path, *, live: bool) -> list[Missing]:
        """Write the file; returns all that it leaves out.

        Args:
            out: the HTML file.
            live: with the generator in it, if that is possible.

        """
        files, missing = {}, [*self.missing]
        if live and self.facts.drawn is not None:
            try:
                files = live_files(self.facts.drawn)
            except KaoganError as error:
                missing.append(Missing("the generator, alive in the page", str(error)))
        content = report_html(self.facts, self.looks, self.measured, missing, files, self.heading)
        with atomic_file(out) as partial:
            partial.write_bytes(content)
        return [*self.facts.missing, *missing]


def make_report(
    run: Run,
    heading: Heading | None = None,
    *,
    evaluate: bool = True,
    data: Path | None = None,
) -> Report:
    """Gather what is known of a run, measure its faces, and draw.

    Args:
        run: the training.
        heading: title, author and course.
        evaluate: measure; it takes up to a minute.
        data: where the data set lies now, if not where it was.

    Raises:
        UsageError: there is another data set in `data`.
        KaoganError: there is no run, or its `run.json` is damaged.

    """
    facts = gather(run, data)
    measured, missing = _measured(facts, evaluate)
    looks = draw_report_pictures(facts, measured.neighbours if measured else None)
    return Report(facts, measured, looks, tuple(missing), heading or Heading())


def write_report(
    run: Run,
    out: Path,
    *,
    live: bool,
    title: str | None = None,
    author: str | None = None,
    course: str | None = None,
    evaluate: bool = True,
    data: Path | None = None,
) -> Path:
    """Write a run's report as one HTML file; returns its path.

    Args:
        run: the training.
        out: the file.
        live: with the generator in the page, where that is possible.
        title: of the report; by the run's name unless given.
        author: who hands it in.
        course: for what.
        evaluate: measure the faces; it takes up to a minute.
        data: where the data set lies now, if not where it was.

    Raises:
        UsageError: there is another data set in `data`.
        KaoganError: there is no run, or its `run.json` is damaged.

    """
    heading = Heading(title, author, course)
    make_report(run, heading, evaluate=evaluate, data=data).write(out, live=live)
    return out


def _measured(facts: Facts, evaluate: bool) -> tuple[Measured | None, list[Missing]]:
    """Figures with floors, or why there are none; what the facts miss needs no second word."""
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
