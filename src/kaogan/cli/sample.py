"""`kaogan sample`: new faces from a run, or from a generator that comes with kaogan."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.cli.generators import add_options, chosen
from kaogan.errors import UsageError
from kaogan.files import atomic_file

if TYPE_CHECKING:
    from kaogan.images import Pixels


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "sample",
        help="draw new faces from a run",
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
    pictures = chosen(options).sampler.sample(options.count, options.seed, options.truncation)
    files = (
        _write_each(pictures, out, options) if as_folder else _write_grid(pictures, out, options)
    )
    if options.json:
        print(json.dumps({"seed": options.seed, "count": options.count, "files": files}))
    else:
        last = options.seed + options.count - 1
        seeds = f"seed {last}" if options.count == 1 else f"seeds {options.seed} to {last}"
        print(f"{options.count} face{'s' if options.count > 1 else ''}, {seeds}: {out}")


def _write_grid(pictures: "Pixels", out: Path, options: argparse.Namespace) -> list[str]:
    from kaogan.images import grid

    _write_png(grid(pictures), out, options, options.seed)
    return [str(out)]


def _write_each(pictures: "Pixels", out: Path, options: argparse.Namespace) -> list[str]:
    files = []
    for seed, picture in enumerate(pictures, start=options.seed):
        file = out / f"seed-{seed:06d}.png"
        _write_png(picture, file, options, seed)
        files.append(str(file))
    return files


def _write_png(picture: "Pixels", file: Path, options: argparse.Namespace, seed: int) -> None:
    """Write a PNG whose metadata say how to make it again."""
    from PIL.PngImagePlugin import PngInfo

    from kaogan.images import to_pil
    from kaogan.version import __version__

    about = PngInfo()
    for key, value in {
        "Software": f"kaogan {__version__}",
        "kaogan:seed": seed,
        "kaogan:truncation": options.truncation,
        "kaogan:weights": options.weights,
        "kaogan:source": options.pretrained or Path(options.run_folder).name,
    }.items():
        about.add_text(key, str(value))
    with atomic_file(file) as partial:
        to_pil(picture).save(partial, format="PNG", pnginfo=about)
