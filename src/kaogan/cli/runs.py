"""`kaogan list`: the runs in a folder, and how good they are."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.cli import arguments as args
from kaogan.errors import KaoganError

if TYPE_CHECKING:
    from kaogan.training.standing import Summary

HEAD = ("RUN", "SEEN", "STATE", "QUALITY", "VARIETY", "FD", "KID")


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "list",
        run=run,
        help="list the runs in a folder, and how good they are",
        description="List the runs in FOLDER, the newest first: images seen, how the training "
        "ended, a word on how good it is, the share of the variety of real pictures, and the "
        "figures of the best checkpoint. Figures of different data cannot be compared.",
        examples=("kaogan list", "kaogan list runs --json"),
    )
    command.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("runs"),
        metavar="FOLDER",
        help="folder of runs (runs)",
    )
    args.shared(command, "--json")


def run(options: argparse.Namespace) -> None:
    """Print a table, or a list as JSON."""
    from kaogan.training.standing import runs_below, summary

    folder = options.folder
    if not folder.is_dir():
        raise KaoganError(
            f"there is no folder {folder}; give the folder of your runs, or make a run with: "
            "kaogan train DATA"
        )
    found = []
    for each in runs_below(folder):
        try:
            found.append(summary(each))
        except KaoganError as error:
            print(f"warning: {error}", file=sys.stderr)
    if not found:
        args.tell(options, [], f"no runs in {folder}; make one with: kaogan train DATA")
        return
    rows = [HEAD, *(_cells(one) for one in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = ["  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)) for row in rows]
    args.tell(options, [_about(one) for one in found], *(line.rstrip() for line in lines))


def _cells(one: "Summary") -> tuple[str, ...]:
    figures = ("", "", "")
    if one.standing is not None:
        best = one.standing.best
        fd = f"{best['fd']:.1f}" if "fd" in best else ""
        figures = (f"{one.standing.variety:.0%}", fd, f"{best['kid']:.3f}")
    seen = f"{one.seen:,}" if one.unit == "images" else f"{one.seen:,} {one.unit}"
    return (str(one.path), seen, one.state, one.quality, *figures)


def _about(one: "Summary") -> dict[str, Any]:
    return {
        "run": str(one.path),
        "seen": one.seen,
        "unit": one.unit,
        "state": one.state,
        "quality": one.standing and one.standing.about,
        "points": one.points,
    }
