"""`kaogan export`: a trained network as a file for other programs, or as a page."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.cli import arguments as args
from kaogan.errors import UsageError
from kaogan.hub import is_hub_name, repo_of

if TYPE_CHECKING:
    from kaogan.export import Format, Network
    from kaogan.export.onnx import OnnxPrecision


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "export",
        examples=(
            "kaogan export runs/pictures --format keras",
            "kaogan export faces-64 --format page --single-file --out page.html",
        ),
        run=run,
        help="write a trained network for other programs, or as a page",
        description="Write a trained network as a file. keras: a file that plain Keras 3 loads, on "
        "TensorFlow, JAX or PyTorch, and that gives the same pictures; needs pip install "
        "'kaogan[keras]'. safetensors: the PyTorch weights, with a model card. onnx: for "
        "onnxruntime; needs pip install 'kaogan[onnx]'. page: a folder for any static host, which "
        "draws faces in the browser; needs pip install 'kaogan[onnx]', too. If WHAT is an exported "
        "file, it is converted to another format.",
    )
    args.shared(command, *args.GENERATOR)
    command.add_argument(
        "--format",
        choices=("keras", "safetensors", "onnx", "page"),
        required=True,
        help="what to write",
    )
    command.add_argument(
        "--network",
        choices=("generator", "discriminator"),
        help="of a RUN or a checkpoint (generator)",
    )
    command.add_argument(
        "--out",
        metavar="PATH",
        help="file to write (RUN/generator.keras, or beside the file); for a page the folder, or "
        "the file (RUN/page, RUN/page.html)",
    )
    args.shared(
        command,
        "--precision",
        choices=("fp32", "fp16"),
        default=None,
        help="number format of the weights, for onnx and page: fp32, or fp16, which is half the "
        "size (fp32; fp16 with --single-file)",
    )
    args.flag(
        command, "--single-file", "write the page as one HTML file that can be opened from the disk"
    )
    args.shared(command, "--title", "--encoder", "--json", "--quiet")


def run(options: argparse.Namespace) -> None:
    """Convert and write."""
    if options.format == "page":
        _write_page(options)
        return
    for name in ("single_file", "title", "encoder"):
        if getattr(options, name):
            raise UsageError(f"--{name.replace('_', '-')} is for --format page")
    form = _form(options)
    network = _network(options)
    out = Path(options.out or _usual_file(options, network, form.suffix))
    if out.suffix != form.suffix:
        raise UsageError(f"cannot write {out}: give --out FILE{form.suffix}")
    facts = form.write(network, out)
    _tell(options, network.player, out, out.stat().st_size, facts)


def _form(options: argparse.Namespace) -> "Format":
    from kaogan.export import Onnx, formats

    if options.format == "onnx":
        return Onnx(options.precision or "fp32")
    if options.precision:
        raise UsageError("--precision is for --format onnx and page")
    return formats[options.format]()


def _write_page(options: argparse.Namespace) -> None:
    if options.network == "discriminator":
        raise UsageError("a page shows a generator; leave out --network")
    generator = args.generator_of(options)
    home = generator.home if generator.kind == "file" else Path()
    home = generator.run.path if generator.run else home
    out = Path(options.out or home / ("page.html" if options.single_file else "page"))
    if options.single_file != (out.suffix.lower() in (".html", ".htm")):
        wanted = "FILE.html" if options.single_file else "DIR, or add --single-file"
        raise UsageError(f"cannot write {out}: give --out {wanted}")
    precision: OnnxPrecision = options.precision or ("fp16" if options.single_file else "fp32")
    page = args.page_of_generator(generator, options, precision)
    if options.single_file:
        page.write_file(out)
        size = out.stat().st_size
    else:
        page.write_folder(out)
        size = sum(len(content) for content in page.files.values())
    facts = {"precision": precision, "largest_difference": page.largest_difference}
    _tell(options, "generator", out, size, facts)


def _tell(
    options: argparse.Namespace, player: str, out: Path, size: int, facts: Mapping[str, Any]
) -> None:
    about = {"file": str(out), "format": options.format, "network": player, "bytes": size}
    near = ""
    if "largest_difference" in facts:
        near = f", within {facts['largest_difference']:.1g} of PyTorch"
    what = "page" if options.format == "page" else player
    args.tell(options, about | dict(facts), f"{what}, {size / 1e6:.1f} MB{near}: {out}")


def _network(options: argparse.Namespace) -> "Network":
    from kaogan.generators import open_network

    if options.pretrained is None and options.what is not None:
        return open_network(options.what, options.network, options.checkpoint, options.weights)
    network = args.generator_of(options).network()
    if options.network is not None:
        raise UsageError(f"--network is for a RUN; {options.pretrained} is one network")
    return network


def _usual_file(options: argparse.Namespace, network: "Network", suffix: str) -> Path:
    """The file unless --out names one: in the RUN, beside the exported file, or here."""
    if network.origin is None:
        if is_hub_name(options.what):
            return Path(repo_of(options.what).partition("/")[2] + suffix)
        return Path(options.what).with_suffix(suffix)
    run = network.origin.run
    if run is None:
        return Path(f"{network.origin.name}{suffix}")
    return run.path / f"{network.player}{suffix}"
