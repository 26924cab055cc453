import json
import shutil
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from kaogan.cli import main
from kaogan.data.avatars import draw, sample_avatar
from kaogan.data.dataset import open_dataset
from kaogan.training import checkpoints
from kaogan.training.run import Run


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Avatars of 32 x 32, more than 100 of them held out."""
    folder = tmp_path_factory.mktemp("data") / "avatars"
    arguments = ["--count", "1300", "--size", "32", "--workers", "1", "--out", str(folder)]
    assert main(["data", "avatars", *arguments]) == 0
    return folder


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    recipe = ["--width", "4", "--batch", "8", "--lr", "0.02", "--images", "160"]
    assert main(["train", str(data), "--out", str(folder), "--device", "cpu", *recipe]) == 0
    return folder


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """A folder of other avatars, twice as large as the data set's."""
    folder = tmp_path_factory.mktemp("faces") / "faces"
    folder.mkdir()
    for index in range(110):
        Image.fromarray(draw(sample_avatar(7, index), 64)).save(folder / f"{index}.png")
    return folder


@pytest.fixture
def evaluate(kaogan, data):
    """The report of an evaluation: of one split and few pictures, unless it is to be `whole`."""

    def report(*arguments, whole=False):
        few = () if whole else ("--split", "held-out", "--count", "105")
        options = ("--data", data, "--device", "cpu", "--json", *few)
        outcome = kaogan("evaluate", *options, *arguments)
        assert outcome.status == 0, outcome.err
        return json.loads(outcome.out)

    return report


def value(report, label):
    (found,) = (each for each in report["figures"] if each["label"].startswith(label))
    return found["against"]["held-out"]["value"]


def test_a_run_in_words(kaogan, run, data):
    outcome = kaogan("evaluate", run, "--data", data, "--device", "cpu")
    assert outcome.status == 0
    head, *_ = outcome.out.splitlines()
    for part in (str(run), "images seen 160", "weights ema", "truncation 1", "first seed 0"):
        assert part in head
    for part in ("against train", "against held-out", "floor", "coverage", "no figure is an FID"):
        assert part in outcome.out
    assert str(run / "nearest.png") in outcome.out
    assert Image.open(run / "nearest.png").size == (8 * 34 + 2, 2 * (3 * 34 + 2))
    assert "looking" in outcome.err


