"""`kaogan export`: a trained network as a file for others, and back; or as a page."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.cli import pages
from kaogan.cli.generators import add_what, check, chosen
from kaogan.errors import UsageError

if TYPE_CHECKING:
    from kaogan.export import Format, Network
    from kaogan.export.onnx import OnnxPrecision


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "export",
        help="write a trained network for other programs, or as a page",
        description="Write a trained network as a file. keras: one that plain Keras 3 loads, on "
        "TensorFlow, JAX or PyTorch, and that gives the same pictures; needs pip install "
        "'kaogan[keras]'. safetensors: the PyTorch weights, with a model card. onnx: for "
        "onnxruntime; needs pip install 'kaogan[onnx]', as does page: a folder for any static "
        "host, which draws faces in the browser. An exported file as WHAT is written in another "
        "format.",
        allow_abbrev=False,
    )
    add_what(command)
    command.add_argument(
        "--format",
        choices=("keras", "safetensors", "onnx", "page"),
        required=True,
        help="what to write",
    )
    command.add_argument(
        "--network",
        choices=("generator", "discriminator"),
        help="of a RUN (generator)",
    )
    command.add_argument(
        "--out",
        metavar="PATH",
        help="file to write (RUN/generator.keras, or beside the file); of a page the folder, or "
        "the file (RUN/page, RUN/page.html)",
    )
    command.add_argument(
        "--checkpoint",
        metavar="WHICH",
        help="of a RUN: best, newest or images seen (best, or newest if it was not evaluated)",
    )
    command.add_argument(
        "--weights", choices=("ema", "raw"), help="of a RUN's generator: averaged or raw (ema)"
    )
    command.add_argument(
        "--precision",
        choices=("fp32", "fp16"),
        help="of the weights, for onnx and page: fp16 is half the size (fp32; fp16 with "
        "--single-file)",
    )
    command.add_argument(
        "--single-file",
        action="store_true",
        help="a page that is one HTML file, and works from the disk",
    )
    pages.add_options(command)
    command.add_argument("--json", action="store_true", help="print what was written as JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Convert and write."""
    if options.format == "page":
        _write_page(options)
        return
    for name in ("single_file", "title", "encoder"):
        if getattr(options, name):
            raise UsageError(f"--{name.replace('_', '-')} is for --format page")
    form = _form(options)
    network, place = _network(options), _place(options)
    out = Path(options.out) if options.out else place.with_name(place.name + form.suffix)
    if out.suffix != form.suffix:
        raise UsageError(f"cannot write {out}: give --out FILE{form.suffix}")
    facts = form.write(network, out)
    size = out.stat().st_size
    if options.json:
        about = {"file": str(out), "format": options.format, "network": network.player}
        print(json.dumps(about | {"bytes": size} | dict(facts)))
    else:
        print(f"{network.player}, {size / 1e6:.1f} MB{_words(facts)}: {out}")


def _form(options: argparse.Namespace) -> "Format":
    from kaogan.export import Onnx, formats

    if options.format == "onnx":
        return Onnx(options.precision or "fp32")
    if options.precision:
        raise UsageError("--precision is for --format onnx and page")
    return formats[options.format]()


def _words(facts: Mapping[str, Any]) -> str:
    if "largest_difference" not in facts:
        return ""
    return f", within {facts['largest_difference']:.1g} of PyTorch"


def _write_page(options: argparse.Namespace) -> None:
    if options.network == "discriminator":
        raise UsageError("a page shows a generator; leave --network away")
    generator, place = chosen(options), _place(options)
    out = Path(options.out) if options.out else place.with_name("page")
    if options.single_file and not options.out:
        out = out.with_suffix(".html")
    if options.single_file != (out.suffix.lower() in (".html", ".htm")):
        wanted = "FILE.html" if options.single_file else "DIR, or add --single-file"
        raise UsageError(f"cannot write {out}: give --out {wanted}")
    precision: OnnxPrecision = options.precision or ("fp16" if options.single_file else "fp32")
    page = pages.page(generator, options, precision)
    if options.single_file:
        page.write_file(out)
        size = out.stat().st_size
    else:
        page.write_folder(out)
        size = sum(len(content) for content in page.files.values())
    facts = {"precision": precision, "largest_difference": page.largest_difference}
    if options.json:
        about = {"file": str(out), "format": "page", "network": "generator", "bytes": size}
        print(json.dumps(about | facts))
    else:
        print(f"page, {size / 1e6:.1f} MB{_words(facts)}: {out}")


def _network(options: argparse.Namespace) -> "Network":
    from kaogan.generators import open_network, open_pretrained

    check(options)
    player, checkpoint, weights = options.network, options.checkpoint, options.weights
    if options.pretrained is None:
        return open_network(options.what, player, checkpoint, weights)
    if player is not None:
        raise UsageError(f"--network is for a RUN; {options.pretrained} is one network")
    return open_pretrained(options.pretrained, checkpoint, weights).network()


def _place(options: argparse.Namespace) -> Path:
    """The name without suffix that the file gets unless told: in the RUN, beside the file, here."""
    from kaogan.generators import kind_of, run_of

    if options.pretrained is not None:
        return Path(options.pretrained)
    what = Path(options.what)
    if kind_of(options.what) == "file":
        return what.with_suffix("")
    run = run_of(what)
    return Path(what.name) if run is None else run.path / (options.network or "generator")
