"""What is imported when; and the script that measures how long it takes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "startup.py"

HEAVY = {
    *("torch", "numpy", "PIL", "pydantic", "jaxtyping", "safetensors"),
    *("matplotlib", "tensorboard", "av", "pyarrow", "kagglehub", "tensorflow", "keras"),
}
NOT_TO_DRAW = {
    *("matplotlib", "tensorboard", "av", "pyarrow", "filelock", "torch._dynamo", "torch._inductor"),
    *("kaogan.training.trainer", "kaogan.training.callbacks", "kaogan.data.dataset"),
}
"""What drawing faces needs nothing of."""

MODULES = "import json, sys; print(json.dumps(sorted(sys.modules)))"


def modules_after(program: str) -> set[str]:
    """The modules that are loaded at the end of a Python program, run afresh."""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{MODULES}"], check=True, capture_output=True, text=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def command(*arguments: object) -> str:
    """A program that runs the command line."""
    return (
        "import contextlib\n"
        "from kaogan.cli import main\n"
        f"with contextlib.suppress(SystemExit): assert main({[*map(str, arguments)]}) == 0"
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A run of two steps."""
    folder = tmp_path_factory.mktemp("startup")
    tiny = ["--width", "4", "--batch", "4", "--images", "8", "--device", "cpu"]
    for arguments in (
        ["data", "avatars", "--count", "12", "--size", "32", "--out", folder / "data"],
        ["train", folder / "data", "--out", folder / "run", *tiny],
    ):
        kaogan = [sys.executable, "-m", "kaogan", *map(str, arguments)]
        subprocess.run(kaogan, check=True, capture_output=True)
    return folder / "run"


@pytest.mark.parametrize(
    "program",
    ["import kaogan", *(command(*words, "--help") for words in ([], ["data"], ["sample"]))],
    ids=["import kaogan", "kaogan", "kaogan data", "kaogan sample"],
)
def test_no_framework_is_imported_before_it_is_needed(program):
    loaded = modules_after(program)
    assert "kaogan" in loaded
    assert not loaded & HEAVY


def test_the_help_of_train_imports_the_components_that_it_lists_and_no_more():
    loaded = modules_after(command("train", "--help"))
    assert loaded & HEAVY <= {"torch", "numpy", "pydantic", "jaxtyping"}


def test_drawing_does_not_import_what_training_needs(run, tmp_path):
    out = tmp_path / "faces.png"
    loaded = modules_after(command("sample", run, "--count", "2", "--out", out))
    assert out.exists()
    assert "torch" in loaded
    assert not loaded & NOT_TO_DRAW


@pytest.mark.parametrize("verb", [["prepare", "pictures"], ["avatars", "--count", "2"]])
def test_making_a_data_set_does_not_import_torch(verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictures").mkdir()
    for seed in range(2):
        Image.effect_noise((40, 40), 80 + seed).save(tmp_path / "pictures" / f"{seed}.png")
    loaded = modules_after(command("data", *verb, "--size", "32", "--out", "data"))
    assert (tmp_path / "data" / "dataset.json").exists()
    assert "PIL" in loaded
    assert not loaded & {"torch", "matplotlib", "av"}


def test_the_script():
    small = ["--size", "32", "--width", "4", "--batch", "4", "--steps", "2", "--rounds", "1"]
    result = json.loads(
        subprocess.run(
            [sys.executable, str(SCRIPT), *small, "--json"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    times = {row["command"]: row["median"] for row in result["rows"]}
    assert times["kaogan sample RUN"] > times["python -c pass"] > 0
    training = result["training"]
    assert (training["batch"], training["steps"]) == (4, 2)
    assert training["resident_mib"] > training["private_mib"] > 50
