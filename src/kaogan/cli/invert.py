"""`kaogan invert`: the latent whose face is nearest to a given picture."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.cli import arguments as args
from kaogan.errors import UsageError
from kaogan.files import atomic_file, write_text

if TYPE_CHECKING:
    from torch import Tensor

    from kaogan.generators import TrainedGenerator
    from kaogan.latent.inversion import Inversion

LEVELS = 127.5
"""Steps of 255 in one unit of the networks' pictures."""


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "invert",
        examples=(
            "kaogan invert faces-64 me.png",
            "kaogan invert runs/pictures a.jpg b.jpg --steps 100 --out found.png",
        ),
        run=run,
        help="find the latent of a given picture",
        description="Find the latents whose faces are nearest to given pictures. Writes a picture "
        "with a row for each: the original, the encoder's guess and the refined face. Beside it, "
        "the latents are written as .npy (N x Z, float32) and, with the errors, as .json. The "
        "first time, an encoder is trained on faces of the generator and kept in the RUN.",
    )
    args.shared(command, *args.GENERATOR)
    command.add_argument(
        "pictures", nargs="*", metavar="PICTURE", help="picture files; the middle square is used"
    )
    steps = "steps of refinement; 0: the encoder's guess alone"
    args.value(command, "--steps", "N", 300, steps, args.within(int, 0))
    args.value(command, "--seed", "N", 0, "seed of the encoder's training", args.within(int, 0))
    faces = "faces to train the encoder on, if there is none yet; takes minutes"
    args.value(command, "--encoder-pictures", "N", 24_576, faces, args.within(int, 1))
    out = "picture to write; latents and errors beside it, as .npy and .json"
    args.value(command, "--out", "FILE.png", "inverted.png", out)
    args.shared(command, "--force", "--json", "--quiet")


def run(options: argparse.Namespace) -> None:
    """Read, find and write."""
    import torch

    from kaogan.data.prepare import read_pictures
    from kaogan.images import to_model
    from kaogan.latent.inversion import invert
    from kaogan.latent_tools import distance_of, encoder_of
    from kaogan.progress import track

    out = args.new_file(args.file_named(options.out, ".png"), options.force)
    if options.pretrained is not None and options.what is not None:
        # The first word is WHAT; with --pretrained it is a picture.
        options.pictures.insert(0, options.what)
        options.what = None
    if not options.pictures:
        raise UsageError("give one or more pictures after the generator")
    source = args.generator_of(options)
    channels, size, _ = source.model.sample_shape
    pixels = read_pictures([Path(name) for name in options.pictures], size, channels)
    pictures = to_model(torch.from_numpy(pixels))
    encoder = encoder_of(source, options.encoder_pictures, options.seed)
    distance = distance_of(source)
    with track(options.steps + 1, "refining", "steps") as tracker:
        found = invert(
            source.sampler.generator, encoder, pictures, options.steps, distance, tracker
        )
    about = {
        "generator": source.name,
        "steps": options.steps,
        "pictures": _rows(options.pictures, found),
    }
    write_text(out.with_suffix(".json"), json.dumps(about, indent=2) + "\n")
    _write(out, pictures, found, source)
    lines = [
        f"{row['picture']}: pixels differ by {row['error']:.1f} of 255 in the mean "
        f"(the encoder's guess: {row['encoder_error']:.1f})"
        for row in about["pictures"]
    ]
    last = f"original, encoder, refined: {out}; latents: {out.with_suffix('.npy')}"
    args.tell(options, about, *lines, last)


def _rows(names: list[str], found: "Inversion") -> list[dict[str, Any]]:
    """Errors, in steps of 255, and latent of each picture, ready for JSON."""
    columns = (found.encoded_error.tolist(), found.error.tolist(), found.latents.tolist())
    return [
        {
            "picture": name,
            "encoder_error": round(encoded * LEVELS, 3),
            "error": round(refined * LEVELS, 3),
            "latent": latent,
        }
        for name, encoded, refined, latent in zip(names, *columns, strict=True)
    ]


def _write(out: Path, pictures: "Tensor", found: "Inversion", source: "TrainedGenerator") -> None:
    """Write the picture, and the latents as numbers."""
    import numpy as np

    from kaogan.images import grid, to_pixels, write_picture
    from kaogan.training.sampling import draw

    drawn = [list(draw(source.sampler.generator, z)) for z in (found.encoded, found.latents)]
    originals = np.asarray(to_pixels(pictures))
    rows = [face for row in zip(originals, *drawn, strict=True) for face in row]
    write_picture(grid(rows, columns=3), out, {"source": source.name})
    with atomic_file(out.with_suffix(".npy")) as partial, partial.open("wb") as stream:
        np.save(stream, found.latents.numpy(), allow_pickle=False)
