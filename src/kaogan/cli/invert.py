"""`kaogan invert`: the latent whose face is nearest to a given picture."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.cli.generators import add_options, chosen
from kaogan.errors import UsageError
from kaogan.files import atomic_file, write_text

if TYPE_CHECKING:
    from torch import Tensor

    from kaogan.generators import TrainedGenerator
    from kaogan.latent.inversion import Distance, Inversion

LEVELS = 127.5
"""Steps of 255 in one unit of the networks' pictures."""


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "invert",
        help="find the latent of a given picture",
        description="Find the latents whose faces are nearest to given pictures. Writes a picture "
        "with the original, the encoder's guess and the refined face side by side, a row for each; "
        "the latents beside it as .npy (N x Z, float32) and, with the errors, as .json. The first "
        "time, an encoder is trained on what the generator draws, and kept in the RUN.",
        allow_abbrev=False,
    )
    add_options(command)
    command.add_argument(
        "pictures", nargs="*", metavar="PICTURE", help="picture files; the middle square is used"
    )
    command.add_argument("--steps", type=int, default=300, help="of refinement; 0: none (300)")
    command.add_argument("--seed", type=int, default=0, help="of the encoder's training (0)")
    command.add_argument(
        "--encoder-pictures",
        type=int,
        metavar="N",
        default=24_576,
        help="drawn to train the encoder, if there is none yet (24576: minutes at 64 x 64)",
    )
    command.add_argument(
        "--out",
        metavar="FILE",
        default="inverted.png",
        help="picture to write, FILE.png; FILE.npy and FILE.json beside it (inverted.png)",
    )
    command.add_argument("--json", action="store_true", help="print what was found as JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Read, find and write."""
    import torch

    from kaogan.companions import encoder_of
    from kaogan.data.prepare import read_pictures
    from kaogan.images import to_model
    from kaogan.latent.inversion import invert
    from kaogan.progress import track

    out = Path(options.out)
    if out.suffix.lower() != ".png":
        raise UsageError(f"cannot write {out}: give --out FILE.png")
    if options.steps < 0:
        raise UsageError(f"{options.steps} steps make no sense; use 0 or more")
    if not 0 <= options.seed < 2**63:
        raise UsageError(f"seed {options.seed} is out of range; use 0 or more")
    if options.encoder_pictures < 1:
        raise UsageError(f"{options.encoder_pictures} pictures teach nothing; use 1 or more")
    if options.pretrained is not None and options.what is not None:
        # The first place is WHAT's; with --pretrained it is a picture's.
        options.pictures.insert(0, options.what)
        options.what = None
    if not options.pictures:
        raise UsageError("give one or more pictures after the generator")
    source = chosen(options)
    generator = source.sampler.generator
    channels, size, _ = source.model.sample_shape
    pixels = read_pictures([Path(name) for name in options.pictures], size, channels)
    pictures = to_model(torch.from_numpy(pixels))
    encoder = encoder_of(source, options.encoder_pictures, options.seed)
    with track(options.steps + 1, "refining", "steps") as tracker:
        found = invert(
            generator, encoder, pictures, options.steps, _distance(source, options), tracker
        )
    about = _about(options.pictures, found, source, options.steps)
    _write(out, pictures, found, source, about)
    print(json.dumps(about) if options.json else "\n".join(_words(about, out)))


def _distance(source: "TrainedGenerator", options: argparse.Namespace) -> "Distance":
    """Pixels, and the features of the run's discriminator if there is one."""
    from kaogan.generators import open_network
    from kaogan.latent.inversion import pixel_distance, with_features
    from kaogan.models.dcgan import Discriminator

    if source.kind not in ("run", "checkpoint"):
        return pixel_distance
    judge = open_network(options.what, "discriminator", options.checkpoint)
    if isinstance(judge.module, Discriminator):
        return with_features(judge.module)
    return pixel_distance  # which feature maps of another network to compare is not known


def _about(
    names: list[str], found: "Inversion", source: "TrainedGenerator", steps: int
) -> dict[str, Any]:
    """All that was found, ready for JSON."""
    rows = zip(
        names,
        found.encoded_error.tolist(),
        found.error.tolist(),
        found.latents.tolist(),
        strict=True,
    )
    pictures = [
        {
            "picture": name,
            "encoder_error": round(encoded * LEVELS, 3),
            "error": round(refined * LEVELS, 3),
            "latent": latent,
        }
        for name, encoded, refined, latent in rows
    ]
    return {"generator": source.name, "steps": steps, "pictures": pictures}


def _words(about: dict[str, Any], out: Path) -> list[str]:
    lines = [
        f"{row['picture']}: pixels differ by {row['error']:.1f} of 255 in the mean "
        f"(the encoder's guess: {row['encoder_error']:.1f})"
        for row in about["pictures"]
    ]
    return [*lines, f"original, encoder, refined: {out}; latents: {out.with_suffix('.npy')}"]


def _write(
    out: Path,
    pictures: "Tensor",
    found: "Inversion",
    source: "TrainedGenerator",
    about: dict[str, Any],
) -> None:
    """The picture, and the latents as numbers."""
    import numpy as np
    import torch

    from kaogan.images import grid, to_pil, to_pixels
    from kaogan.training.sampling import draw

    drawn = [list(draw(source.sampler.generator, z)) for z in (found.encoded, found.latents)]
    originals = np.asarray(to_pixels(pictures))
    rows = [face for row in zip(originals, *drawn, strict=True) for face in row]
    with atomic_file(out) as partial:
        to_pil(grid(rows, columns=3)).save(partial, format="PNG")
    with atomic_file(out.with_suffix(".npy")) as partial, partial.open("wb") as stream:
        np.save(stream, torch.Tensor.numpy(found.latents), allow_pickle=False)
    write_text(out.with_suffix(".json"), json.dumps(about, indent=2) + "\n")
