"""Python in the documents: what is quoted is the source, and what can be run is run.

A block whose first line is a comment with a path quotes that file. All other blocks of a page are
run in their order, as one script, in a folder that holds what readers have by then: `pictures`, a
data set, a run, directions, latents, exported generators. What is changed on the way is listed in
CHANGES. README.md has a test of its own (test_readme.py).
"""

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import kaogan
from kaogan.cli import main
from test_docs import DOCUMENTS, ROOT, fences, read
from test_readme import make_pictures

CHANGES = (("width=32", "width=4, batch=8"), ("images=400_000", "images=64"))
QUOTE = re.compile(r"# (src/\S+\.py)\n(.*)", re.S)
EXPORTS = {"export.md": {"keras": "keras", "onnx": "onnxruntime"}}
"""Formats that a page reads, as `generator.FORMAT`, and the library that each needs."""


def python_blocks(document: Path) -> list[str]:
    return [block for language, block in fences(read(document)) if language == "python"]


QUOTES = [
    pytest.param(*found.groups(), id=f"{document.name}-{number}")
    for document in DOCUMENTS
    for number, block in enumerate(python_blocks(document))
    if (found := QUOTE.fullmatch(block))
]
SCRIPTS = {
    document: [block for block in python_blocks(document) if not QUOTE.fullmatch(block)]
    for document in DOCUMENTS
    if document.name != "README.md"
}
PAGES = [
    pytest.param(document, id=document.relative_to(ROOT).as_posix())
    for document, blocks in SCRIPTS.items()
    if blocks
]


def is_quoted(source: str, quote: str) -> bool:
    """Does the quote stand in the source, at whatever depth?"""
    return any(textwrap.indent(quote, " " * depth) in source for depth in (0, 4, 8))


@pytest.mark.parametrize(("file", "quote"), QUOTES)
def test_quotes_are_the_source(file, quote):
    assert is_quoted(read(ROOT / file), quote), f"{file} says something else"


def test_a_wrong_quote_is_noticed():
    source = "def f(x):\n    y = x + 1\n    return y\n"
    assert is_quoted(source, "y = x + 1\nreturn y\n")
    assert not is_quoted(source, "y = x - 1\nreturn y\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """What a reader has by the time of these blocks, as small as can be."""
    folder = tmp_path_factory.mktemp("reader")
    make_pictures(folder)
    dataset = kaogan.prepare(
        [folder / "pictures"], folder / "data" / "pictures-64", workers=1, progress=False
    )
    recipe = kaogan.recipes.dcgan(size=64, width=4, batch=8)
    cpu = kaogan.Hardware(device="cpu")
    kaogan.train(recipe, dataset, folder / "runs" / "pictures", kaogan.Budget(images=16), cpu)
    small = ["--width", "4", "--batch", "8", "--images", "16", "--device", "cpu", "--no-tune"]
    avatars, wishes = (str(folder / name) for name in ("data/avatars", "runs/wishes"))
    assert main(["data", "avatars", "--count", "24", "--out", avatars]) == 0
    learned = ["--condition", "hair-colour,accessory"]
    assert main(["train", avatars, "--out", wishes, *learned, *small]) == 0
    directions = ROOT / "src" / "kaogan" / "zoo" / "faces-64" / "directions.json"
    shutil.copy(directions, folder / "runs" / "pictures")
    np.save(folder / "found.npy", np.zeros((1, 100), np.float32))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("document", PAGES)
def test_python_blocks_run(document, folder, monkeypatch):
    for export_format, library in EXPORTS.get(document.name, {}).items():
        pytest.importorskip(library)
        run, file = str(folder / "runs" / "pictures"), str(folder / f"generator.{export_format}")
        assert main(["export", run, "--format", export_format, "--out", file]) == 0
    script = "\n".join(SCRIPTS[document])
    for printed, instead in CHANGES:
        script = script.replace(printed, instead)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_change_is_needed():
    blocks = [block for blocks in SCRIPTS.values() for block in blocks]
    assert all(any(printed in block for block in blocks) for printed, _ in CHANGES)
