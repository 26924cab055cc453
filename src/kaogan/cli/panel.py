"""`kaogan evaluate --panel`: what do people take for drawn?"""

import argparse
import json
import sys
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from kaogan.errors import UsageError
from kaogan.page.server import Server, serve

if TYPE_CHECKING:
    from kaogan.metrics.report import Split
    from kaogan.report.panel import Panel


def add_options(command: argparse.ArgumentParser) -> None:
    """Declare the options that only a panel has."""
    command.add_argument(
        "--panel",
        action="store_true",
        help="measure nothing: write a page on which people tell real pictures from generated ones",
    )
    command.add_argument(
        "--serve",
        action="store_true",
        help="with --panel: write no page but serve it to this machine, and keep every score",
    )
    command.add_argument(
        "--no-open", action="store_true", help="with --serve: do not open the browser"
    )


def run(options: argparse.Namespace) -> None:
    """Write the page, or serve it and keep the scores."""
    from kaogan.files import atomic_file
    from kaogan.generators import run_of
    from kaogan.page.singlefile import single_file
    from kaogan.report.panel import NAME, read_scores

    _refuse_what_measures(options)
    run = run_of(options.what)
    home = Path() if run is None else run.path
    place = home / f"{NAME}.jsonl"
    panel = _panel(options)
    if any(score.seed == options.seed for score in read_scores(place)):
        print(
            f"note: {place} has a score of seed {options.seed}; who judged that sheet knows its "
            "answers, and needs another --seed",
            file=sys.stderr,
        )
    if options.serve:
        _serve(panel, place, options)
        return
    out = Path(options.out) if options.out else home / f"{NAME}.html"
    content = single_file(panel.files(place, served=False))
    with atomic_file(out) as partial:
        partial.write_bytes(content)
    if options.json:
        print(json.dumps({"file": str(out), "bytes": len(content), "scores": str(place)}))
    else:
        print(f"{out}, {len(content) / 1e6:.1f} MB: open it in a browser; --serve keeps the score")


def _serve(panel: "Panel", place: Path, options: argparse.Namespace) -> None:
    """Serve the page until Ctrl-C, and keep every score."""
    from kaogan.report.panel import add_score

    turn = Lock()  # two people may finish at once

    def take(content: bytes) -> None:
        score = panel.score(content)
        with turn:
            add_score(place, score)
            print(score.model_dump_json() if options.json else f"{score}; kept in {place}")
            sys.stdout.flush()

    with Server(0, take) as serving:
        serving.files = panel.files(place, served=True)
        serve(serving, open_browser=not options.no_open)


def _refuse_what_measures(options: argparse.Namespace) -> None:
    if options.features != "random" or options.features_weights is not None:
        raise UsageError("--panel measures nothing; leave --features away")
    if options.out is not None and options.serve:
        raise UsageError("--serve writes no page; leave --out away")
    if options.out is not None and Path(options.out).suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"cannot write {options.out}: give --out FILE.html")


def _panel(options: argparse.Namespace) -> "Panel":
    from kaogan.report.panel import COUNT, first_seed, panel_of
    from kaogan.subjects import Drawing, find_subject, real_pictures
    from kaogan.training.precision import choose_device

    if options.seed < 0:
        raise UsageError(f"there is no seed {options.seed}; use 0 or more")
    dataset = real_pictures(options.what, options.data)
    count = COUNT if options.count is None else options.count
    drawing = Drawing(
        first_seed(options.seed),
        options.weights,
        options.truncation,
        options.checkpoint,
        choose_device(options.device),
    )
    subject = find_subject(options.what, dataset, count, drawing)
    split: Split = options.split or "held-out"
    return panel_of(subject.pictures, subject.about, dataset, split, count, options.seed)
