"""`kaogan sample`: new faces from a run, or from a generator that comes with kaogan."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kaogan.cli import arguments as args
from kaogan.errors import UsageError

if TYPE_CHECKING:
    from kaogan.generators import TrainedGenerator

MOST_PIXELS = 25_000_000
"""Of a grid: more is slow to open, and shows no more."""
STANDARD_OUTPUT = "-"


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "sample",
        run=run,
        help="draw new faces",
        description="Draw new faces from a run, or from a generator that comes with kaogan. "
        "Each face has a seed of its own: --seed 7 --count 1 draws the eighth of --seed 0.",
        examples=(
            "kaogan sample faces-64 --out faces.png",
            "kaogan sample runs/pictures --count 1000 --out faces/",
        ),
    )
    args.shared(command, *args.GENERATOR)
    command.add_argument(
        "--count", type=int, metavar="N", help="faces to draw (64; with --vary of one attribute 4)"
    )
    args.value(command, "--seed", "N", 0, "seed of the first face")
    out = "a grid, FILE.png, .jpg or .webp; a folder, DIR/, with one PNG each; - for a PNG on "
    args.value(command, "--out", "PATH", "faces.png", f"{out}standard output")
    command.add_argument(
        "--vary",
        metavar="NAME[,NAME]",
        help="of a generator that knows labels: a face with all values of one or two attributes",
    )
    args.shared(command, "--set", "--force", "--truncation", "--json", "--quiet")


def run(options: argparse.Namespace) -> None:
    """Draw and write."""
    if options.count is None:
        options.count = (1 if "," in options.vary else 4) if options.vary else 64
    out, first, count = Path(options.out), options.seed, options.count
    to_output = options.out == STANDARD_OUTPUT
    as_folder = not to_output and (
        options.out.endswith(("/", "\\")) or out.is_dir() or out.suffix == ""
    )
    _check(options, as_folder, to_output)
    source = args.generator_of(options)
    if options.vary:
        _write_sheet(options, source, as_folder or to_output)
        return
    about: dict[str, object] = {"truncation": options.truncation}
    if source.weights is not None:
        about["weights"] = source.weights
    about["source"] = source.name
    if wishes := args.wishes_of(options):
        about["wishes"] = ", ".join(f"{name}={value}" for name, value in wishes.items())
    if as_folder:
        files = _write_each(options, source, out, about)
    else:
        files = _write_grid(options, source, out, {"seed": first} | about, to_output)
    if to_output:
        return
    words = f"seed {first}" if count == 1 else f"seeds {first} to {first + count - 1}"
    where = out if as_folder else files[0]
    result = {"seed": first, "count": count, "files": [str(file) for file in files]}
    if wishes:
        result["wishes"] = wishes
        words += f", {about['wishes']}"
    args.tell(options, result, f"{count} face{'s' * (count > 1)}, {words}: {where}")


def _check(options: argparse.Namespace, as_folder: bool, to_output: bool) -> None:
    """Raise a UsageError for a place where nothing can be written."""
    from kaogan.images import FORMATS

    if to_output and options.json:
        raise UsageError("--out - and --json both write to standard output; give one of them")
    if to_output and sys.stdout.isatty():
        raise UsageError(
            "--out - is for a pipe or a file, as in: kaogan sample WHAT --out - > FILE"
        )
    if not as_folder and not to_output and Path(options.out).suffix.lower() not in FORMATS:
        raise UsageError(
            f"cannot write {options.out}: give --out FILE.png, FILE.jpg or FILE.webp, or a folder "
            "as DIR/"
        )


def _write_sheet(options: argparse.Namespace, source: "TrainedGenerator", other: bool) -> None:
    """Write a sheet of one or two attributes."""
    from kaogan.images import write_picture
    from kaogan.wish_sheets import sheet

    if other:
        raise UsageError("--vary draws one picture; give --out FILE.png")
    names = options.vary.split(",")
    wishes = args.wishes_of(options)
    picture = sheet(source, names, options.seed, options.count, wishes, options.truncation)
    file = args.new_file(Path(options.out), options.force)
    about = {"vary": options.vary, "seed": options.seed, "source": source.name, **wishes}
    write_picture(picture, file, about)
    result = {"vary": names, "seed": options.seed, "files": [str(file)]}
    args.tell(options, result, f"{' and '.join(names)}, seed {options.seed}: {file}")


def _write_grid(
    options: argparse.Namespace,
    source: "TrainedGenerator",
    out: Path,
    about: dict[str, object],
    to_output: bool,
) -> list[Path]:
    from kaogan.images import encoded, grid, grid_size, write_picture
    from kaogan.progress import track

    size, count = source.model.sample_shape[-1], options.count
    width, height = grid_size(max(1, count), size)
    if width * height > MOST_PIXELS:
        raise UsageError(
            f"{count:,} faces in one picture are {width:,} x {height:,} pixels; give a folder, "
            "--out DIR/, for one file each, or a smaller --count"
        )
    drawn = source.sampler.samples(count, options.seed, options.truncation)
    with track(count, "drawing", "faces") as tracker:
        pictures = []
        for picture in drawn:
            pictures.append(picture)
            tracker.advance(1)
    if to_output:
        sys.stdout.buffer.write(encoded(grid(pictures), "PNG", about))
        return []
    file = args.new_file(out, options.force)
    write_picture(grid(pictures), file, about)
    return [file]


def _write_each(
    options: argparse.Namespace, source: "TrainedGenerator", out: Path, about: dict[str, object]
) -> list[Path]:
    from kaogan.images import write_picture
    from kaogan.progress import track

    drawn = source.sampler.samples(options.count, options.seed, options.truncation)
    seeds = range(options.seed, options.seed + options.count)
    files = [out / f"seed-{seed:06d}.png" for seed in seeds]
    there = next((file for file in files if file.exists()), None)
    if there is not None and not options.force:
        raise UsageError(
            f"{there} is there already; give --out another folder, or --force to replace it"
        )
    with track(options.count, "drawing", "faces") as tracker:
        for seed, file, picture in zip(seeds, files, drawn, strict=True):
            write_picture(picture, file, {"seed": seed} | about)
            tracker.advance(1)
    return files
