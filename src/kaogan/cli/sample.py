"""`kaogan sample`: new faces from a run, or from a generator that comes with kaogan."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.cli.generators import add_options, chosen
from kaogan.cli.pictures import write_png
from kaogan.errors import UsageError

if TYPE_CHECKING:
    from kaogan.generators import TrainedGenerator
    from kaogan.images import Pixels


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "sample",
        help="draw new faces",
        description="Draw new faces from a run, or from a generator that comes with kaogan. "
        "Each face has a seed of its own: --seed 7 --count 1 draws the eighth of --seed 0.",
        allow_abbrev=False,
    )
    add_options(command)
    command.add_argument("--count", type=int, default=64, help="faces to draw (64)")
    command.add_argument("--seed", type=int, default=0, help="seed of the first face (0)")
    command.add_argument(
        "--out",
        default="faces.png",
        help="a grid, FILE.png, or a folder, DIR/, with one PNG each (faces.png)",
    )
    command.add_argument(
        "--truncation", type=float, default=1.0, help="below 1: cleaner, more alike (1)"
    )
    command.add_argument("--json", action="store_true", help="print what was written as JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Draw and write."""
    out = Path(options.out)
    as_folder = options.out.endswith(("/", "\\")) or out.is_dir() or out.suffix == ""
    if not as_folder and out.suffix.lower() != ".png":
        raise UsageError(f"cannot write {out}: give --out FILE.png, or a folder as DIR/")
    if options.seed < 0 or options.seed + options.count >= 2**63:
        raise UsageError(f"seed {options.seed} is out of range; use 0 or more")
    source = chosen(options)
    pictures = source.sample(options.count, options.seed, options.truncation)
    write = _write_each if as_folder else _write_grid
    files = write(pictures, out, options, source)
    if options.json:
        print(json.dumps({"seed": options.seed, "count": options.count, "files": files}))
    else:
        last = options.seed + options.count - 1
        seeds = f"seed {last}" if options.count == 1 else f"seeds {options.seed} to {last}"
        print(f"{options.count} face{'s' if options.count > 1 else ''}, {seeds}: {out}")


def _write_grid(
    pictures: "Pixels", out: Path, options: argparse.Namespace, source: "TrainedGenerator"
) -> list[str]:
    from kaogan.images import grid

    write_png(grid(pictures), out, _about(options.seed, options, source))
    return [str(out)]


def _write_each(
    pictures: "Pixels", out: Path, options: argparse.Namespace, source: "TrainedGenerator"
) -> list[str]:
    files = []
    for seed, picture in enumerate(pictures, start=options.seed):
        file = out / f"seed-{seed:06d}.png"
        write_png(picture, file, _about(seed, options, source))
        files.append(str(file))
    return files


def _about(seed: int, options: argparse.Namespace, source: "TrainedGenerator") -> dict[str, object]:
    """How to make a picture again."""
    about: dict[str, object] = {"seed": seed, "truncation": options.truncation}
    if source.weights is not None:
        about["weights"] = source.weights
    return about | {"source": source.name}
