"""Contract: one file outside the package brings a component of each kind, and every command works
on what it trained.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kaogan import plugins
from kaogan.augmentations import augmentations
from kaogan.cli import main
from kaogan.errors import KaoganError
from kaogan.losses import losses
from kaogan.losses.penalties import penalties
from kaogan.models import models
from kaogan.schedules import schedules
from kaogan.training.run import Run

FILE = Path(__file__).with_name("my_gan.py")
COMPONENTS = (
    *("--model", "residual", "--blocks", "3", "--loss", "margin", "--margin", "0.5"),
    *("--penalty", "slope-above:weight=0.5,floor=0.1", "--augment", "brightness:strength=0.1"),
    *("--schedule", "steps:images=16"),
)
SMALL = ("--batch", "4", "--device", "cpu", "--precision", "fp32", "--evaluate-every", "0")


def kaogan(*words: object) -> None:
    assert main([str(word) for word in words]) == 0


def separately(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, which has loaded no plugin yet."""
    return subprocess.run(
        [sys.executable, "-m", "kaogan", *map(str, words)],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        check=False,
    )


@pytest.fixture(scope="module", autouse=True)
def forgotten():
    """What is registered here is gone for the tests of other files."""
    registries = (models, losses, penalties, augmentations, schedules)
    before = [dict(each) for each in registries], dict(plugins._loaded)
    yield
    for each, entries in zip(registries, before[0], strict=True):
        each.clear()
        each.update(entries)
    plugins._loaded = before[1]
    plugins._named.clear()


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Where data, plugin, RUN and cache lie."""
    return tmp_path_factory.mktemp("plugins")


@pytest.fixture(autouse=True)
def cache(home, monkeypatch) -> None:
    monkeypatch.setenv("KAOGAN_CACHE", str(home / "cache"))


@pytest.fixture(scope="module")
def run(home) -> Path:
    """Trained with the plugin, which is then nowhere but in the RUN and in the cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KAOGAN_CACHE", str(home / "cache"))
        kaogan("data", "avatars", "--count", 120, "--size", 32, "--out", home / "data")
        file = Path(shutil.copyfile(FILE, home / "my_gan.py"))
        words = ("--out", home / "run", "--images", 16, *COMPONENTS, *SMALL)
        kaogan("train", home / "data", "--plugin", file, *words)
        file.unlink()
    return home / "run"


def test_the_recipe_is_what_was_asked_for_and_the_run_keeps_the_file(run, home):
    recipe = Run(run).recipe
    assert recipe.model.model_dump(exclude={"norm", "packing"}) == {
        "name": "residual",
        "latent_dim": 8,
        "blocks": 3,
    }
    assert recipe.loss.model_dump() == {"name": "margin", "margin": 0.5}
    (penalty,) = recipe.penalties
    assert penalty.model_dump() == {"name": "slope-above", "weight": 0.5, "floor": 0.1}
    assert recipe.augmentation.model_dump() == {"name": "brightness", "strength": 0.1}
    assert recipe.penalty_schedule.name == "constant"  # the standard recipe's
    assert recipe.lr_schedule.model_dump() == {"name": "steps", "images": 16}
    (record,) = json.loads((run / "run.json").read_text())["plugins"]
    assert record == {
        "name": "my_gan.py",
        "path": str(home / "my_gan.py"),
        "sha256": hashlib.sha256(FILE.read_bytes()).hexdigest(),
    }
    assert (run / "plugins" / "my_gan.py").read_bytes() == FILE.read_bytes()


def test_a_new_process_goes_on_without_the_name(run, home):
    words = ("--out", run, "--images", 24, *COMPONENTS, *SMALL)
    done = separately("train", home / "data", *words)
    assert done.returncode == 0, done.stderr
    assert "going on after 16 images" in done.stderr


def test_drawing_and_measuring(run, home, tmp_path):
    kaogan("sample", run, "--count", 4, "--out", tmp_path / "faces.png")
    kaogan("walk", run, "--seeds", "1,2", "--frames", 2, "--out", tmp_path / "walk.png")
    kaogan("evaluate", run, "--data", home / "data", "--count", 12)
    kaogan("evaluate", next((run / "checkpoints").iterdir()), "--data", home / "data")
    assert np.asarray(Image.open(tmp_path / "faces.png")).std() > 1


def test_steering_and_inverting(run, tmp_path):
    kaogan("directions", run)
    picture = tmp_path / "face.png"
    kaogan("sample", run, "--count", 1, "--out", picture)
    words = ("--steps", 2, "--encoder-pictures", 32, "--out", tmp_path / "inverted.png")
    kaogan("invert", run, picture, *words)
    assert (tmp_path / "inverted.npy").exists()


