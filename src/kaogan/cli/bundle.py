"""`kaogan bundle`: a run as a ZIP to hand in."""

import argparse
import json
from pathlib import Path
from typing import Any

from kaogan.errors import UsageError


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "bundle",
        help="make a ZIP of a run to hand in",
        description="Make a ZIP to hand in: the training as two programs, one of them a single "
        "file that needs no kaogan, with instructions, the report, new faces, weights and "
        "checksums. The same RUN gives the same bytes.",
        allow_abbrev=False,
    )
    command.add_argument("run_folder", metavar="RUN", help="folder of the run")
    command.add_argument(
        "--data", metavar="DATASET", help="what the RUN learned from (where it was)"
    )
    command.add_argument(
        "--out", metavar="FILE.zip", default="handin.zip", help="ZIP to write (handin.zip)"
    )
    command.add_argument("--title", help="of the project (by the RUN's name)")
    command.add_argument("--author", metavar="NAME", help="who hands it in")
    command.add_argument("--course", metavar="NAME", help="for what")
    command.add_argument(
        "--no-pdf", action="store_true", help="no report.pdf, which needs Chromium"
    )
    command.add_argument(
        "--no-live",
        action="store_true",
        help="leave the generator out of the report's page: a smaller ZIP",
    )
    command.add_argument(
        "--no-data-pictures", action="store_true", help="show no training pictures in the report"
    )
    command.add_argument("--json", action="store_true", help="print what was written as JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Gather it and write it."""
    out = Path(options.out)
    if out.suffix.lower() != ".zip" or out.is_dir():
        raise UsageError(f"cannot write {out}: give --out FILE.zip")
    from kaogan.report.bundle import write_bundle
    from kaogan.report.html import Heading
    from kaogan.training.run import Run

    heading = Heading(options.title, options.author, options.course)
    bundle = write_bundle(
        Run(Path(options.run_folder)),
        out,
        heading,
        pdf=not options.no_pdf,
        live=not options.no_live,
        data_pictures=not options.no_data_pictures,
        data=Path(options.data) if options.data else None,
    )
    size = out.stat().st_size
    if options.json:
        left_out = [{"part": one.part, "why": one.why} for one in bundle.missing]
        about = {"file": str(out), "bytes": size, "files": bundle.names, "left_out": left_out}
        print(json.dumps(about))
        return
    print(f"{out}, {len(bundle.names)} files, {size / 1e6:.1f} MB")
    for one in bundle.missing:
        print(f"left out: {one.part}: {one.why}")
