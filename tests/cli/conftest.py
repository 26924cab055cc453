import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kaogan.cli import main
from kaogan.files import cache_folder

SMALL = ("--size", "32", "--width", "4", "--batch", "4")
"""A network that trains in a moment."""


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line of complaint."""
        lines = [line for line in self.err.splitlines() if line]
        assert self.out == ""
        assert lines, "no complaint"
        assert lines[-1].startswith("error: "), self.err
        assert "Traceback" not in self.err
        return lines[-1]


@pytest.fixture
def kaogan(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a command line as a user does."""

    def run(*arguments: object) -> Outcome:
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as leave:  # argparse leaves this way
            status = int(leave.code or 0)
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return run


def write_pictures(folder: Path, count: int = 24, sizes: Sequence[int] = (32, 48)) -> Path:
    """A folder of PNG files, each another noise."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        side = sizes[index % len(sizes)]
        pixels = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "pictures")


@pytest.fixture(autouse=True)
def cache(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Prepared data goes into a folder of the test's own.

    The measured convolutions are those of earlier tests: measuring takes longer than a training.
    """
    shared, own = cache_folder(), tmp_path_factory.mktemp("cache")
    copy_measurements(shared, own)
    monkeypatch.setenv("KAOGAN_CACHE", str(own))
    yield own
    copy_measurements(own, shared)


def copy_measurements(here: Path, there: Path) -> None:
    with contextlib.suppress(OSError):  # there are none yet, or the test was about a bad folder
        shutil.copy(here / "measurements.json", there)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, trained once for all tests that only draw from it."""
    folder = tmp_path_factory.mktemp("trained")
    data = folder / "data"
    assert (
        main(
            [
                "data",
                "prepare",
                str(write_pictures(folder / "in")),
                "--size",
                "32",
                "--out",
                str(data),
            ]
        )
        == 0
    )
    run = folder / "run"
    assert (
        main(
            [
                "train",
                str(data),
                "--out",
                str(run),
                "--images",
                "64",
                "--lr",
                "0.02",
                "--width",
                "4",
                "--batch",
                "4",
                "--device",
                "cpu",
            ]
        )
        == 0
    )
    return run