def test_every_export(run, tmp_path):
    pytest.importorskip("onnxruntime", reason="needs kaogan[onnx]")
    for player in ("generator", "discriminator"):
        for precision in ("fp32", "fp16"):
            words = ("--network", player, "--precision", precision)
            kaogan("export", run, "--format", "onnx", *words, "--out", tmp_path / "net.onnx")
    weights = tmp_path / "generator.safetensors"
    kaogan("export", run, "--format", "safetensors", "--out", weights)
    kaogan("export", weights, "--format", "onnx", "--out", tmp_path / "again.onnx")
    kaogan("export", run, "--format", "page", "--out", tmp_path / "page")
    about = json.loads((tmp_path / "page" / "model" / "about.json").read_text())
    assert about["picture"] == {"size": 32, "channels": 3}
    assert "kaogan.plugins.load" in (tmp_path / "README.md").read_text()


def test_exploring(run):
    pytest.importorskip("onnxruntime", reason="needs kaogan[onnx]")
    words = [sys.executable, "-u", "-m", "kaogan", "explore", str(run), "--no-open"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        (address,) = re.findall(r"http://\S+", process.stdout.readline())
        page = urllib.request.urlopen(address).read()
        process.terminate()
    assert b"<html" in page


def test_the_report_says_what_it_leaves_out(run, tmp_path):
    kaogan("report", run, "--no-live", "--no-evaluate", "--out", tmp_path / "report.html")
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    for words in ("residual", "margin", "brightness", "steps", "m, how sure D has to be"):
        assert words in report
    assert "--plugin run/plugins/my_gan.py" in report


def test_the_bundle_brings_the_plugin_and_its_program_the_recipe(run, tmp_path):
    kaogan("bundle", run, "--no-pdf", "--no-live", "--out", tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path)
        names = [name.removeprefix("bundle/") for name in archive.namelist()]
    assert {"my_gan.py", "train.py", "README.md"} <= set(names)
    assert not {"train_standalone.py", "Makefile"} & set(names)
    assert "not of a residual" in (tmp_path / "bundle" / "README.md").read_text()
    code = "import train; print(train.RECIPE.model_dump_json())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "bundle",
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout) == Run(run).recipe.model_dump(mode="json"), done.stderr


# Safety


def test_code_of_a_stranger_is_not_run_until_it_is_named(run, tmp_path):
    """A RUN from elsewhere: this user's cache knows nothing of its plugin."""
    theirs = shutil.copytree(run, tmp_path / "theirs")
    kept = theirs / "plugins" / "my_gan.py"
    sign = tmp_path / "it-ran"
    kept.write_text(f"{kept.read_text()}\nopen({str(sign)!r}, 'w').close()\n")
    about = json.loads((theirs / "run.json").read_text())
    about["plugins"][0]["sha256"] = hashlib.sha256(kept.read_bytes()).hexdigest()
    (theirs / "run.json").write_text(json.dumps(about))
    words = ("sample", theirs, "--count", 1, "--out", tmp_path / "face.png")
    done = separately(*words)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert f"--plugin {kept}" in line
    assert not sign.exists()
    assert separately(*words, "--plugin", kept).returncode == 0
    assert sign.exists()
    assert separately(*words).returncode == 0  # from now on, the same code is known


def test_a_kept_file_that_was_changed_is_not_what_is_run(run, home, tmp_path, monkeypatch):
    """What runs is the code that the user named, out of the cache."""
    theirs = shutil.copytree(run, tmp_path / "theirs")
    (theirs / "plugins" / "my_gan.py").write_text("raise SystemExit('changed')")
    monkeypatch.setattr(plugins, "_named", set())
    kaogan("sample", theirs, "--count", 1, "--out", tmp_path / "face.png")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import nothing_of_the_kind", "ModuleNotFoundError"),
        ("x = 1\nx.y", "AttributeError: 'int' object has no attribute 'y' (line 2)"),
        ("def f(:", "(line 1)"),
    ],
)
def test_a_plugin_that_fails_says_where(tmp_path, text, words):
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(KaoganError) as error:
        plugins.load(tmp_path / "bad.py")
    assert words in str(error.value)


def test_a_plugin_that_is_not_there(tmp_path, capsys):
    assert main(["sample", "run", "--plugin", str(tmp_path / "none.py")]) == 2
    assert "there is no plugin" in capsys.readouterr().err


def test_another_version_of_the_code_does_not_go_on_with_a_run(run, home, tmp_path):
    changed = tmp_path / "my_gan.py"
    changed.write_text(FILE.read_text().replace("/ 2\n", "/ 3\n"))
    words = ("--plugin", changed, "--out", run, "--images", 32, *COMPONENTS, *SMALL)
    done = separately("train", home / "data", *words)
    assert done.returncode == 2
    assert "plugin my_gan.py: another version" in done.stderr


def test_installed_packages_are_found_by_their_entry_point(tmp_path):
    package = tmp_path / "gan_things-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: gan-things\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[kaogan.plugins]\nthings = gan_things\n")
    (tmp_path / "gan_things.py").write_text(FILE.read_text())
    code = "from kaogan import recipes; print(recipes.standard(loss='margin').loss.name)"
    paths = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "margin\n", done.stderr
