import json
import shutil

import numpy as np
import pytest
from PIL import Image

from kaogan.training import checkpoints
from kaogan.training.run import Run


def test_a_grid(kaogan, trained, tmp_path):
    out = tmp_path / "faces.png"
    outcome = kaogan("sample", trained, "--count", "9", "--out", out)
    assert outcome.status == 0
    assert Image.open(out).size == (3 * 34 + 2, 3 * 34 + 2)


def test_one_file_each_with_the_seed_that_makes_it_again(kaogan, trained, tmp_path):
    outcome = kaogan(
        "sample", trained, "--count", "3", "--seed", "5", "--out", f"{tmp_path}/all/", "--json"
    )
    files = json.loads(outcome.out)["files"]
    assert [Image.open(file).text["kaogan:seed"] for file in files] == ["5", "6", "7"]

    kaogan("sample", trained, "--count", "1", "--seed", "6", "--out", f"{tmp_path}/one/")
    again = np.asarray(Image.open(tmp_path / "one" / "seed-000006.png")).astype(int)
    # Another batch size may round differently, by less than anyone can see.
    assert np.abs(again - np.asarray(Image.open(files[1])).astype(int)).max() <= 1


def test_weights_truncation_and_checkpoint_matter(kaogan, trained, tmp_path):
    newest = checkpoints.found(Run(trained).checkpoints)[-1]
    drawn = {}
    for name, options in {
        "plain": [],
        "raw": ["--weights", "raw"],
        "mean": ["--truncation", "0"],
        "checkpoint": ["--checkpoint", str(int(newest.name))],
    }.items():
        out = tmp_path / f"{name}.png"
        assert kaogan("sample", trained, "--count", "4", "--out", out, *options).status == 0
        drawn[name] = np.asarray(Image.open(out))
    assert (drawn["plain"] != drawn["raw"]).any()
    assert (drawn["plain"] == drawn["checkpoint"]).all()
    assert (drawn["mean"][2:34, 2:34] == drawn["mean"][2:34, 36:68]).all()


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["--count", "0"], 2),
        (["--seed", "-1"], 2),
        (["--truncation", "-1"], 2),
        (["--out", "faces.gif"], 2),
        (["--checkpoint", "7"], 2),
        (["--checkpoint", "last"], 2),
    ],
)
def test_a_mistake_is_one_line(kaogan, trained, tmp_path, monkeypatch, options, status):
    monkeypatch.chdir(tmp_path)
    outcome = kaogan("sample", trained, *options)
    assert outcome.status == status
    assert outcome.error
    assert not list(tmp_path.iterdir())


@pytest.fixture
def copy(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "copy")


def test_no_run(kaogan, tmp_path):
    assert "no run" in kaogan("sample", tmp_path).error


def test_a_run_of_a_newer_version(kaogan, copy):
    about = json.loads((copy / "run.json").read_text())
    (copy / "run.json").write_text(json.dumps(about | {"format": 99}))
    assert "newer" in kaogan("sample", copy).error


def test_a_run_json_that_is_damaged(kaogan, copy):
    (copy / "run.json").write_text("{")
    assert "damaged" in kaogan("sample", copy).error


def test_a_checkpoint_that_is_damaged(kaogan, copy):
    weights = next((copy / "checkpoints").iterdir()) / "state.safetensors"
    weights.write_bytes(weights.read_bytes()[:-7])
    assert "damaged" in kaogan("sample", copy).error


def test_a_checkpoint_that_is_gone(kaogan, copy):
    shutil.rmtree(copy / "checkpoints")
    assert "no checkpoint" in kaogan("sample", copy).error


def test_any_generator_by_one_word(kaogan, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exported = tmp_path / "mine.safetensors"
    assert kaogan("export", trained, "--format", "safetensors", "--out", exported).status == 0
    grids = []
    for what in (trained, exported, checkpoints.found(Run(trained).checkpoints)[-1]):
        assert kaogan("sample", what, "--count", "4", "--out", "x.png").status == 0
        grids.append(np.asarray(Image.open("x.png")))
    assert (grids[0] == grids[1]).all()
    assert (grids[0] == grids[2]).all()
    assert kaogan("sample", "avatars-64", "--count", "1").status == 0
    assert Image.open("faces.png").text["kaogan:source"] == "avatars-64"
    assert "did you mean avatars-64?" in kaogan("sample", "avatar-64").error


def test_an_unknown_generator(kaogan):
    outcome = kaogan("sample", "--pretrained", "dogs")
    assert outcome.status == 2
    assert "dogs" in outcome.error
