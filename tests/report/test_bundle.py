"""The hand-in, unpacked and followed to the letter by somebody who has nothing else."""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import site
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import kaogan
from kaogan.errors import UsageError
from kaogan.export import Safetensors
from kaogan.generators import open_network
from kaogan.images import grid
from kaogan.report.bundle import Bundle, making, train_script, write_bundle
from kaogan.report.pdf import BROWSERS
from kaogan.report.writing import Heading
from kaogan.training.recipe import Recipe
from kaogan.training.run import Run

RECIPE = kaogan.recipes.standard(size=32, width=4, latent_dim=8, batch=4)
CPU = kaogan.Hardware(device="cpu", precision="fp32", tune=False)
HEADING = Heading("Faces out of nothing", "A. Student", "GANs, 3332")


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> Run:
    """A short training on avatars."""
    folder = tmp_path_factory.mktemp("somebodys-home")
    data = kaogan.draw_avatars(folder / "avatars", count=40, size=32, workers=1)
    return kaogan.train(RECIPE, data, folder / "run", kaogan.Budget(images=200), CPU)


@pytest.fixture(scope="session")
def made(run, tmp_path_factory) -> Bundle:
    out = tmp_path_factory.mktemp("out") / "handin.zip"
    return write_bundle(run, out, HEADING, pdf=False, live=False)


@pytest.fixture
def project(made, tmp_path) -> Path:
    """The folder in the ZIP, unpacked."""
    with zipfile.ZipFile(made.file) as archive:
        archive.extractall(tmp_path)
    return tmp_path / "handin"


def call(*words: object, cwd: Path, **environment: str) -> str:
    """Run a command; its output, or a failure that shows all it said."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pixels(file: Path) -> np.ndarray:
    return np.asarray(Image.open(file)).astype(int)


# What is in it


def test_all_that_was_asked_for_is_in_it(made, project):
    with zipfile.ZipFile(made.file) as archive:
        assert tuple(archive.namelist()) == made.names
    assert {name.split("/")[0] for name in made.names} == {"handin"}
    assert {name.split("/")[1] for name in made.names} == {
        "Makefile", "README.md", "SHA256SUMS", "images", "report.html", "requirements.txt",
        "train.py", "train_standalone.py", "weights",
    }  # fmt: skip
    weights = {file.name for file in (project / "weights").iterdir()}
    assert weights >= {"generator.safetensors", "discriminator.safetensors", "generator.onnx"}
    assert {"faces.png", "face-00.png"} <= {file.name for file in (project / "images").iterdir()}
    assert "report.pdf" in [one.part for one in made.missing]
    readme = (project / "README.md").read_text(encoding="utf-8")
    for words in ("Faces out of nothing", "A. Student", "GANs, 3332", "report.pdf: that was"):
        assert words in readme


def test_checksums_cover_every_other_file(project):
    lines = (project / "SHA256SUMS").read_text().splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)
    files = {f.relative_to(project).as_posix() for f in project.rglob("*") if f.is_file()}
    assert sums.keys() == files - {"SHA256SUMS"}
    for name, expected in sums.items():
        assert hashlib.sha256((project / name).read_bytes()).hexdigest() == expected


def test_the_same_run_gives_the_same_bytes(made, run, tmp_path, monkeypatch):
    monkeypatch.chdir(run.path.parent)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    torch.manual_seed(1)  # what was drawn before plays no part
    again = write_bundle(
        Run(Path("run")), tmp_path / made.file.name, HEADING, pdf=False, live=False
    )
    assert again.names == made.names
    assert again.file.read_bytes() == made.file.read_bytes()
    with zipfile.ZipFile(again.file) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


def test_nothing_tells_where_it_was_made(made, run):
    secrets = [str(run.path.parent), run.path.parent.name, str(Path.home()) + os.sep]
    with zipfile.ZipFile(made.file) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            assert not [secret for secret in secrets if secret.encode() in content], name


def test_training_pictures_can_be_left_out(run, made, tmp_path):
    options = {"pdf": False, "live": False}
    without = write_bundle(run, tmp_path / "b.zip", HEADING, data_pictures=False, **options)
    pages = []
    for file in (made.file, without.file):
        with zipfile.ZipFile(file) as archive:
            pages.append(archive.read(f"{file.stem}/report.html").decode())
    assert "of the training pictures, evenly" in pages[0]
    assert "of the training pictures, evenly" not in pages[1]


def test_weights_are_the_runs(run, project):
    for player in ("generator", "discriminator"):
        mine = Safetensors().read(project / "weights" / f"{player}.safetensors").module.state_dict()
        theirs = open_network(run.path, player).module.state_dict()
        assert mine.keys() == theirs.keys()
        assert all(torch.equal(mine[key], theirs[key]) for key in mine)


def test_a_model_of_ones_own_is_handed_in_without_a_standalone_program(other_run, tmp_path):
    made = write_bundle(other_run, tmp_path / "b.zip", HEADING, pdf=False, live=False)
    names = {name.removeprefix("b/") for name in made.names}
    assert {"README.md", "report.html", "weights/generator.safetensors"} <= names
    assert not {"train_standalone.py", "Makefile", "requirements.txt"} & names
    why = next(one.why for one in made.missing if one.part == "train_standalone.py")
    assert f"not of a {other_run.recipe.model.name}" in why
    with zipfile.ZipFile(made.file) as archive:
        readme = archive.read("b/README.md").decode()
    assert "make setup" not in readme
    assert f"- train_standalone.py: {why}" in readme


def test_without_a_browser_there_is_no_pdf_and_it_says_so(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    bundle = write_bundle(run, tmp_path / "b.zip", HEADING, live=False)
    assert "b/report.pdf" not in bundle.names
    assert "Chromium" in next(one.why for one in bundle.missing if one.part == "report.pdf")


def test_with_a_browser_there_is_a_pdf_and_it_is_always_the_same(run, tmp_path):
    if not any(map(shutil.which, BROWSERS)):
        pytest.skip("needs Chromium")
    files = [tmp_path / folder / "a.zip" for folder in ("once", "twice")]
    for file in files:
        file.parent.mkdir()
        assert "a/report.pdf" in write_bundle(run, file, HEADING, live=False).names
    assert files[0].read_bytes() == files[1].read_bytes()


# Following its instructions


def blocks(project: Path, language: str) -> list[str]:
    """The lines of the README's blocks in a language."""
    readme = (project / "README.md").read_text(encoding="utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```$", readme, re.M | re.S)
    return [line for block in found for line in block.splitlines()]


