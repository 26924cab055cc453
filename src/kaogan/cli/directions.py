"""`kaogan directions`: what can be steered in a generator's faces, found without labels."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.cli.generators import add_options, chosen
from kaogan.cli.pictures import write_png

if TYPE_CHECKING:
    from kaogan.generators import TrainedGenerator
    from kaogan.images import Pixels
    from kaogan.latent.directions import Directions

FILE, PICTURE = "directions.json", "directions.png"
STRIP_STEPS, STRIP_SEEDS, REACH = 7, 3, 3.0


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
    from kaogan.latent.finding import faces_drawn, find
    from kaogan.progress import track

    source = chosen(options)
    out = Path(options.out or (source.run.path if source.run else "."))
    with track(faces_drawn(), "measuring", "faces") as tracker:
        found = find(
            source.sampler.generator,
            source.sampler.latent_dim,
            options.orthogonal,
            tracker=tracker,
        )
    found.write(out / FILE)
    _draw(found, source, out / PICTURE)
    if options.json:
        print(json.dumps(_about(found, out)))
    else:
        _print(found, out)


def _draw(found: "Directions", source: "TrainedGenerator", file: Path) -> None:
    """Strips with their names: some faces from the low end of each direction to its high end."""
    import numpy as np
    import torch

    from kaogan.images import grid
    from kaogan.rng import latents
    from kaogan.training.sampling import draw

    origins = latents(list(range(STRIP_SEEDS)), source.sampler.latent_dim)
    steps = torch.linspace(-REACH, REACH, STRIP_STEPS)[:, None]
    strips = []
    for each in found.directions:
        z = torch.cat([origin + steps * each.vector for origin in origins])
        faces = grid(list(draw(source.sampler.generator, z)), STRIP_STEPS)
        label = f"{each.name}: {each.low} to {each.high}"
        strips.append(np.concatenate([_label(label, faces.shape[1]), faces]))
    if strips:
        write_png(grid(strips, columns=2, gap=6), file, {"source": source.name})


def _label(text: str, width: int) -> "Pixels":
    """Black on white, a line high."""
    import numpy as np
    from PIL import Image, ImageDraw

    line = Image.new("RGB", (width, 14), "white")
    ImageDraw.Draw(line).text((2, 1), text, fill="black")
    return np.asarray(line)


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
