"""For all tests: shapes are checked, examples are the same every time, threads are few."""

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import settings
from jaxtyping import install_import_hook

import chromium
import hub_standin
from kaogan.progress import Verbosity, set_verbosity

SOURCE = Path(__file__).parent.parent / "src"
WRITES_SHAPES = re.compile(
    r"^from jaxtyping import|"
    r"^from kaogan\.contracts import (.*|\([^)]*)(Latents|Logits|Samples|Scalar)",
    re.M,
)


def modules_with_shapes() -> list[str]:
    return [
        ".".join(file.relative_to(SOURCE).with_suffix("").parts)
        for file in sorted((SOURCE / "kaogan").rglob("*.py"))
        if WRITES_SHAPES.search(file.read_text(encoding="utf-8"))
    ]


# `Float[Tensor, "N C H W"]` is a promise, and kept here. The hook must be there before anything
# imports these modules. Not in the others: they write no shapes, and beartype would object that 1
# is no `float`, and a NumPy integer no `int`.
install_import_hook(modules_with_shapes(), "beartype.beartype")

settings.register_profile("kaogan", deadline=None, derandomize=True)
settings.load_profile("kaogan")

# Tests run side by side, and their networks are tiny: one thread each, in what they start as well.
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"

# What is kept from run to run (measured convolutions, prepared data) begins empty, and is not the
# user's.
_cache = tempfile.TemporaryDirectory(prefix="kaogan-tests-")
os.environ["KAOGAN_CACHE"] = _cache.name

# Keras on PyTorch, whichever it is configured for; other backends get processes of their own.
os.environ["KERAS_BACKEND"] = "torch"


@pytest.fixture(autouse=True)
def usual_words() -> None:
    """A command of an earlier test may have been quiet."""
    set_verbosity(Verbosity.USUAL)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real Chromium, one for all tests of a process: Playwright can be started only once."""
    playwright = pytest.importorskip("playwright.sync_api")
    if chromium.PROGRAM is None:
        pytest.skip("there is no Chromium here")
    with playwright.sync_playwright() as started:
        program = started.chromium.launch(executable_path=chromium.PROGRAM, args=chromium.ARGUMENTS)
        yield program
        program.close()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[hub_standin.Hub]:
    """A stand-in for the hub, with somebody logged in and an empty cache of fetched files."""
    constants = pytest.importorskip("huggingface_hub.constants")
    standin = hub_standin.Hub()
    monkeypatch.setattr(constants, "ENDPOINT", standin.address)
    places = standin.address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", places)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setenv("HF_TOKEN", hub_standin.TOKEN)
    yield standin
    standin.close()