def test_its_instructions_work_in_a_fresh_environment(run, project):
    if not shutil.which("make") or not hasattr(os, "fork"):
        pytest.skip("needs make")
    # PyTorch is not installed a second time: the new environment sees the packages of this one.
    here = {"PYTHONPATH": os.pathsep.join(site.getsitepackages()), "PIP_NO_INDEX": "1"}
    lines = blocks(project, "sh")
    assert lines[:2] == ["make setup", "make sample"]
    for line in lines[:2]:
        call(*line.split(), f"PYTHON={sys.executable}", cwd=project, **here)
    expected = grid(run.sample(64))
    difference = np.abs(pixels(project / "new-faces.png") - expected)
    assert difference.max() <= 1
    np.testing.assert_array_equal(pixels(project / "images" / "faces.png"), expected)

    pictures = project / "pictures"
    pictures.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (6, 40, 40, 3), dtype=np.uint8)
    for number, picture in enumerate(noise):
        Image.fromarray(picture).save(pictures / f"{number}.png")
    shutil.make_archive(str(pictures), "zip", pictures)
    (first,) = (line for line in lines if "--images" in line)
    words = first.replace("FOLDER_OR_ZIP", "pictures").replace("20000", "24").split()
    assert "24 of 24" in call(*words, cwd=project, **here)
    (drawing,) = (line for line in lines if "generator.pt" in line)
    call(*drawing.split(), cwd=project, **here)
    assert pixels(project / "mine.png").std() > 1
    call("make", "train", "PICTURES=pictures.zip", cwd=project, **here)
    assert list((project / "trained").glob("samples-000000200.png"))


def test_make_alone_says_what_there_is(project):
    if not shutil.which("make"):
        pytest.skip("needs make")
    said = call("make", cwd=project)
    for target in ("setup", "sample", "train PICTURES=FOLDER_OR_ZIP"):
        assert f"make {target}" in said
    assert not (project / ".venv").exists()


@pytest.mark.parametrize("gpu", [True, False])
def test_setup_takes_the_cpu_build_where_there_is_no_gpu(project, tmp_path, gpu):
    """What make would run; the download itself needs a network."""
    if not shutil.which("make") or sys.platform != "linux":
        pytest.skip("needs make, on Linux")
    if gpu:
        driver = tmp_path / "bin" / "nvidia-smi"
        driver.parent.mkdir()
        driver.touch(mode=0o755)
        path = os.pathsep.join([str(driver.parent), os.environ["PATH"]])
    else:
        folders = os.environ["PATH"].split(os.pathsep)
        path = os.pathsep.join(f for f in folders if not Path(f, "nvidia-smi").exists())
    said = call(shutil.which("make"), "--dry-run", "setup", cwd=project, PATH=path)
    assert ("--torch-backend cpu -r requirements.txt" in said) == (not gpu)
    assert "pip install -r requirements.txt" in said


