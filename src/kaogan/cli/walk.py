"""`kaogan walk`: faces that turn into each other, as a film or a picture."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kaogan.cli import arguments as args
from kaogan.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from kaogan.generators import TrainedGenerator
    from kaogan.images import Pixels

    Rows = tuple[list[Tensor], str]
    """Latents, `T Z` for each face, and what they show in words."""

PICTURE_FRAMES = 8


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "walk",
        examples=(
            "kaogan walk faces-64 --out walk.mp4",
            "kaogan walk faces-64 --axes hair-redness --out hair.png",
        ),
        run=run,
        help="walk through the latent space of a generator",
        description="Walk through the latent space of a generator, and write the faces on the way "
        "as a film (FILE.mp4, .gif, .webp) or in rows (FILE.png, .jpg). Without --seeds, --axes, "
        "--plus or --through it is a random walk that begins with --seed and loops without a seam.",
    )
    args.shared(command, *args.GENERATOR)
    way = command.add_mutually_exclusive_group()
    way.add_argument(
        "--seeds",
        type=seeds,
        metavar="A,B,...",
        help="pass through these faces; with the first again at the end it is a loop",
    )
    way.add_argument(
        "--axes",
        metavar="NAME[,NAME]",
        help="move faces along one or two directions of kaogan directions; a film moves in a loop",
    )
    way.add_argument(
        "--plus",
        type=seeds,
        action="append",
        metavar="A,B,...",
        help="latent arithmetic: add the mean of these faces; repeatable",
    )
    way.add_argument(
        "--through",
        metavar="NAME=A,B,...",
        help="of a generator that knows labels: from wish to wish, with the faces from --seed on",
    )
    command.add_argument(
        "--minus",
        type=seeds,
        action="append",
        metavar="A,B,...",
        help="with --plus: subtract the mean of these faces; repeatable",
    )
    args.value(command, "--seed", "N", 0, "first face of a loop or --axes", args.within(int, 0))
    count = "faces side by side, of the seeds from --seed on"
    args.value(command, "--count", "N", 1, count, args.within(int, 1, 64))
    command.add_argument(
        "--interpolation",
        choices=("slerp", "lerp"),
        default="slerp",
        help="between --seeds: on the sphere, or straight (slerp)",
    )
    length = command.add_mutually_exclusive_group()
    args.value(length, "--seconds", "N", 8.0, "length of a film", args.within(float, 0.01, 3600))
    length.add_argument(
        "--frames",
        type=args.within(int, 2, 100_000),
        metavar="N",
        help="length in frames; of a row in a PNG (8)",
    )
    args.value(command, "--fps", "N", 25, "frames per second")
    args.shared(command, "--set")
    args.shared(command, "--truncation", type=args.within(float, 0, 2))
    command.add_argument(
        "--directions", type=Path, metavar="FILE", help="for --axes (beside the generator)"
    )
    args.value(command, "--out", "FILE", "walk.mp4", "file to write")
    args.shared(command, "--force", "--json", "--quiet")


def seeds(text: str) -> list[int]:
    """Seeds as they are typed: "3,5,8"."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) < 2**63 for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} are no seeds; write them as 3,5,8")
    return [int(part) for part in parts]


def run(options: argparse.Namespace) -> None:
    """Draw and write."""
    from kaogan.films import film_of_faces, is_film, write_film
    from kaogan.images import aligned_right, grid, write_picture

    out = args.file_named(options.out, ".mp4", ".gif", ".webp", ".png", ".jpg")
    film = is_film(out)
    _check(options, film)
    out = args.new_file(out, options.force)
    source = args.generator_of(options)
    frames = options.frames or PICTURE_FRAMES
    if film and options.frames is None:
        frames = max(2, round(options.seconds * options.fps))
    labels = None
    if options.through:
        (rows, words), labels = _wish_to_wish(options, source, frames, film)
    elif options.plus:
        frames = 1
        rows, words = _sum(options, source)
    elif options.axes:
        rows, words = _along(options, source, frames, film)
    elif options.seeds:
        rows, words = _through(options, source, frames)
    else:
        rows, words = _loops(options, source, frames)
    about: dict[str, object] = {"file": str(out), "shown": words, "frames": frames}
    if film:
        moments = [face for moment in zip(*rows, strict=True) for face in moment]
        labels = None if labels is None else labels.repeat_interleave(len(rows), 0)
        faces = _faces(moments, options, source, labels)
        write_film(film_of_faces(faces, len(rows)), out, options.fps)
        about["fps"] = options.fps
    else:
        labels = None if labels is None else labels.repeat(len(rows), 1)
        drawn = _faces([face for row in rows for face in row], options, source, labels)
        pictures = aligned_right([[next(drawn) for _ in row] for row in rows])
        made = {"shown": words, "truncation": options.truncation, "source": source.name}
        write_picture(grid(pictures, max(map(len, rows))), out, made)
    args.tell(options, about, f"{words}, {frames} frame{'s' * (frames > 1)}: {out}")


