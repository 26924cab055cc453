"""`kaogan report`: a run explained in one file."""

import argparse

from kaogan.cli import arguments as args


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "report",
        examples=(
            "kaogan report runs/pictures",
            'kaogan report runs/pictures --pdf --author "A Student"',
        ),
        run=run,
        help="write a run's report, as one HTML file",
        description="Write one HTML file that explains a run: its data, networks, loss, training "
        "and result, with the run's own numbers and pictures, and the generator itself to draw "
        "with. It shows some of the training pictures.",
    )
    args.shared(command, "run_folder", "--data")
    command.add_argument("--out", metavar="FILE.html", help="file to write (RUN/report.html)")
    args.flag(command, "--pdf", "also print it as PDF, beside it; needs Chromium")
    args.shared(command, "--no-live")
    args.flag(command, "--no-evaluate", "measure nothing, which saves up to a minute")
    args.shared(command, *args.HEADING, "--json", "--quiet")


def run(options: argparse.Namespace) -> None:
    """Make it and write it."""
    from kaogan.report import make_report
    from kaogan.report.html import Heading
    from kaogan.report.pdf import find_browser
    from kaogan.training.run import Run

    out = args.file_named(options.out or options.run_folder / "report.html", ".html", ".htm")
    if options.pdf:
        find_browser()  # complain before the work
    heading = Heading(options.title, options.author, options.course)
    run = Run(options.run_folder)
    report = make_report(run, heading, evaluate=not options.no_evaluate, data=options.data)
    missing = report.write(out, live=not options.no_live)
    files = [out]
    if options.pdf:
        files.append(report.write_pdf(out.with_suffix(".pdf")))
    sizes = {str(file): file.stat().st_size for file in files}
    lines = [f"{file}, {size / 1e6:.1f} MB" for file, size in sizes.items()]
    args.tell_files(options, {"files": sizes}, *lines, missing=missing)
