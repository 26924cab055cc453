"""From a RUN to its report."""

from pathlib import Path

from kaogan.progress import track
from kaogan.report.facts import Facts, Missing, gather
from kaogan.report.figures import draw_figures
from kaogan.report.measure import FEWEST, Measured, faces_measured, measure_generator, work
from kaogan.report.notes import Notes, read_notes
from kaogan.report.report import Report
from kaogan.report.writing import TITLES, Heading
from kaogan.training.run import Run


def make_report(
    run: Run,
    heading: Heading | None = None,
    *,
    evaluate: bool = True,
    data: Path | None = None,
    data_pictures: bool = True,
    text: Path | None = None,
    mark: bool = True,
) -> Report:
    """Gather the facts about a run, measure its faces, and draw.

    Args:
        run: the training.
        heading: title, author, course and date.
        evaluate: measure; this takes up to a minute.
        data: where the data set is now, if it was moved.
        data_pictures: show pictures of the data set.
        text: the author's own words, a Markdown file (`kaogan.report.notes`).
        mark: mark the places that wait for the author's words.

    Raises:
        UsageError: there is another data set in `data`, or `text` fits no section.
        KaoganError: there is no run, or its `run.json` is damaged.

    """
    notes = read_notes(text, TITLES) if text else Notes()
    facts = gather(run, data)
    measured, missing = _measured(facts, evaluate)
    figures = draw_figures(facts, measured, data_pictures=data_pictures)
    return Report(facts, measured, figures, tuple(missing), heading or Heading(), notes, mark)


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
