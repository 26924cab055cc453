import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from kaogan.latent.encoder_file import NAME

QUICK = ("--encoder-pictures", "64", "--steps", "5")


@pytest.fixture
def run(trained, tmp_path):
    """A run without an encoder, of this test alone."""
    return shutil.copytree(trained, tmp_path / "run", ignore=shutil.ignore_patterns(NAME))


@pytest.fixture
def photos(tmp_path):
    """Two files: upright RGB, and grey with a note that says it lies on its side."""
    rng = np.random.default_rng(0)
    files = [tmp_path / "a.jpg", tmp_path / "b.png"]
    Image.fromarray(rng.integers(0, 256, (50, 40, 3), dtype=np.uint8)).save(files[0])
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(rng.integers(0, 256, (40, 40), dtype=np.uint8)).save(files[1], exif=exif)
    return files


def test_pictures_become_latents_that_draw_them(kaogan, run, photos, tmp_path):
    out = tmp_path / "found" / "us.png"
    outcome = kaogan("invert", run, *photos, "--out", out, "--json", *QUICK)
    assert outcome.status == 0
    about = json.loads(outcome.out)
    assert about == json.loads(out.with_suffix(".json").read_text())
    assert [row["picture"] for row in about["pictures"]] == [str(file) for file in photos]
    assert {file.name for file in out.parent.iterdir()} == {"us.png", "us.npy", "us.json"}

    latents = np.load(out.with_suffix(".npy"))
    assert latents.shape == (2, 100)
    np.testing.assert_allclose(latents, [row["latent"] for row in about["pictures"]])
    sheet = np.asarray(Image.open(out))
    assert sheet.shape == (2 * 34 + 2, 3 * 34 + 2, 3)
    from kaogan.training.run import Run
    from kaogan.training.sampling import draw

    (face, _) = draw(Run(run).sampler().generator, torch.from_numpy(latents))
    assert (sheet[2:34, 70:102] == face).all()
    turned = np.asarray(Image.open(photos[1]).resize((32, 32), Image.Resampling.LANCZOS))
    original = sheet[36:68, 2:34, 0].astype(int)
    assert np.abs(original - np.rot90(turned, -1)).mean() < 1


def test_the_encoder_is_trained_once_and_again_for_another_generator(kaogan, run, photos, tmp_path):
    def invert(*options):
        outcome = kaogan("invert", run, photos[0], "--out", tmp_path / "x.png", *QUICK, *options)
        assert outcome.status == 0
        return outcome.err

    assert "training the encoder" in invert()
    kept = (run / NAME).read_bytes()
    assert "training" not in invert()
    assert (run / NAME).read_bytes() == kept
    assert "training the encoder" in invert("--weights", "raw")
    assert (run / NAME).read_bytes() == kept  # the RUN's own generator draws with averaged weights


def test_an_encoder_of_other_weights_gives_way(kaogan, run, photos, tmp_path):
    from kaogan.latent.encoder_file import read_encoder, write_encoder
    from kaogan.training.run import Run

    line = ("invert", run, photos[0], "--out", tmp_path / "x.png", *QUICK)
    kaogan(*line)
    mine, other = (Run(run).sampler(weights=weights).generator for weights in ("ema", "raw"))
    encoder = read_encoder(run / NAME, mine)
    assert encoder is not None
    write_encoder(encoder, other, run / NAME)
    assert "belongs to other weights; replacing it" in kaogan(*line).err
    assert read_encoder(run / NAME, mine) is not None


def test_a_generator_that_comes_with_kaogan(kaogan, photos, tmp_path):
    out = tmp_path / "found.png"
    outcome = kaogan("invert", "--pretrained", "avatars-64", *photos, "--out", out, "--steps", "3")
    assert outcome.status == 0
    assert "training" not in outcome.err
    assert len(outcome.out.splitlines()) == 3
    assert Image.open(out).size == (3 * 66 + 2, 2 * 66 + 2)


def make_bad(tmp_path, kind):
    file = tmp_path / f"{kind}.jpg"
    if kind == "text":
        file.write_text("no picture at all")
    elif kind == "empty":
        file.write_bytes(b"")
    elif kind == "cut":
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(file)
        file.write_bytes(file.read_bytes()[:2000])
    elif kind == "flat":
        Image.new("RGB", (64, 64), "red").save(file)
    elif kind == "folder":
        file.mkdir()
    return file


@pytest.mark.parametrize("kind", ["text", "empty", "cut", "flat", "folder", "missing"])
def test_a_bad_picture_is_one_line_and_nothing_is_written(kaogan, run, photos, tmp_path, kind):
    bad, out = make_bad(tmp_path, kind), tmp_path / "out" / "x.png"
    outcome = kaogan("invert", run, photos[0], bad, "--out", out, *QUICK)
    assert outcome.status == 1
    assert bad.name in outcome.error
    assert not out.parent.exists()
    assert not (run / NAME).exists()


def test_a_damaged_encoder_is_one_line(kaogan, run, photos, tmp_path):
    (run / NAME).write_bytes(b"nonsense")
    outcome = kaogan("invert", run, photos[0], "--out", tmp_path / "x.png", *QUICK)
    assert outcome.status == 1
    assert "delete it" in outcome.error
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize(
    "options",
    [
        ["--steps", "-1"],
        ["--seed", "-1"],
        ["--encoder-pictures", "0"],
        ["--out", "face.jpg"],
        ["--checkpoint", "7"],
    ],
)
def test_a_mistake_is_one_line(kaogan, run, photos, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    outcome = kaogan("invert", run, photos[0], *options)
    assert outcome.status == 2
    assert outcome.error
    assert set(tmp_path.rglob("*")) == before


def test_no_picture(kaogan, run):
    assert kaogan("invert", run).status == 2
    assert kaogan("invert", "--pretrained", "avatars-64").status == 2
