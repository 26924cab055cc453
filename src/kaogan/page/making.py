"""The page: a generator that draws in the browser, as a folder of static files or as one file.

A page consists of named contents:

    index.html  style.css  js/*.js      from kaogan/page; base.css is a part of each style
    runtime/                            onnxruntime-web, fetched by tools/page_runtime.py
    model/about.json                    what the page shows and says
    model/generator.onnx                with encoder.onnx and the timelapse, if there are any

Made twice from the same parts, it has the same bytes. It holds no picture of the training data.
"""

import html
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from kaogan.errors import KaoganError, UsageError
from kaogan.export.describe import describe_training
from kaogan.export.network import Network
from kaogan.export.onnx import OnnxPrecision, encoder_onnx, labels_of, onnx_of
from kaogan.files import atomic_file, atomic_folder
from kaogan.limits import LARGEST_FILM
from kaogan.page.singlefile import single_file
from kaogan.records import Record, read_json
from kaogan.version import __version__

SOURCES = Path(__file__).parent
BASE_STYLE = SOURCES / "base.css"
FORMAT = 1

SIGN = '<meta name="generator" content="kaogan '
"""In every page's index.html. A newer page may replace a file with this sign."""

OURS = {"index.html", "style.css", "js", "runtime", "model"}
"""Everything in a page's folder."""


@dataclass(frozen=True)
class Page:
    """Contents by name, and the largest difference of the networks' outputs from PyTorch's."""

    files: Mapping[str, bytes]
    largest_difference: float

    def write_folder(self, folder: Path) -> None:
        """Write a folder for any static host. It replaces an older page when it is complete.

        Raises:
            UsageError: the folder exists and is not a page.

        """
        if folder.exists() and not is_replaceable(folder):
            raise UsageError(f"{folder} is there, and no page of kaogan's; give another --out")
        aside = folder.with_name(f".{folder.name}.old")
        with atomic_folder(folder) as partial:
            for name, content in self.files.items():
                file = partial / name
                file.parent.mkdir(exist_ok=True)
                file.write_bytes(content)
            if folder.exists():
                shutil.rmtree(aside, ignore_errors=True)
                folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)

    def write_file(self, file: Path) -> None:
        """Write one HTML file that needs no other file and no network.

        Raises:
            UsageError: the file exists and is not a page.

        """
        if file.exists() and not (file.is_file() and has_sign(file)):
            raise UsageError(f"{file} is there, and no page of kaogan's; give another --out")
        content = single_file(self.files)
        with atomic_file(file) as partial:
            partial.write_bytes(content)


def page_of(
    network: Network,
    title: str,
    directions: Sequence[Mapping[str, Any]] = (),
    encoder: nn.Module | None = None,
    precision: OnnxPrecision = "fp32",
) -> Page:
    """The page of a generator.

    Args:
        network: the generator.
        title: of the page.
        directions: entries of about.json, each with its `vector`.
        encoder: pictures to latents, if there is one.
        precision: of the weights.

    Raises:
        KaoganError: onnxruntime-web was not fetched, or a network cannot be written as ONNX.

    """
    generator, difference = onnx_of(network, precision)
    model: dict[str, bytes] = {"generator.onnx": generator}
    if encoder is not None:
        model["encoder.onnx"], apart = encoder_onnx(encoder, network, precision)
        difference = max(difference, apart)
    run = network.origin.run if network.origin else None
    film = run.path / "timelapse.webp" if run is not None else None  # shows drawn faces only
    if film is not None and film.is_file() and film.stat().st_size <= LARGEST_FILM:
        model[film.name] = film.read_bytes()
    named = {name.partition(".")[0]: f"model/{name}" for name in model}
    about = {
        "format": FORMAT,
        "kaogan": __version__,
        "title": title,
        "picture": {"size": network.size, "channels": network.channels},
        "latent_dim": network.model.latent_dim,
        "files": {kind: named.get(kind) for kind in ("generator", "encoder", "timelapse")},
        "directions": list(directions),
        "labels": labels_of(network.model),
        "training": describe_training(network),
    }
    model["about.json"] = json.dumps(about, ensure_ascii=False).encode() + b"\n"
    files = sources(title) | runtime() | {f"model/{name}": model[name] for name in sorted(model)}
    return Page(files, difference)


def sources(title: str) -> dict[str, bytes]:
    """The page's own files, with its title and the sign that kaogan made it."""
    index = (SOURCES / "index.html").read_text(encoding="utf-8")
    charset, named = '<meta charset="utf-8">', f"<title>{html.escape(title)}</title>"
    index = index.replace(charset, f'{charset}\n{SIGN}{__version__}">', 1)
    index = index.replace("<title>kaogan</title>", named, 1)
    files = {"index.html": index.encode(), "style.css": style(SOURCES / "style.css")}
    return files | {f"js/{file.name}": file.read_bytes() for file in modules()}


def style(file: Path) -> bytes:
    """A page's style, after the one that all pages share."""
    return BASE_STYLE.read_bytes() + file.read_bytes()


def modules() -> list[Path]:
    """The page's scripts."""
    return sorted((SOURCES / "js").glob("*.js"))


def runtime() -> dict[str, bytes]:
    """onnxruntime-web, which draws, and its licence.

    Raises:
        KaoganError: it was not fetched when kaogan was installed.

    """
    folder = SOURCES / "runtime"
    wanted = read_json(folder / "manifest.json", Manifest).files
    try:
        return {f"runtime/{name}": (folder / name).read_bytes() for name in ("LICENSE", *wanted)}
    except FileNotFoundError:
        raise KaoganError(
            "the page needs onnxruntime-web, which this installation has not; with Node.js "
            "installed, run in kaogan's sources: python tools/page_runtime.py"
        ) from None


class Manifest(Record):
    """The part of runtime/manifest.json that is needed here."""

    files: dict[str, Any]


def is_replaceable(folder: Path) -> bool:
    """Is this a page with nothing else, or an empty folder?"""
    if not folder.is_dir():
        return False
    names = {path.name for path in folder.iterdir()}
    return not names or (names <= OURS and has_sign(folder / "index.html"))


def has_sign(file: Path) -> bool:
    """Was this HTML file made by kaogan?"""
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return SIGN.encode() in opened.read(1024)
