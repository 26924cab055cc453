"""`kaogan walk`: faces that turn into each other, as a film or a picture."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.cli.generators import add_options, chosen
from kaogan.cli.pictures import write_png
from kaogan.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from kaogan.generators import TrainedGenerator
    from kaogan.images import Pixels

REACH = 3.0
"""How far faces are moved along an axis, to both sides."""
PICTURE_FRAMES = 8


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "walk",
        help="walk through a generator's faces",
        description="Walk through the faces of a generator: a film (FILE.mp4, .gif, .webp), "
        "or rows of them (FILE.png). Without --seeds, --axes or --plus it is a random walk that "
        "begins with --seed and loops without a seam.",
        allow_abbrev=False,
    )
    add_options(command)
    way = command.add_mutually_exclusive_group()
    way.add_argument(
        "--seeds",
        type=numbers,
        metavar="A,B,...",
        help="pass through these faces; with the first again at the end it is a loop",
    )
    way.add_argument(
        "--axes",
        metavar="NAME[,NAME]",
        help="move faces along one direction or two, of kaogan directions; as a film around",
    )
    way.add_argument(
        "--plus",
        type=numbers,
        action="append",
        metavar="A,B,...",
        help="latent arithmetic: add the mean of these faces; may be given again",
    )
    command.add_argument(
        "--minus",
        type=numbers,
        action="append",
        metavar="A,B,...",
        help="with --plus: take the mean of these away; may be given again",
    )
    command.add_argument("--seed", type=int, default=0, help="first face of a loop or --axes (0)")
    command.add_argument(
        "--count", type=int, default=1, help="so many faces side by side, of the seeds from --seed"
    )
    command.add_argument(
        "--interpolation",
        choices=("slerp", "lerp"),
        default="slerp",
        help="between --seeds: on the sphere, or straight (slerp)",
    )
    length = command.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=float, default=8.0, help="length of a film (8)")
    length.add_argument("--frames", type=int, help="instead of --seconds; in a row of a PNG (8)")
    command.add_argument("--fps", type=int, default=25, help="frames a second (25)")
    command.add_argument(
        "--truncation", type=float, default=1.0, help="below 1: cleaner, more alike (1)"
    )
    command.add_argument(
        "--directions",
        metavar="FILE",
        help="for --axes (directions.json beside the generator)",
    )
    command.add_argument("--out", default="walk.mp4", metavar="FILE", help="(walk.mp4)")
    command.add_argument("--json", action="store_true", help="print what was written as JSON")
    command.set_defaults(run=run)


def numbers(text: str) -> list[int]:
    """Seeds as they are typed: "3,5,8"."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) < 2**63 for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} are no seeds; write them as 3,5,8")
    return [int(part) for part in parts]


def run(options: argparse.Namespace) -> None:
    """Draw and write."""
    from kaogan.films import is_film

    out = Path(options.out)
    film = is_film(out)
    _check(options, out, film)
    source = chosen(options)
    if options.plus:
        frames, words = 1, _sum(options, source, out)
    else:
        frames = options.frames or _frames(options, film)
        z, words = _latents(options, source, frames, film)
        if film:
            _write_film(z, options, source, out)
        else:  # a row for each face, a column for each moment
            rows = list(_faces(z.transpose(0, 1).flatten(0, 1), options, source))
            _write(rows, frames, words, options, source, out)
    if options.json:
        about = {"file": str(out), "shown": words, "frames": frames}
        print(json.dumps(about | ({"fps": options.fps} if film else {})))
    else:
        print(f"{words}, {frames} frame{'s' * (frames > 1)}: {out}")


def _check(options: argparse.Namespace, out: Path, film: bool) -> None:
    """Raise a UsageError for what makes no sense, before anything is drawn."""
    if not film and out.suffix.lower() != ".png":
        raise UsageError(f"cannot write {out}: give --out FILE.mp4, .gif, .webp or .png")
    if options.plus and film:
        raise UsageError("a sum of faces is a picture; give --out FILE.png")
    if options.minus and not options.plus:
        raise UsageError("--minus goes with --plus: kaogan walk WHAT --plus 1,2,3 --minus 4,5,6")
    if options.seeds and len(options.seeds) < 2:
        raise UsageError("--seeds needs two seeds or more, as --seeds 3,5")
    if not 1 <= options.count <= 64:
        raise UsageError(f"cannot show {options.count} faces side by side; use 1 to 64")
    if options.count > 1 and options.seeds:
        raise UsageError("--count is for loops and --axes; --seeds is one walk")
    if not 0 <= options.seed < 2**63 - options.count:
        raise UsageError(f"seed {options.seed} is out of range; use 0 or more")
    if not 0 <= options.truncation <= 2:
        raise UsageError(f"a truncation of {options.truncation} makes no faces; use 0 to 2")
    if options.frames is not None and not 2 <= options.frames <= 100_000:
        raise UsageError(f"cannot walk in {options.frames} frames; use 2 or more")
    if not 0 < options.seconds <= 3600:
        raise UsageError(f"cannot make a film of {options.seconds} seconds; use up to 3600")


