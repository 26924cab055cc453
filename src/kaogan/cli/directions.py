"""`kaogan directions`: what can be steered in a generator's faces, found without labels."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kaogan.cli import arguments as args

if TYPE_CHECKING:
    from kaogan.latent.directions import Directions

FILE, PICTURE = "directions.json", "directions.png"


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "directions",
        examples=(
            "kaogan directions runs/pictures",
            "kaogan directions faces-64 --orthogonal --out found",
        ),
        run=run,
        help="find directions along which one thing in the faces changes",
        description="Find directions in the latent space along which one thing changes, such as "
        "hair colour, lightness, or which way the face turns. They come from a regression on a few "
        "thousand generated faces, and from the generator's first layer (SeFa, GANSpace). The "
        "effect of each is measured; directions without effect are left out. Writes "
        f"{FILE}, and {PICTURE}, which shows each from its low end to its high end.",
    )
    args.shared(command, *args.GENERATOR)
    args.flag(
        command,
        "--orthogonal",
        "make hair, background and face independent: when one changes, the others stay",
    )
    command.add_argument(
        "--out", type=Path, metavar="DIR", help="folder to write to (the RUN, or the current one)"
    )
    args.shared(command, "--json", "--quiet")


def run(options: argparse.Namespace) -> None:
    """Find, write and print."""
    from kaogan.images import write_picture
    from kaogan.latent.directions import as_json
    from kaogan.latent_tools import find_directions, strips

    source = args.generator_of(options)
    out = options.out or (source.run.path if source.run else Path())
    found = find_directions(source, options.orthogonal)
    found.write(out / FILE)
    if (picture := strips(source, found)) is not None:
        write_picture(picture, out / PICTURE, {"source": source.name})
    rows = [as_json(each) for each in found.directions]
    about = {
        "file": str(out / FILE),
        "picture": str(out / PICTURE),
        "orthogonal": found.orthogonal,
        "directions": [{k: v for k, v in row.items() if k != "vector"} for row in rows],
        "left_out": found.left_out,
    }
    end = f"{len(found.directions)} directions: {out / FILE}, {out / PICTURE}"
    args.tell(options, about, *_describe(found), end)


def _describe(found: "Directions") -> list[str]:
    """A table of the directions, and those that were left out."""
    lines = [f"{'direction':22}{'R2':>6}{'per unit':>10}  from, to; and what else changes most"]
    for each in found.directions:
        others = {name: size for name, size in each.effects.items() if name != each.name}
        most = max(others, key=lambda name: abs(others[name]))
        also = f"; {most} {others[most]:+.2f}" if each.kind == "named" else ""
        words = f"{each.low}, {each.high}{also}"
        lines.append(f"{each.name:22}{each.r2:6.2f}{each.per_unit:10.2f}  {words}")
    return lines + [f"{each.name:22}left out: {each.reason}" for each in found.left_out]
