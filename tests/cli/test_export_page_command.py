"""`kaogan export` to ONNX and to a page, as a user types it."""

import json

import pytest

from kaogan.latent.directions import Directions
from kaogan.latent.fingerprint import fingerprint
from kaogan.page.making import SOURCES
from kaogan.training.run import Run

pytest.importorskip("onnxruntime", reason="needs kaogan[onnx]")

needs_runtime = pytest.mark.skipif(
    not list((SOURCES / "runtime").glob("*.wasm")),
    reason="onnxruntime-web is not fetched: python tools/page_runtime.py",
)


@pytest.fixture
def run(trained):
    """A run with directions beside it, so that none need to be found."""
    file = trained / "directions.json"
    generator = Run(trained).sampler().generator
    Directions((), (), fingerprint(generator), orthogonal=False).write(file)
    yield trained
    file.unlink()


def test_onnx_says_how_near_it_is_to_pytorch(kaogan, trained, tmp_path):
    out = tmp_path / "g.onnx"
    outcome = kaogan("export", trained, "--format", "onnx", "--out", out, "--json")
    about = json.loads(outcome.out)
    assert about["largest_difference"] < 1e-3
    assert about | {"largest_difference": 0} == {
        "file": str(out),
        "format": "onnx",
        "network": "generator",
        "bytes": out.stat().st_size,
        "precision": "fp32",
        "largest_difference": 0,
        "encoder": None,
    }
    outcome = kaogan("export", trained, "--format", "onnx", "--precision", "fp16", "--out", out)
    assert "of PyTorch" in outcome.out
    assert out.stat().st_size < 0.6 * about["bytes"]


def test_an_onnx_file_cannot_be_read_back(kaogan, trained, tmp_path):
    out = tmp_path / "g.onnx"
    assert kaogan("export", trained, "--format", "onnx", "--out", out).status == 0
    outcome = kaogan("export", out, "--format", "keras", "--out", tmp_path / "g.keras")
    assert outcome.status == 1
    assert "holds no generator that can be read" in outcome.error


@needs_runtime
def test_a_page_as_folder_and_as_file(kaogan, run, tmp_path):
    folder, file = tmp_path / "page", tmp_path / "page.html"
    outcome = kaogan(
        "export", run, "--format", "page", "--out", folder, "--title", "Mine", "--json"
    )
    assert outcome.status == 0, outcome.err
    assert json.loads(outcome.out)["precision"] == "fp32"
    about = json.loads((folder / "model" / "about.json").read_text(encoding="utf-8"))
    assert about["title"] == "Mine"
    assert about["training"]["images_seen"] == 64
    outcome = kaogan("export", run, "--format", "page", "--single-file", "--out", file, "--json")
    assert outcome.status == 0, outcome.err
    assert json.loads(outcome.out)["bytes"] == file.stat().st_size


@needs_runtime
def test_a_folder_of_somebody_else_is_not_touched(kaogan, run, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    outcome = kaogan("export", run, "--format", "page", "--out", tmp_path / "mine")
    assert outcome.status == 2
    assert "no page of kaogan's" in outcome.error
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--format", "onnx", "--out", "g.pt"), "FILE.onnx"),
        (("--format", "safetensors", "--precision", "fp16"), "--precision is for"),
        (("--format", "onnx", "--single-file"), "--single-file is for --format page"),
        (("--format", "onnx", "--title", "x"), "--title is for --format page"),
        (("--format", "page", "--out", "page.html"), "--single-file"),
        (("--format", "page", "--single-file", "--out", "folder"), "FILE.html"),
        (("--format", "page", "--network", "discriminator"), "shows a generator"),
    ],
)
def test_what_makes_no_sense_is_one_line(kaogan, trained, arguments, complaint):
    outcome = kaogan("export", trained, *arguments)
    assert outcome.status == 2
    assert complaint in outcome.error