def _check(options: argparse.Namespace, film: bool) -> None:
    """Raise a UsageError for options that do not go together, before anything is drawn."""
    if options.plus and film:
        raise UsageError("a sum of faces is a picture; give --out FILE.png")
    if options.minus and not options.plus:
        raise UsageError("--minus goes with --plus: kaogan walk WHAT --plus 1,2,3 --minus 4,5,6")
    if options.seeds and len(options.seeds) < 2:
        raise UsageError("--seeds needs two seeds or more, as --seeds 3,5")
    if options.count > 1 and options.seeds:
        raise UsageError("--count is for loops and --axes; --seeds is one walk")


def _loops(options: argparse.Namespace, source: "TrainedGenerator", frames: int) -> "Rows":
    """Random walks that come back to where they began, one for each face."""
    from kaogan.latent.walks import loop

    first, count, dim = options.seed, options.count, source.sampler.latent_dim
    if dim < 2:
        raise UsageError("a loop needs latents of two entries or more; use --seeds")
    words = f"a loop from seed {first}" + f" on, {count} faces" * (count > 1)
    return [loop(frames, dim, seed) for seed in range(first, first + count)], words


def _through(options: argparse.Namespace, source: "TrainedGenerator", frames: int) -> "Rows":
    """A way through the faces of some seeds."""
    from kaogan.latent import walks
    from kaogan.rng import latents

    stops = options.seeds
    words = f"through seeds {','.join(map(str, stops))}"
    if closed := stops[0] == stops[-1] and len(stops) > 2:
        stops = stops[:-1]
    between = {"slerp": walks.slerp, "lerp": walks.lerp}[options.interpolation]
    return [walks.path(latents(stops, source.sampler.latent_dim), frames, between, closed)], words


def _along(
    options: argparse.Namespace, source: "TrainedGenerator", frames: int, film: bool
) -> "Rows":
    """Faces moved along directions: from end to end in a picture, in a loop in a film."""
    import torch

    from kaogan.latent.directions import Directions
    from kaogan.latent.walks import across, around, plane
    from kaogan.latent_tools import REACH
    from kaogan.rng import latents

    found = Directions.read(options.directions or source.home / "directions.json")
    found.check(source.generator)
    names = options.axes.split(",")
    if len(names) > 2:
        raise UsageError("a picture has two axes; give --axes one name or two")
    axes, words = [found[name].vector for name in names], " and ".join(names)
    faces = list(range(options.seed, options.seed + options.count))
    origins = latents(faces, source.sampler.latent_dim)
    if film:
        return list(around(origins, torch.stack(axes), frames, REACH).transpose(0, 1)), words
    if len(axes) == 1:
        return list(across(origins, axes[0], frames, REACH).transpose(0, 1)), words
    if len(origins) > 1:
        raise UsageError("a grid over two axes shows one face; leave out --count")
    steps = torch.linspace(-REACH, REACH, frames)
    return list(plane(origins[0], axes[0], axes[1], steps, steps.flip(0))), words


def _wish_to_wish(
    options: argparse.Namespace, source: "TrainedGenerator", frames: int, film: bool
) -> "tuple[Rows, Tensor]":
    """The same faces with wishes that change, and the label vectors of the frames, `T Y`."""
    import torch

    from kaogan.label_vectors import wish
    from kaogan.latent.walks import lerp, path
    from kaogan.rng import latents

    name, _, values = options.through.partition("=")
    stops = values.split(",")
    if len(stops) < 2:
        raise UsageError(f"--through needs two values or more, as --through {name}=A,B")
    always = args.wishes_of(options)
    wishes = torch.cat([wish(source.attributes, always | {name: stop}) for stop in stops])
    faces = list(range(options.seed, options.seed + options.count))
    origins = latents(faces, source.sampler.latent_dim)
    rows = [origin.expand(frames, -1) for origin in origins]
    words = f"{name} {', '.join(stops)}"
    return (rows, words), path(wishes, frames, lerp, closed=film)


def _sum(options: argparse.Namespace, source: "TrainedGenerator") -> "Rows":
    """Latent arithmetic: a row for each group, with its mean at the right, and the sum below."""
    import torch

    from kaogan.latent.walks import arithmetic
    from kaogan.rng import latents

    minus = options.minus or []
    plus, less = (
        [latents(group, source.sampler.latent_dim) for group in groups]
        for groups in (options.plus, minus)
    )
    rows = [torch.cat([group, group.mean(0, keepdim=True)]) for group in [*plus, *less]]
    signs = [("+", group) for group in options.plus] + [("-", group) for group in minus]
    words = " ".join(f"{sign} mean({','.join(map(str, group))})" for sign, group in signs)
    return [*rows, arithmetic(plus, less)[None]], words


def _faces(
    latents: "list[Tensor]",
    options: argparse.Namespace,
    source: "TrainedGenerator",
    labels: "Tensor | None" = None,
) -> "Iterator[Pixels]":
    """The faces of latents, one after the other, with the progress shown. With label vectors, one
    for each of the latents, they are drawn by these, and not by the generator's wishes.
    """
    import torch

    from kaogan.latent.walks import truncate
    from kaogan.progress import track
    from kaogan.training.sampling import SideBySide, draw

    with track(len(latents), "drawing", "faces") as tracker:
        z = truncate(torch.stack(latents), options.truncation)
        generator = source.sampler.generator
        if labels is not None and source.conditional is not None:
            z, generator = torch.cat([z, labels], 1), SideBySide(source.conditional.sampler)
        for face in draw(generator, z):
            tracker.advance(1)
            yield face
