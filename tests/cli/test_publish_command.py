import json

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("onnx")
yaml = pytest.importorskip("yaml")

FILES = {"README.md", "directions.json", "generator.onnx", "generator.safetensors", "pictures"}


@pytest.fixture(scope="module")
def published(trained, tmp_path_factory):
    """A folder of --dry-run."""
    from kaogan.cli import main

    out = tmp_path_factory.mktemp("published") / "out"
    words = ["publish", str(trained), "--repo", "user/faces", "--licence", "cc-by-4.0"]
    words += ["--data-statement", "Noise, drawn by a test.", "--title", 'My "faces"']
    assert main([*words, "--dry-run", str(out)]) == 0
    return out


def metadata(card):
    """What stands above the text, as the hub reads it."""
    _, above, _ = card.read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(above)


def test_a_dry_run_writes_two_folders(published):
    assert {path.name for path in published.iterdir()} == {"model", "space"}
    assert {path.name for path in (published / "model").iterdir()} == FILES
    pictures = {path.name for path in (published / "model" / "pictures").iterdir()}
    assert pictures == {"faces.png", "timelapse.webp"}  # none that shows training pictures
    assert {"index.html", "js", "model", "README.md"} <= {
        path.name for path in (published / "space").iterdir()
    }


def test_the_cards_say_what_was_said(published):
    card = published / "model" / "README.md"
    about = metadata(card)
    assert (about["license"], about["library_name"]) == ("cc-by-4.0", "kaogan")
    text = card.read_text(encoding="utf-8")
    for words in (
        '# My "faces"',
        "The weights: cc-by-4.0.",
        "Noise, drawn by a test.",
        "kaogan sample hf:user/faces",
        'open_generator("hf:user/faces")',
        "pictures/faces.png",
        "Written by kaogan",
    ):
        assert words in text
    assert "which writes it anew" not in text
    space = metadata(published / "space" / "README.md")
    assert (space["sdk"], space["title"], space["models"]) == (
        "static",
        'My "faces"',
        ["user/faces"],
    )


def test_what_is_published_draws_the_same_faces(kaogan, trained, hub, tmp_path, published):
    outcome = kaogan("publish", trained, "--repo", "user/faces", "--no-page", "--json")
    assert outcome.status == 0, outcome.err
    assert json.loads(outcome.out) == {"model": f"{hub.address}/user/faces"}
    assert set(hub.repos) == {"user/faces"}
    assert {name.partition("/")[0] for name in hub.files("user/faces")} == FILES
    card = hub.files("user/faces")["README.md"].decode()
    assert "no licence was chosen" in card
    assert "the data set data with" in card
    assert "spaces/user/faces" not in card

    for what, file in ((trained, "run.png"), ("hf:user/faces", "hub.png")):
        assert kaogan("sample", what, "--count", "4", "--out", tmp_path / file).status == 0
    one, other = (np.asarray(Image.open(tmp_path / file)) for file in ("run.png", "hub.png"))
    assert (one == other).all()


def test_a_published_generator_is_exported_under_its_name(
    kaogan, hub, published, tmp_path, monkeypatch
):
    content = (published / "model" / "generator.safetensors").read_bytes()
    hub.repos["user/faces"] = [{"generator.safetensors": content}]
    monkeypatch.chdir(tmp_path)
    assert kaogan("export", "hf:user/faces", "--format", "onnx").status == 0
    assert (tmp_path / "faces.onnx").is_file()


@pytest.mark.parametrize(
    ("options", "status", "says"),
    [
        (["--repo", "faces"], 2, "USER/NAME"),
        (["--repo", "user/faces", "--licence", "My own"], 2, "name it as the hub does"),
        (["--repo", "user/faces", "--dry-run", "out", "--private"], 2, "--private"),
        (["--repo", "user/faces", "--dry-run", "."], 1, "exists already"),
    ],
)
def test_a_mistake_is_one_line(kaogan, trained, options, status, says):
    outcome = kaogan("publish", trained, *options)
    assert outcome.status == status
    assert says in outcome.error


def test_without_a_login_nothing_is_made(kaogan, trained, hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    outcome = kaogan("publish", trained, "--repo", "user/faces")
    assert outcome.status == 1
    assert "hf auth login" in outcome.error
    assert hub.repos == {}
