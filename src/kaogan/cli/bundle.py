"""`kaogan bundle`: a run as a ZIP to hand in."""

import argparse

from kaogan.cli import arguments as args
from kaogan.cli.report import add_heading, heading_of


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "bundle",
        examples=(
            "kaogan bundle runs/pictures",
            "kaogan bundle runs/pictures --no-pdf --out handin.zip",
        ),
        run=run,
        help="make a ZIP of a run to hand in",
        description="Make a ZIP to hand in: the training as two programs (one of them is a single "
        "file that needs no kaogan), instructions, the report, new faces, weights and checksums. "
        "All is in one folder with the name of the ZIP. The same RUN and name give the same bytes.",
    )
    args.shared(command, "run_folder", "--data")
    args.value(command, "--out", "FILE.zip", "handin.zip", "ZIP to write")
    add_heading(command)
    args.shared(command, "--no-live")
    args.flag(command, "--no-pdf", "no report.pdf, which needs Chromium")
    args.flag(command, "--no-data-pictures", "show no training pictures in the report")
    args.shared(command, "--json", "--quiet")


def run(options: argparse.Namespace) -> None:
    """Collect the files and write the ZIP."""
    out = args.file_named(options.out, ".zip")
    from kaogan.report.bundle import write_bundle
    from kaogan.training.run import Run

    bundle = write_bundle(
        Run(options.run_folder),
        out,
        pdf=not options.no_pdf,
        live=not options.no_live,
        data_pictures=not options.no_data_pictures,
        data=options.data,
        **heading_of(options),
    )
    size = out.stat().st_size
    about = {"file": str(out), "bytes": size, "files": bundle.names}
    words = f"{out}, {len(bundle.names)} files, {size / 1e6:.1f} MB"
    args.tell_files(options, about, words, missing=bundle.missing)