def test_a_run_knows_its_data_from_any_folder(kaogan, evaluate, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    few = ("--count", "100", "--split", "train")
    outcome = kaogan("evaluate", run, "--device", "cpu", "--json", *few)
    assert json.loads(outcome.out)["figures"] == evaluate(run, *few)["figures"]
    missing = kaogan("evaluate", "avatars-64", "--device", "cpu").error
    assert missing.startswith("error: --data is missing: avatars-64 is no RUN")


def test_a_checkpoint_is_the_run_it_was_part_of(evaluate, run):
    newest = checkpoints.found(Run(run).checkpoints)[-1]
    whole, part = evaluate(run), evaluate(newest)
    assert part["subject"] == whole["subject"] | {"what": str(newest)}
    assert part["figures"] == whole["figures"]


def test_of_a_run_the_checkpoint_that_sample_draws_from(kaogan, data, run, tmp_path, evaluate):
    longer = tmp_path / "run"
    shutil.copytree(run, longer)
    worse = ["--width", "4", "--batch", "8", "--lr", "0.02", "--images", "320"]
    rows = longer / "evaluation.jsonl"
    *_, last = map(json.loads, rows.read_text().splitlines())
    rows.write_text(json.dumps(last | {"fd": -1, "end": False}) + "\n")
    assert kaogan("train", data, "--out", longer, "--device", "cpu", *worse).status == 0
    assert evaluate(longer)["subject"]["images seen"] == 160
    assert evaluate(longer, "--checkpoint", "newest")["subject"]["images seen"] == 320


def test_weights_truncation_and_seed_matter_and_are_named(evaluate, run):
    plain = evaluate(run)
    for options, named in (
        (["--weights", "raw"], {"weights": "raw"}),
        (["--truncation", "0.5"], {"truncation": 0.5}),
        (["--seed", "5"], {"first seed": 5}),
    ):
        other = evaluate(run, *options)
        assert other["subject"] == plain["subject"] | named
        assert value(other, "KID") != value(plain, "KID")
    shrunk = evaluate(run, "--truncation", "0")
    assert value(shrunk, "MS-SSIM") == pytest.approx(1, abs=0.01)


def test_real_pictures_are_better_than_a_run(evaluate, run, faces):
    pictures, generated = evaluate(faces), evaluate(run)
    assert pictures["subject"]["what"] == str(faces)
    assert pictures["subject"]["resized"].startswith("105 by lanczos")
    assert value(pictures, "KID") < 0.2 < value(generated, "KID")
    assert value(pictures, "coverage") > 0.7 > value(generated, "coverage")


def test_an_archive_is_its_folder(evaluate, faces, tmp_path):
    archive = tmp_path / "faces.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for index in range(110):
            zipped.write(faces / f"{index}.png", f"{index}.png")
    assert evaluate(archive)["figures"] == evaluate(faces)["figures"]


def test_what_is_no_picture_is_counted(evaluate, faces, tmp_path):
    archive = tmp_path / "faces.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for index in range(105):
            zipped.write(faces / f"{index}.png", f"{index}.png")
        zipped.writestr("notes.txt", "no picture")
    report = evaluate(archive, whole=True)
    assert (report["count"], report["subject"]["unusable"]) == (105, 1)


def test_a_data_set_against_itself(evaluate, data):
    report = evaluate(data, whole=True)
    assert report["subject"]["fingerprint"] == open_dataset(data).fingerprint[:12]
    assert report["copies"]["pixels"] > 0.7  # nine tenths of it are training pictures
    assert report["copies"]["picture"] is None


def test_one_split_and_a_count(evaluate, run):
    report = evaluate(run, "--split", "train", "--count", "300")
    assert (report["count"], report["splits"]) == (300, ["train"])
    assert all(set(figure["against"]) == {"train"} for figure in report["figures"])
    assert any("no floor" in note for note in report["notes"])


def test_the_picture_goes_where_it_is_told(evaluate, faces, tmp_path):
    out = tmp_path / "look.png"
    assert evaluate(faces, "--out", out)["copies"]["picture"] == str(out)
    assert out.exists()


class Means(torch.nn.Module):
    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures.float().mean(dim=(2, 3))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_features_of_ones_own(evaluate, faces, tmp_path):
    path = tmp_path / "means.pt"
    torch.jit.script(Means()).save(str(path))
    features = evaluate(faces, "--features", path)["features"]
    assert (features["name"], features["dim"]) == ("means.pt", 3)


@pytest.mark.parametrize(
    ("options", "status", "word"),
    [
        (["--count", "1"], 2, "at least 2"),
        (["--out", "nearest.gif"], 2, "FILE.png"),
        (["--features", "vgg"], 2, "no feature extractor"),
        (["--features", "nowhere.pt"], 1, "cannot read"),
        (["--features-weights", "x.pt"], 2, "no weights"),
        (["--truncation", "-1"], 2, "truncation"),
        (["--seed", "-1"], 2, "seed"),
        (["--device", "abacus"], 2, "device"),
        (["--checkpoint", "7"], 2, "no checkpoint 7; it has 80, 160, newest, best"),
    ],
)
def test_a_mistake_is_one_line(kaogan, run, data, options, status, word):
    outcome = kaogan("evaluate", run, "--data", data, *options)
    assert outcome.status == status
    assert word in outcome.error


def test_what_cannot_be_evaluated(kaogan, data, faces, tmp_path):
    for what, word in (
        (tmp_path / "nothing", "there is nothing at"),
        ("faces-65", "faces-64"),
        (tmp_path, "no usable picture"),
        ("avatars-64", "--size 64"),
    ):
        assert word in kaogan("evaluate", what, "--data", data, "--device", "cpu").error
    raw = kaogan("evaluate", "avatars-64", "--data", data, "--weights", "raw")
    assert "averaged weights only" in raw.error
    chosen = kaogan("evaluate", faces, "--data", data, "--checkpoint", "best")
    assert "is no RUN" in chosen.error
    truncated = kaogan("evaluate", faces, "--data", data, "--truncation", "0.7")
    assert "for generators" in truncated.error
    assert "not a prepared data set" in kaogan("evaluate", faces, "--data", faces).error


def test_a_generator_that_comes_with_kaogan(kaogan, tmp_path):
    data = tmp_path / "avatars"
    assert kaogan("data", "avatars", "--count", "120", "--out", data, "--workers", "1").status == 0
    outcome = kaogan(
        "evaluate", "avatars-64", "--data", data, "--split", "train", "--count", "64", "--json"
    )
    report = json.loads(outcome.out)
    assert report["subject"]["what"] == "avatars-64"
    assert np.isfinite(report["figures"][0]["against"]["train"]["value"])
