"""The package as people get it: an sdist, the wheel that is built from it, installed into an empty
environment outside the tree, and run there. It is one test, so that all is built once.

The environment sees the packages that kaogan declares to need, and no others: they are linked, not
installed again.
"""

import os
import re
import signal
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from functools import partial
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

from kaogan.page.making import SOURCES

pytest.importorskip("hatchling")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="links and signals"),
]

ROOT = Path(__file__).parent.parent
EXTRAS = {"onnx"}
"""Extras that the environment has: `explore` needs it."""


def run(*words: object, cwd: Path, **more: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=environment | more,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_package_works_outside_the_tree(tmp_path):
    sdist, wheel = build(tmp_path / "built")
    an_sdist_holds_the_package_and_nothing_else(sdist)
    a_wheel_holds_the_page_and_the_command(wheel)
    programs = install(wheel, tmp_path / "environment")
    there = tmp_path / "there"
    there.mkdir()
    it_draws(programs, there)
    it_prepares_and_trains(programs, there)
    if any((SOURCES / "runtime").glob("*.wasm")):  # else it was not fetched, and cannot be shown
        it_serves_its_page(programs, there)


def build(folder: Path) -> tuple[Path, Path]:
    """An sdist, and the wheel that pip builds of it."""
    folder.mkdir()
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    (sdist,) = folder.glob("*.tar.gz")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps")
    run(*pip, "--no-build-isolation", "--no-index", "-w", folder, sdist, cwd=folder)
    (wheel,) = folder.glob("kaogan-*.whl")
    return sdist, wheel


def install(wheel: Path, folder: Path) -> Path:
    """Make an environment with the wheel; returns the folder of its programs."""
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=ROOT)
    python = folder / "bin" / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(run(python, "-c", code, cwd=folder).strip())
    for name in needed(wheel):
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or () if file.parts[0] != ".."}:
            link = packages / top
            if top != "__pycache__" and not link.exists():
                link.symlink_to(Path(str(distribution.locate_file(top))))
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    return python.parent


def needed(wheel: Path) -> set[str]:
    """The distributions that kaogan and its `EXTRAS` declare to need, and those that these need."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        lines = re.findall(r"^Requires-Dist: (.*)$", archive.read(name).decode(), re.M)
    waiting = [(line, extra) for line in lines for extra in ("", *EXTRAS)]
    found: dict[str, set[str]] = {}
    while waiting:
        line, extra = waiting.pop()
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate({"extra": extra}):
            continue
        name, extras = canonicalize_name(wanted.name), {"", *wanted.extras}
        new = extras - found.get(name, set())
        found.setdefault(name, set()).update(new)
        requires = metadata.requires(name) or [] if new else []
        waiting += [(one, extra) for one in requires for extra in new]
    return set(found)


def an_sdist_holds_the_package_and_nothing_else(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "PKG-INFO"} <= names
    assert {name.partition("/")[0] for name in names} <= {
        *("src", "pyproject.toml", "README.md", "LICENSE", "PKG-INFO", "CHANGELOG.md", ".gitignore")
    }


def a_wheel_holds_the_page_and_the_command(wheel: Path) -> None:
    """`uvx kaogan` runs the command that is called like the package."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("entry_points.txt"))
        assert "kaogan = kaogan.cli:main" in archive.read(name).decode()
        for file in SOURCES.rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                packed = archive.read(f"kaogan/page/{file.relative_to(SOURCES).as_posix()}")
                assert packed == file.read_bytes()


def it_draws(programs: Path, folder: Path) -> None:
    code = "import kaogan; print(kaogan.__file__)"
    where = Path(run(programs / "python", "-c", code, cwd=folder).strip())
    assert where.is_relative_to(programs.parent)
    run(programs / "kaogan", "sample", "faces-64", "--count", "4", cwd=folder)
    assert Image.open(folder / "faces.png").size == (134, 134)


def it_prepares_and_trains(programs: Path, folder: Path) -> None:
    kaogan = programs / "kaogan"
    more = {"OMP_NUM_THREADS": "1", "KAOGAN_CACHE": str(folder / "cache")}
    avatars = ("--count", "32", "--size", "32", "--workers", "1", "--out", "data")
    run(kaogan, "data", "avatars", *avatars, cwd=folder)
    small = ("--width", "4", "--batch", "8", "--images", "16", "--no-tune", "--out", "run")
    run(kaogan, "train", "data", *small, cwd=folder, **more)
    assert (folder / "run" / "faces.png").is_file()


def it_serves_its_page(programs: Path, folder: Path) -> None:
    words = [programs / "kaogan", "explore", "avatars-64", "--no-open"]
    plain = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    # Whoever runs the tests in the background has them ignore the interruption.
    listen = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        words, cwd=folder, env=plain, stdout=subprocess.PIPE, preexec_fn=listen
    ) as served:
        assert served.stdout is not None
        line = served.stdout.readline().decode()
        (address,) = re.findall(r"http://127\.0\.0\.1:\d+", line)
        for name in ("", "model/about.json", "js/main.js"):
            with urllib.request.urlopen(f"{address}/{name}", timeout=60) as answer:
                assert answer.status == 200
        served.send_signal(signal.SIGINT)
        assert served.wait(timeout=60) == 0