def test_it_says_what_make_train_needs(project):
    if not shutil.which("make"):
        pytest.skip("needs make")
    (project / ".venv").mkdir()
    (project / ".venv" / "ready").touch()
    done = subprocess.run(["make", "train"], cwd=project, capture_output=True, text=True)
    assert done.returncode == 2
    assert "PICTURES=" in done.stdout + done.stderr


def test_commands_of_the_readme_parse(project):
    """Those for Windows and Colab name the same program with the same options."""
    lines = [*blocks(project, "powershell"), *blocks(project, "ipython")]
    for line in lines:
        if "train_standalone.py" in line:
            words = line.replace('"', "").split("train_standalone.py")[1].split()
            assert words[0] in ("train", "sample")
            known = {"--out", "--weights", "--images", "--seeds"}
            assert {word for word in words if word.startswith("--")} <= known


# train.py


def recipe_in(text: str, file: Path) -> Recipe:
    file.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("train_script", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.RECIPE


@pytest.mark.parametrize(
    "recipe",
    [
        RECIPE,
        kaogan.recipes.dcgan(loss="hinge", norm="spectral", packing=2, upsample="resize", seed=7),
        kaogan.recipes.dcgan(
            loss="wasserstein", norm="none", penalties={"gradient-penalty": 10}, channels=1
        ),
        kaogan.recipes.dcgan(framework="keras", label_smoothing=0.25, lr=1e-5),
        kaogan.recipes.dcgan(beta1=0.0, beta2=0.99, ema_share=0.05, anneal_images=1000),
        kaogan.recipes.standard(),
        kaogan.recipes.standard(width=32, penalties={"r1": 0.5}, anneal_images=10**6, mirror=False),
        kaogan.recipes.standard(framework="keras", minibatch_std=8, penalty_interval=16),
    ],
)
def test_train_py_holds_the_very_recipe(recipe, tmp_path):
    assert recipe_in(train_script(recipe, 1000), tmp_path / "train.py") == recipe


def test_train_py_shows_what_differs_from_a_recipe_of_kaogans():
    script = train_script(kaogan.recipes.standard(size=32, anneal_images=5000), 1000)
    assert "RECIPE = kaogan.recipes.standard(\n    size=32,\n    anneal_images=5000,\n)" in script
    assert "RECIPE = kaogan.recipes.dcgan()\n" in train_script(kaogan.recipes.dcgan(), 1000)


def test_train_py_trains(project, tmp_path):
    pictures = kaogan.draw_avatars(tmp_path / "avatars", count=8, size=32, workers=1).path
    environment = {"PYTHONPATH": str(Path(kaogan.__file__).parents[1])}
    words = (sys.executable, "train.py", pictures, "--images", "8", "--out", tmp_path / "run")
    call(*words, cwd=project, **environment)
    assert Run(tmp_path / "run").recipe == RECIPE
    assert (project / "new-faces.png").exists()


# What cannot be handed in


def test_points_are_refused(tmp_path):
    recipe = kaogan.recipes.toy()
    Run(tmp_path).write_about(recipe, {"path": "ring", "fingerprint": "0"}, "fp32", {})
    with pytest.raises(UsageError, match="points"):
        write_bundle(Run(tmp_path), tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


def test_a_failure_leaves_nothing_behind(run, tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError("no room")

    monkeypatch.setattr(making, "_write_checksums", fail)
    (tmp_path / "out.zip").write_bytes(b"as it was")
    with pytest.raises(OSError, match="no room"):
        write_bundle(run, tmp_path / "out.zip", pdf=False, live=False)
    assert [file.name for file in tmp_path.iterdir()] == ["out.zip"]
    assert (tmp_path / "out.zip").read_bytes() == b"as it was"


def test_requirements_are_the_versions_at_hand(project):
    lines = (project / "requirements.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert pins.keys() == {"torch", "numpy", "pillow"}
    assert pins["numpy"] == np.__version__
    assert pins["torch"] == torch.__version__.split("+")[0]


def test_metadata_of_weights_tell_the_model(project):
    content = (project / "weights" / "generator.safetensors").read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert json.loads(header["__metadata__"]["network"])["model"]["size"] == 32
