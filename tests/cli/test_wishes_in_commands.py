"""Faces to order: train with labels, sample, walk, evaluate, export."""

import csv
import json
import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from kaogan.cli import main
from kaogan.generators import open_generator
from kaogan.training.run import Run

COLOURS = {"red": (220, 40, 40), "green": (40, 200, 60), "blue": (50, 60, 220)}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of one colour, labelled by a table."""
    folder = tmp_path_factory.mktemp("wishes")
    (folder / "in").mkdir()
    rng = np.random.default_rng(0)
    with (folder / "labels.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "colour", "light"])
        for number in range(240):
            name, colour = list(COLOURS.items())[number % 3]
            light = float(rng.uniform(0.3, 1))
            pixels = rng.normal(np.array(colour) * light, 10, (32, 32, 3)).clip(0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / "in" / f"{number}.png")
            table.writerow([f"{number}.png", name, f"{light:.3f}"])
    target = folder / "data"
    words = ["data", "prepare", folder / "in", "--size", 32, "--out", target, "--keep-duplicates"]
    assert main([str(word) for word in [*words, "--labels", folder / "labels.csv"]]) == 0
    return target


@pytest.fixture(scope="module")
def run(data: Path) -> Path:
    out = data.parent / "run"
    words = ["train", data, "--out", out, "--condition", "all", "--images", 4800, "--width", 8]
    words += ["--batch", 16, "--lr", 0.002, "--latent", 8, "--evaluate-every", 0]
    assert main([str(word) for word in [*words, "--device", "cpu", "--no-tune", "--quiet"]]) == 0
    return out


def dominant(file: Path) -> np.ndarray:
    """The strongest channel of each face of a grid of 4."""
    pixels = np.asarray(Image.open(file)).astype(float)
    cells = [pixels[y : y + 32, x : x + 32] for y in (2, 36) for x in (2, 36)]
    return np.array([cell.mean((0, 1)).argmax() for cell in cells])


def test_what_is_wished_for_is_drawn(kaogan, run, tmp_path):
    for place, colour in enumerate(COLOURS):
        file = tmp_path / f"{colour}.png"
        words = ("sample", run, "--count", 4, "--checkpoint", "newest", "--out", file)
        done = kaogan(*words, "--set", f"colour={colour}", "--set", "light=0.9")
        assert done.status == 0, done.err
        assert f"colour={colour}, light=0.9" in done.out
        assert (dominant(file) == place).mean() >= 0.5
        assert f"colour={colour}, light=0.9" in str(Image.open(file).info)


def test_labelled_pictures_are_not_mirrored(run):
    assert not Run(run).recipe.mirror
    assert "a label may be about left or right" in (run / "log.txt").read_text()


def test_the_run_is_gone_on_with_by_the_same_command(kaogan, run, data):
    words = ("train", data, "--out", run, "--condition", "all", "--width", 8, "--batch", 16)
    more = ("--lr", 0.002, "--latent", 8, "--evaluate-every", 0, "--device", "cpu")
    assert "used up already" in kaogan(*words, *more, "--images", 4800).err
    other = kaogan("train", data, "--out", run, "--condition", "colour", *words[6:], *more)
    assert other.status == 2
    assert "holds a run of another recipe" in other.error


def test_a_run_is_not_gone_on_with_after_its_labels_changed(kaogan, run, data, tmp_path):
    other = tmp_path / "data"
    shutil.copytree(data, other)
    table = (data.parent / "labels.csv").read_text().replace("3.png,red", "3.png,blue")
    (tmp_path / "labels.csv").write_text(table)
    assert kaogan("data", "label", other, "--labels", tmp_path / "labels.csv").status == 0
    done = kaogan("train", other, "--out", run, "--condition", "all", "--like", run)
    assert done.status == 2
    assert "labels: the pictures have others now" in done.error


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("sample", "RUN", "--set", "color=red"), "did you mean colour?"),
        (("sample", "RUN", "--set", "colour=rad"), "did you mean red?"),
        (("sample", "RUN", "--set", "colour"), "--set colour names no value"),
        (("sample", "RUN", "--set", "colour=red", "--set", "colour=blue"), "was given twice"),
        (("sample", "RUN", "--vary", "color"), "did you mean colour?"),
        (("sample", "RUN", "--vary", "colour,light", "--count", "2"), "leave out --count"),
        (("sample", "RUN", "--vary", "colour,colour"), "two different ones"),
        (("sample", "RUN", "--vary", "colour", "--count", "5000"), "too many for a sheet"),
        (
            ("sample", "RUN", "--vary", "colour", "--out", "-", "--quiet"),
            "--vary draws one picture",
        ),
        (("walk", "RUN", "--through", "colour=red"), "--through needs two values or more"),
        (("walk", "RUN", "--through", "tail=a,b"), "there is no attribute tail"),
        (("sample", "faces-64", "--set", "colour=red"), "nothing is known of the pictures"),
        (("evaluate", "faces-64", "--obeys"), "faces-64 knows no labels"),
        (("train", "DATA", "--condition", "colur"), "did you mean colour?"),
        (("train", "DATA", "--condition", "all", "--norm", "spectral"), "exclude each other"),
    ],
)
def test_mistakes(kaogan, run, data, wrong, said):
    words = [{"RUN": str(run), "DATA": str(data)}.get(word, word) for word in wrong]
    done = kaogan(*words)
    assert done.status == 2
    assert said in done.error


def test_a_sheet_has_a_face_for_each_value(kaogan, run, tmp_path):
    words = ("sample", run, "--checkpoint", "newest", "--seed", 3)
    done = kaogan(*words, "--vary", "colour,light", "--out", tmp_path / "two.png")
    assert done.status == 0, done.err
    pixels = np.asarray(Image.open(tmp_path / "two.png"))
    trained = open_generator(run, "newest")
    face = trained.wishing({"colour": "blue", "light": "0.9"}).sample(1, 3)[0]
    large = np.repeat(np.repeat(face, 2, 0), 2, 1)
    assert contains(pixels, large)
    done = kaogan(*words, "--vary", "colour", "--count", 2, "--out", tmp_path / "one.png")
    assert done.status == 0, done.err
    face = trained.wishing({"colour": "red"}).sample(1, 4)[0]
    assert contains(
        np.asarray(Image.open(tmp_path / "one.png")), np.repeat(np.repeat(face, 2, 0), 2, 1)
    )


def contains(picture: np.ndarray, part: np.ndarray) -> bool:
    """Does the part stand somewhere in the picture?"""
    windows = np.lib.stride_tricks.sliding_window_view(picture, part.shape[:2], (0, 1))
    corner = (picture[: windows.shape[0], : windows.shape[1]] == part[0, 0]).all(2)
    return any(
        np.array_equal(picture[y : y + len(part), x : x + part.shape[1]], part)
        for y, x in np.argwhere(corner)
    )


def test_a_walk_goes_from_wish_to_wish(kaogan, run, tmp_path):
    words = ("walk", run, "--checkpoint", "newest", "--through", "colour=red,green,blue")
    done = kaogan(*words, "--frames", 5, "--count", 2, "--out", tmp_path / "walk.png")
    assert done.status == 0, done.err
    pixels = np.asarray(Image.open(tmp_path / "walk.png")).astype(float)
    assert pixels.shape[:2] == (2 + 2 * 34, 2 + 5 * 34)
    drawn = open_generator(run, "newest").wishing({"colour": "green"}).sample(1)[0]
    assert np.array_equal(pixels[2:34, 2 + 2 * 34 : 2 + 2 * 34 + 32], drawn)
    assert kaogan(*words, "--frames", 6, "--out", tmp_path / "walk.mp4").status == 0
    with av.open(str(tmp_path / "walk.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == 6


def test_how_often_it_obeys_is_measured(kaogan, run, data, monkeypatch):
    monkeypatch.setattr("kaogan.metrics.obedience.IMAGES", 3200)
    words = ("evaluate", run, "--obeys", "--checkpoint", "newest", "--count", 20, "--data", data)
    done = kaogan(*words, "--json", "--quiet")
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert set(found) == {"colour", "light"}
    assert found["colour"]["accuracy"] > 0.9
    assert found["colour"]["obeyed"] > 0.5
    assert set(found["colour"]["values"]) == set(COLOURS)


def test_exported_it_takes_wishes_as_well(kaogan, run, tmp_path):
    file = tmp_path / "generator.safetensors"
    assert kaogan("export", run, "--format", "safetensors", "--out", file).status == 0
    words = ("--count", 4, "--set", "colour=blue")
    for source, name in ((run, "run"), (file, "file")):
        assert kaogan("sample", source, *words, "--out", tmp_path / f"{name}.png").status == 0
    one, other = (np.asarray(Image.open(tmp_path / f"{name}.png")) for name in ("run", "file"))
    assert np.array_equal(one, other)


def test_the_report_tells_how_to_train_it_again(kaogan, run, tmp_path):
    done = kaogan("report", run, "--no-live", "--no-evaluate", "--out", tmp_path / "report.html")
    assert done.status == 0, done.err
    assert "--condition colour,light" in (tmp_path / "report.html").read_text(encoding="utf-8")
