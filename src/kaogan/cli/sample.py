"""`kaogan sample`: new faces from a run, or from a generator that comes with kaogan."""

import argparse
from pathlib import Path

from kaogan.cli import arguments as args
from kaogan.errors import UsageError


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "sample",
        run=run,
        help="draw new faces",
        description="Draw new faces from a run, or from a generator that comes with kaogan. "
        "Each face has a seed of its own: --seed 7 --count 1 draws the eighth of --seed 0.",
    )
    args.shared(command, *args.GENERATOR)
    args.value(command, "--count", "N", 64, "faces to draw")
    args.value(command, "--seed", "N", 0, "seed of the first face")
    out = "a grid, FILE.png, or a folder, DIR/, with one PNG each"
    args.value(command, "--out", "PATH", "faces.png", out)
    args.shared(command, "--truncation", "--json")


def run(options: argparse.Namespace) -> None:
    """Draw and write."""
    from kaogan.images import grid, write_png

    out, first, count = Path(options.out), options.seed, options.count
    as_folder = options.out.endswith(("/", "\\")) or out.is_dir() or out.suffix == ""
    if not as_folder and out.suffix.lower() != ".png":
        raise UsageError(f"cannot write {out}: give --out FILE.png, or a folder as DIR/")
    source = args.generator_of(options)
    pictures = source.sample(count, first, options.truncation)
    seeded = enumerate(pictures, first) if as_folder else [(first, grid(pictures))]
    files = []
    for seed, picture in seeded:
        about: dict[str, object] = {"seed": seed, "truncation": options.truncation}
        if source.weights is not None:
            about["weights"] = source.weights
        file = out / f"seed-{seed:06d}.png" if as_folder else out
        write_png(picture, file, about | {"source": source.name})
        files.append(str(file))
    words = f"seed {first}" if count == 1 else f"seeds {first} to {first + count - 1}"
    about = {"seed": first, "count": count, "files": files}
    args.tell(options, about, f"{count} face{'s' * (count > 1)}, {words}: {out}")
