"""The page of a run while it trains."""

import json
import shutil
import threading
import urllib.error
import urllib.request

import pytest

from kaogan.errors import KaoganError
from kaogan.page.server import Server
from kaogan.report.watch import Watched, state_of
from kaogan.training.run import Run


@pytest.fixture
def copy(run, tmp_path):
    return Run(shutil.copytree(run.path, tmp_path / "run"))


def test_what_the_page_shows(copy):
    shown = state_of(copy)
    assert shown["state"] == "done"
    assert shown["seen"] == shown["planned"]
    assert shown["grids"] == sorted(shown["grids"])
    assert shown["quality"][0].startswith("quality: ")
    assert len(shown["charts"]) == 4
    assert all("<svg" in chart for chart in shown["charts"])
    assert shown["events"][0]["kind"] == "started"
    assert shown["events"][-1]["text"].startswith("done: ")


def test_it_is_the_run_as_it_is_now(copy):
    files = Watched(copy)
    before = json.loads(files["state.json"])
    with copy.metrics.open("a") as rows:
        last = json.loads(copy.metrics.read_text().splitlines()[-1])
        rows.write(json.dumps(last | {"images_seen": before["seen"] + 1000}) + "\n")
    grid = copy.samples / "000999999-ema.png"
    grid.write_bytes(b"new")
    now = json.loads(files["state.json"])
    assert now["seen"] == before["seen"] + 1000
    assert now["grids"][-1] == "samples/000999999-ema.png"
    assert files["samples/000999999-ema.png"] == b"new"
    grid.unlink()
    assert files.get("samples/000999999-ema.png") is None


def test_nothing_else_of_the_run_is_served(copy):
    files = Watched(copy)
    assert set(files) >= {"index.html", "style.css", "watch.css", "js/main.js", "state.json"}
    assert len(files) == len(list(files))
    for name in ("run.json", "log.txt", "samples/../run.json", "samples/000000000-raw.png"):
        assert files.get(name) is None


def test_it_is_served(copy):
    with Server(0) as serving:
        serving.files = Watched(copy)
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{serving.server_port}/"
        with urllib.request.urlopen(address) as answer:
            assert b"<title>run</title>" in answer.read()
        with urllib.request.urlopen(address + state_of(copy)["grids"][-1]) as answer:
            assert answer.headers["Content-Type"] == "image/png"
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(address + "run.json")
        serving.shutdown()


def test_no_run(tmp_path):
    with pytest.raises(KaoganError, match="is no run"):
        Watched(Run(tmp_path))
