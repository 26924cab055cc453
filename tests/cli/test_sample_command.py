import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from kaogan.images import DESCRIPTION
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


@pytest.mark.parametrize(("ending", "kind"), [("jpg", "JPEG"), ("webp", "WEBP"), ("PNG", "PNG")])
def test_a_grid_in_the_format_of_its_name(kaogan, trained, tmp_path, ending, kind):
    out = tmp_path / f"faces.{ending}"
    assert kaogan("sample", trained, "--count", "4", "--seed", "7", "--out", out).status == 0
    with Image.open(out) as picture:
        assert picture.format == kind
        assert picture.size == (70, 70)
        if kind != "PNG":
            assert "seed=7 " in picture.getexif()[DESCRIPTION]


def test_a_picture_that_is_there_stays(kaogan, trained, tmp_path):
    out = tmp_path / "faces.png"
    out.write_bytes(b"mine")
    line = ("sample", trained, "--count", "4", "--out", out)
    for number in (2, 3):
        outcome = kaogan(*line, "--json")
        new = tmp_path / f"faces-{number}.png"
        assert json.loads(outcome.out)["files"] == [str(new)]
        assert f"note: {out} is there already, so this is {new}" in outcome.err
    assert out.read_bytes() == b"mine"
    assert kaogan(*line, "--force").err.count("note") == 0
    assert Image.open(out).size == (70, 70)


def test_a_face_that_is_there_stays(kaogan, trained, tmp_path):
    line = ("sample", trained, "--out", f"{tmp_path}/all/", "--count")
    assert kaogan(*line, "2").status == 0
    before = sorted((tmp_path / "all").iterdir())
    assert "seed-000000.png is there already" in kaogan(*line, "3").error
    assert sorted((tmp_path / "all").iterdir()) == before
    assert kaogan(*line, "2", "--seed", "2").status == 0  # others go beside them
    assert kaogan(*line, "3", "--force").status == 0


def test_a_huge_grid_is_refused_before_it_is_drawn(kaogan, trained, tmp_path):
    outcome = kaogan("sample", trained, "--count", "100000", "--out", tmp_path / "b.png")
    assert outcome.status == 2
    assert "100,000 faces in one picture are 10,780 x 10,746 pixels" in outcome.error
    assert "--out DIR/" in outcome.error


def test_progress_unless_quiet(kaogan, trained, tmp_path):
    line = ("sample", trained, "--count", "4", "--force", "--out", tmp_path / "faces.png")
    assert "drawing: 4/4 faces" in kaogan(*line).err
    quiet = kaogan(*line, "--quiet")
    assert quiet.err == ""
    assert quiet.out.startswith("4 faces")
    assert "drawing" in kaogan(*line).err


def test_standard_output(trained):
    line = [sys.executable, "-m", "kaogan", "sample", str(trained), "--count", "4", "--out", "-"]
    done = subprocess.run(line, capture_output=True, check=True)
    assert Image.open(io.BytesIO(done.stdout)).size == (70, 70)
    assert subprocess.run([*line, "--json"], capture_output=True, check=False).returncode == 2


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