def _frames(options: argparse.Namespace, film: bool) -> int:
    return max(2, round(options.seconds * options.fps)) if film else PICTURE_FRAMES


def _latents(
    options: argparse.Namespace, source: "TrainedGenerator", frames: int, film: bool
) -> "tuple[Tensor, str]":
    """Latents by moment and face, `T P Z`, and what they show in words."""
    import torch

    from kaogan.latent import walks
    from kaogan.rng import latents

    dim = source.sampler.latent_dim
    if options.seeds:
        between = {"slerp": walks.slerp, "lerp": walks.lerp}[options.interpolation]
        closed = options.seeds[0] == options.seeds[-1] and len(options.seeds) > 2
        stops = latents(options.seeds[:-1] if closed else options.seeds, dim)
        way = walks.path(stops, frames, between, closed)
        return way[:, None], f"through seeds {','.join(map(str, options.seeds))}"
    seeds = list(range(options.seed, options.seed + options.count))
    if options.axes:
        return _along(options, source, latents(seeds, dim), frames, film)
    if dim < 2:
        raise UsageError("a loop needs latents of two entries or more; use --seeds")
    words = f"a loop from seed {options.seed}" + f" on, {len(seeds)} faces" * (len(seeds) > 1)
    return torch.stack([walks.loop(frames, dim, seed) for seed in seeds], dim=1), words


def _along(
    options: argparse.Namespace,
    source: "TrainedGenerator",
    origins: "Tensor",
    frames: int,
    film: bool,
) -> "tuple[Tensor, str]":
    """Faces moved along axes: from end to end in a picture; in a film round and round."""
    import torch

    from kaogan.latent.directions import Directions
    from kaogan.latent.walks import across, around, plane

    file = Path(options.directions) if options.directions else source.home / "directions.json"
    found = Directions.read(file)
    found.check(source.sampler.generator)
    names = options.axes.split(",")
    if len(names) > 2:
        raise UsageError("a picture has two axes; give --axes one name or two")
    axes = [found[name].vector for name in names]
    words = " and ".join(names)
    if film:
        return around(origins, torch.stack(axes), frames, REACH), words
    if len(axes) == 1:
        return across(origins, axes[0], frames, REACH), words
    if len(origins) > 1:
        raise UsageError("a grid over two axes shows one face; leave --count away")
    steps = torch.linspace(-REACH, REACH, frames)
    return plane(origins[0], axes[0], axes[1], steps, steps.flip(0)).transpose(0, 1), words


def _sum(options: argparse.Namespace, source: "TrainedGenerator", out: Path) -> str:
    """Draw latent arithmetic: a row for each group, its mean at the right, their sum below."""
    import torch

    from kaogan.images import aligned_right
    from kaogan.latent.walks import arithmetic
    from kaogan.rng import latents

    minus = options.minus or []
    plus, less = (
        [latents(seeds, source.sampler.latent_dim) for seeds in groups]
        for groups in (options.plus, minus)
    )
    rows = [torch.cat([group, group.mean(0, keepdim=True)]) for group in [*plus, *less]]
    rows.append(arithmetic(plus, less)[None])
    drawn = _faces(torch.cat(rows), options, source)
    pictures = aligned_right([[next(drawn) for _ in row] for row in rows])
    signs = [("+", seeds) for seeds in options.plus] + [("-", seeds) for seeds in minus]
    words = " ".join(f"{sign} mean({','.join(map(str, seeds))})" for sign, seeds in signs)
    _write(pictures, max(map(len, rows)), words, options, source, out)
    return words


def _faces(
    z: "Tensor", options: argparse.Namespace, source: "TrainedGenerator"
) -> "Iterator[Pixels]":
    """The faces of latents `N Z`, with the progress shown."""
    from kaogan.latent.walks import truncate
    from kaogan.progress import track
    from kaogan.training.sampling import draw

    with track(len(z), "drawing", "faces") as tracker:
        for face in draw(source.sampler.generator, truncate(z, options.truncation)):
            tracker.advance(1)
            yield face


def _write_film(
    z: "Tensor", options: argparse.Namespace, source: "TrainedGenerator", out: Path
) -> None:
    """Write latents `T P Z` as a film, P faces in a frame."""
    from kaogan.films import film_of_faces, write_film

    faces = _faces(z.flatten(0, 1), options, source)
    write_film(film_of_faces(faces, z.shape[1]), out, options.fps)


def _write(
    pictures: "list[Pixels]",
    columns: int,
    words: str,
    options: argparse.Namespace,
    source: "TrainedGenerator",
    out: Path,
) -> None:
    from kaogan.images import grid

    about = {
        "shown": words,
        "truncation": options.truncation,
        "source": source.name,
    }
    write_png(grid(pictures, columns), out, about)
