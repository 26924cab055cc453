"""`kaogan report`: a run explained in one file."""

import argparse
from pathlib import Path
from typing import Any

from kaogan.cli import arguments as args
from kaogan.errors import UsageError

FORMATS = ("html", "latex", "markdown")


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "report",
        examples=(
            "kaogan report runs/pictures",
            'kaogan report runs/pictures --pdf --author "A Student"',
        ),
        run=run,
        help="write a run's report: HTML, PDF, LaTeX or Markdown",
        description="Write a report that explains a run: its data, both networks, loss, training "
        "and result, with the run's own numbers and pictures, and your own words. The HTML file "
        "also holds the generator itself, to draw with. It shows some of the training pictures.",
    )
    args.shared(command, "run_folder", "--data")
    command.add_argument(
        "--out",
        type=Path,
        metavar="FILE.html",
        help="file to write (RUN/report.html), or folder for the other formats (RUN/report-latex, "
        "RUN/report-markdown)",
    )
    command.add_argument(
        "--format",
        choices=FORMATS,
        default="html",
        help="html: one file; latex, markdown: a folder with the source and its figures (html)",
    )
    args.flag(command, "--pdf", "also print the HTML as PDF, beside it; needs Chromium")
    args.shared(command, "--no-live")
    args.flag(command, "--no-evaluate", "measure nothing, which saves up to a minute")
    add_heading(command)
    args.shared(command, "--json", "--quiet")


def add_heading(command: Any) -> None:
    """Declare the options that say whose report it is, and in whose words."""
    args.shared(command, "--title", help="title (named after the data set)")
    args.shared(command, *args.WORDS)


def heading_of(options: argparse.Namespace) -> dict[str, Any]:
    """The arguments `heading`, `text` and `mark` of `make_report`."""
    from kaogan.report.writing import Heading

    heading = Heading(options.title, options.author, options.course, options.date)
    return {"heading": heading, "text": options.text, "mark": not options.no_marks}


def run(options: argparse.Namespace) -> None:
    """Make it and write it."""
    from kaogan.report import make_report
    from kaogan.report.pdf import find_browser
    from kaogan.report.report import check_new
    from kaogan.training.run import Run

    out = _target(options)
    if options.format != "html":
        check_new(out)
    if options.pdf:
        find_browser()  # complain before the work
    run = Run(options.run_folder)
    report = make_report(
        run, evaluate=not options.no_evaluate, data=options.data, **heading_of(options)
    )
    if options.format == "html":
        missing = report.write(out, live=not options.no_live)
        files = [out]
        if options.pdf:
            files.append(report.write_pdf(out.with_suffix(".pdf")))
    else:
        write = report.write_latex if options.format == "latex" else report.write_markdown
        missing = write(out)
        files = sorted(file for file in out.rglob("*") if file.is_file())
    sizes = {str(file): file.stat().st_size for file in files}
    lines = [f"{file}, {size / 1e6:.1f} MB" for file, size in sizes.items()]
    if options.format != "html":
        main = out / ("report.tex" if options.format == "latex" else "report.md")
        lines = [f"{main}, with {len(files) - 1} figures, {sum(sizes.values()) / 1e6:.1f} MB"]
    if report.waiting:
        places = ", ".join(report.waiting)
        lines.append(f"{len(report.waiting)} places wait for your words (--text): {places}")
    about = {"files": sizes, "waiting": report.waiting}
    args.tell_files(options, about, *lines, missing=missing)


def _target(options: argparse.Namespace) -> Path:
    """The file or folder to write."""
    if options.format == "html":
        return args.file_named(options.out or options.run_folder / "report.html", ".html", ".htm")
    if options.pdf:
        raise UsageError(f"--pdf prints the HTML; leave out --format {options.format} or --pdf")
    out: Path = options.out or options.run_folder / f"report-{options.format}"
    return out
