"""`kaogan export`: a trained network as a file for others, and back."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.errors import UsageError

if TYPE_CHECKING:
    from kaogan.export import Network, Player


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "export",
        help="write a trained network for other programs",
        description="Write a trained network as a file. keras: one that plain Keras 3 loads, on "
        "TensorFlow, JAX or PyTorch, and that gives the same pictures; needs pip install "
        "'kaogan[keras]'. safetensors: the PyTorch weights. WHAT is a RUN, or a file that was "
        "exported, to be written in another format.",
        allow_abbrev=False,
    )
    command.add_argument("what", nargs="?", metavar="WHAT", help="a RUN, or an exported file")
    command.add_argument("--pretrained", metavar="NAME", help="faces-64 or avatars-64, no WHAT")
    command.add_argument(
        "--format", choices=("keras", "safetensors"), required=True, help="what to write"
    )
    command.add_argument(
        "--network",
        choices=("generator", "discriminator"),
        help="of a RUN (generator)",
    )
    command.add_argument(
        "--out", metavar="FILE", help="file to write (RUN/generator.keras, or beside the file)"
    )
    command.add_argument(
        "--checkpoint",
        metavar="WHICH",
        help="of a RUN: best, newest or images seen (best, or newest if it was not evaluated)",
    )
    command.add_argument(
        "--weights", choices=("ema", "raw"), help="of a RUN's generator: averaged or raw (ema)"
    )
    command.add_argument("--json", action="store_true", help="print what was written as JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Convert and write."""
    from kaogan.export import formats

    form = formats[options.format]()
    network, place = _network(options)
    out = Path(options.out) if options.out else place.with_name(place.name + form.suffix)
    if out.suffix != form.suffix:
        raise UsageError(f"cannot write {out}: give --out FILE{form.suffix}")
    form.write(network, out)
    size = out.stat().st_size
    if options.json:
        about = {"file": str(out), "format": options.format, "network": network.player}
        print(json.dumps(about | {"bytes": size}))
    else:
        print(f"{network.player}, {size / 1e6:.1f} MB: {out}")


def _network(options: argparse.Namespace) -> "tuple[Network, Path]":
    """The network, and the name without suffix that its file gets unless told."""
    from kaogan.export import formats, network_of_run
    from kaogan.training.run import Run

    if (options.what is None) == (options.pretrained is None):
        raise UsageError("give a RUN or a file, or --pretrained NAME, and not both")
    what = Path(options.what or options.pretrained)
    of_a_run = {name: getattr(options, name) for name in ("network", "checkpoint", "weights")}
    given = [f"--{name}" for name, value in of_a_run.items() if value is not None]
    readers = {formats[name].suffix: formats[name] for name in formats}
    if given and (options.pretrained or what.suffix in readers):
        raise UsageError(f"{given[0]} is for a RUN; {what} is one network")
    if options.pretrained:
        return _pretrained(options.pretrained), what
    if what.suffix in readers and not what.is_dir():
        return readers[what.suffix]().read(what), what.with_suffix("")
    player: Player = options.network or "generator"
    if player == "discriminator" and options.weights:
        raise UsageError("--weights is for generators; a discriminator has no averaged weights")
    network = network_of_run(Run(what), player, options.checkpoint, options.weights or "ema")
    return network, what / player


def _pretrained(name: str) -> "Network":
    from kaogan.export import network_of
    from kaogan.zoo import pretrained, pretrained_recipe

    weights = pretrained(name).generator.state_dict()
    return network_of(pretrained_recipe(name).model, "generator", weights)
