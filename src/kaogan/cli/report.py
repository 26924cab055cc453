"""`kaogan report`: one file that tells what a run was."""

import argparse
import json
from pathlib import Path
from typing import Any

from kaogan.errors import UsageError


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "report",
        help="write a run's report, as one HTML file",
        description="Write one HTML file that tells what a run was: its data, networks, loss, "
        "training and result, with this run's own numbers and pictures, and the generator itself "
        "to draw with. It shows some of the training pictures.",
        allow_abbrev=False,
    )
    command.add_argument("run_folder", metavar="RUN", help="folder of the run")
    command.add_argument(
        "--data", metavar="DATASET", help="what the RUN learned from (where it was)"
    )
    command.add_argument("--out", metavar="FILE.html", help="file to write (RUN/report.html)")
    command.add_argument(
        "--pdf", action="store_true", help="also print it as PDF, beside it; needs Chromium"
    )
    command.add_argument(
        "--no-live", action="store_true", help="leave the generator out: a few MB, and not 20"
    )
    command.add_argument(
        "--no-evaluate", action="store_true", help="measure nothing: it takes up to a minute"
    )
    command.add_argument("--title", help="of the report (by the RUN's name)")
    command.add_argument("--author", metavar="NAME", help="who made it")
    command.add_argument("--course", metavar="NAME", help="for what")
    command.add_argument("--json", action="store_true", help="print what was written as JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Make it and write it."""
    from kaogan.report import make_report
    from kaogan.report.html import Heading
    from kaogan.report.pdf import find_browser
    from kaogan.training.run import Run

    folder = Path(options.run_folder)
    out = Path(options.out) if options.out else folder / "report.html"
    if out.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"cannot write {out}: give --out FILE.html")
    if options.pdf:
        find_browser()  # complain before the work
    heading = Heading(options.title, options.author, options.course)
    data = Path(options.data) if options.data else None
    report = make_report(Run(folder), heading, evaluate=not options.no_evaluate, data=data)
    missing = report.write(out, live=not options.no_live)
    files = [out]
    if options.pdf:
        files.append(report.write_pdf(out.with_suffix(".pdf")))
    if options.json:
        left_out = [{"part": one.part, "why": one.why} for one in missing]
        sizes = {str(file): file.stat().st_size for file in files}
        print(json.dumps({"files": sizes, "left_out": left_out}))
        return
    for file in files:
        print(f"{file}, {file.stat().st_size / 1e6:.1f} MB")
    for one in missing:
        print(f"left out: {one.part}: {one.why}")
