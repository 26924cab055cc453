"""What README.md prints is run here, in its order, in a folder that holds only what it asks for: a
folder `pictures`, and the same as `pictures.zip`.

What is changed on the way is listed in CHANGES and SHORT, and nothing else is. Not run, but
checked against the Makefile, pyproject.toml and the tree by test_docs.py: lines that clone, make,
install, or step into an environment (NOT_RUN). Only Colab can run ONLY_ON_COLAB.
"""

import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from kaogan.cli import main
from test_docs import ROOT, SHELLS, fences, read, shell_lines

README = read(ROOT / "README.md")

CHANGES = (
    ("/content/drive/MyDrive/", ""),  # the user's Drive on Colab
    ("--device cuda", "--device cpu"),
    ("--count 6144", "--count 48"),
    ("size=64", "size=64, width=4, batch=8"),
    ("minutes=60", "images=64"),
)
SHORT = {
    "kaogan train ": ["--width", "4", "--batch", "8", "--images", "64"],
    "kaogan toy ": ["--steps", "200"],
}
"""Appended to these commands: of an option given twice, the last one counts."""

NOT_RUN = ("git clone ", "cd ", "make ", "pip ", "python -m pip ", "python -m pytest ", "py ", ". ")
ONLY_ON_COLAB = ["from google.colab import drive", 'drive.mount("/content/drive")']


def changed(text: str) -> str:
    for printed, run in CHANGES:
        text = text.replace(printed, run)
    return text


def to_run(language: str, block: str) -> list[list[str]]:
    """The command lines of a block that can be run here, as lists of words."""
    if language == "python":
        return [[sys.executable, "-c", changed(block)]]
    commands = []
    for line in shell_lines(language, changed(block)):
        if not line.startswith(NOT_RUN):
            program, *arguments = shlex.split(line, comments=True)
            begin = {"kaogan": ["-m", "kaogan"], "python": []}[program]
            end = next((short for name, short in SHORT.items() if line.startswith(name)), [])
            commands.append([sys.executable, *begin, *arguments, *end])
    return commands


def run(command: list[str], folder: Path) -> None:
    """Run kaogan's commands in this process: to start Python twenty times takes a minute."""
    if command[1:3] == ["-m", "kaogan"]:
        assert main(command[3:]) == 0, shlex.join(command)
    else:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"
    if "--out" in command:
        assert (folder / command[command.index("--out") + 1]).exists(), shlex.join(command)


def make_pictures(folder: Path) -> None:
    rng = np.random.default_rng(0)
    (folder / "pictures").mkdir()
    with zipfile.ZipFile(folder / "pictures.zip", "w") as archive:
        for number in range(24):
            file = folder / "pictures" / f"{number}.png"
            pixels = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
            Image.fromarray(pixels).resize((96, 80)).save(file)
            archive.write(file, f"pictures/{file.name}")


def test_what_the_readme_prints_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    make_pictures(tmp_path)
    for language, block in fences(README):
        for command in to_run(language, block):
            run(command, tmp_path)
    for name in ("faces.png", "real-and-generated.png", "timelapse.webp"):
        assert (tmp_path / "runs" / "pictures" / name).exists()


def test_every_change_is_needed():
    assert all(printed in README for printed, _ in CHANGES)


def test_all_blocks_but_colabs_own_lines_are_commands_or_python():
    for language, block in fences(README):
        assert language in (*SHELLS, "python")
        if language == "ipython":
            assert [line for line in block.splitlines() if line[0] != "!"] == ONLY_ON_COLAB


def test_the_demo_on_windows_is_that_of_make():
    makefile = read(ROOT / "Makefile")
    for make, windows in (
        ("data avatars --count 6144 --out $(DEMO_DATA)", "data avatars --count 6144 --out data/"),
        ("train $(DEMO_DATA) --out $(DEMO_RUN) --minutes 3.5\n", "--out runs/demo --minutes 3.5\n"),
    ):
        assert make in makefile
        assert windows in README
    for path in ("data/avatars-64", "runs/demo"):
        assert f":= {path}\n" in makefile
        assert path in README


def test_the_python_that_the_readme_asks_for_is_the_one_that_is_needed():
    assert 'requires-python = ">=3.11"' in read(ROOT / "pyproject.toml")
    assert "Python 3.11 or newer" in README
