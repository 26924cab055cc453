"""`kaogan directions`: what can be steered in a generator's faces, found without labels."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.cli.generators import add_options, chosen
from kaogan.cli.pictures import write_png

if TYPE_CHECKING:
    from kaogan.latent.directions import Directions

FILE, PICTURE = "directions.json", "directions.png"


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "directions",
        help="find what can be steered in the faces",
        description="Find directions in the latent space along which one thing changes: hair "
        "colour, lightness, which way the face turns... by regression on a few thousand generated "
        "faces, and out of the generator's first layer (SeFa, GANSpace). What each does is "
        f"measured; what does not work is left out. Writes {FILE}, and {PICTURE}, which shows each "
        "from its low end to its high end.",
        allow_abbrev=False,
    )
    add_options(command)
    command.add_argument(
        "--orthogonal",
        action="store_true",
        help="free hair, background and face from each other: one changes, the others stay",
    )
    command.add_argument(
        "--out",
        metavar="DIR",
        help="folder to write to (the RUN, or the current one)",
    )
    command.add_argument("--json", action="store_true", help="print all but the vectors as JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Find, write and print."""
    from kaogan.companions import find_directions, strips

    source = chosen(options)
    out = Path(options.out or (source.run.path if source.run else "."))
    found = find_directions(source, options.orthogonal)
    found.write(out / FILE)
    if (picture := strips(source, found)) is not None:
        write_png(picture, out / PICTURE, {"source": source.name})
    if options.json:
        print(json.dumps(_about(found, out)))
    else:
        _print(found, out)


def _about(found: "Directions", out: Path) -> dict[str, Any]:
    from dataclasses import asdict

    from kaogan.latent.directions import as_json

    return {
        "file": str(out / FILE),
        "picture": str(out / PICTURE),
        "orthogonal": found.orthogonal,
        "directions": [
            {key: value for key, value in as_json(each).items() if key != "vector"}
            for each in found.directions
        ],
        "left_out": [asdict(each) for each in found.left_out],
    }


def _print(found: "Directions", out: Path) -> None:
    print(f"{'direction':22}{'R2':>6}{'per unit':>10}  from, to; and what else changes most")
    for each in found.directions:
        others = {name: size for name, size in each.effects.items() if name != each.name}
        most = max(others, key=lambda name: abs(others[name]))
        also = f"; {most} {others[most]:+.2f}" if each.kind == "named" else ""
        words = f"{each.low}, {each.high}{also}"
        print(f"{each.name:22}{each.r2:6.2f}{each.per_unit:10.2f}  {words}")
    for out_of_it in found.left_out:
        print(f"{out_of_it.name:22}left out: {out_of_it.reason}")
    print(f"{len(found.directions)} directions: {out / FILE}, {out / PICTURE}")
