"""From a RUN to its report."""

from pathlib import Path

from kaogan.progress import track
from kaogan.report.facts import Facts, Missing, gather
from kaogan.report.html import Heading, Report
from kaogan.report.measure import FEWEST, Measured, faces_measured, measure_generator, work
from kaogan.report.pictures import draw_report_pictures
from kaogan.training.run import Run


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
