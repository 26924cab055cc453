"""`kaogan evaluate --panel`: the page on the disk, and served as a user has it."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import kaogan as package
from kaogan.report.panel import read_scores


@pytest.fixture
def held_out(trained) -> int:
    return json.loads((trained.parent / "data" / "dataset.json").read_text())["held_out"]


def test_a_page_beside_the_run(kaogan, trained, held_out):
    count = str(held_out)
    outcome = kaogan("evaluate", trained, "--panel", "--count", count)
    assert outcome.status == 0, outcome.err
    page = trained / "panel.html"
    assert outcome.out.startswith(f"{page}, ")
    first = page.read_bytes()
    named = kaogan(
        *("evaluate", trained, "--panel", "--data", trained.parent / "data", "--count", count),
        "--json",
    )
    assert json.loads(named.out) == {
        "file": str(page),
        "bytes": len(first),
        "scores": str(trained / "panel.jsonl"),
    }
    assert page.read_bytes() == first


def test_of_a_pretrained_generator_it_lies_here(kaogan, tmp_path, monkeypatch):
    data = tmp_path / "avatars"
    assert kaogan("data", "avatars", "--count", "60", "--out", data, "--workers", "1").status == 0
    monkeypatch.chdir(tmp_path)
    arguments = ["evaluate", "avatars-64", "--panel", "--data", data, "--split", "train"]
    assert kaogan(*arguments).status == 0
    assert (tmp_path / "panel.html").is_file()
    assert kaogan(*arguments, "--out", "other.html").status == 0
    assert (tmp_path / "other.html").read_bytes() == (tmp_path / "panel.html").read_bytes()
    missing = kaogan("evaluate", "avatars-64", "--panel").error
    assert missing.startswith("error: --data is missing: avatars-64 is no RUN")


@pytest.mark.parametrize(
    ("options", "status", "word"),
    [
        (["--panel"], 1, "held-out pictures in"),
        (["--panel", "--out", "panel.png"], 2, "FILE.html"),
        (["--panel", "--features", "inception"], 2, "measures nothing"),
        (["--panel", "--serve", "--out", "panel.html"], 2, "writes no page"),
        (["--panel", "--seed", "-1"], 2, "--seed cannot be -1"),
        (["--panel", "--count", "0"], 2, "at least 1"),
        (["--serve"], 2, "belong to --panel"),
    ],
)
def test_a_mistake_is_one_line(kaogan, trained, options, status, word):
    outcome = kaogan("evaluate", trained, *options)
    assert outcome.status == status
    assert word in outcome.error


def test_points_are_refused(kaogan, tmp_path):
    run = tmp_path / "toy"
    assert kaogan("toy", "--out", run, "--steps", "4", "--width", "8", "--no-film").status == 0
    outcome = kaogan("evaluate", run, "--panel")
    assert outcome.error == f"error: {run} learned from points, not from pictures"


def test_data_that_have_moved_are_asked_for(kaogan, trained, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    about = json.loads((trained / "run.json").read_text())
    gone = str(tmp_path / "gone")
    for changed in ({"path": gone, "absolute_path": gone}, {"fingerprint": "another"}):
        changed = about | {"dataset": about["dataset"] | changed}
        (run / "run.json").write_text(json.dumps(changed))
        assert "any more; give --data" in kaogan("evaluate", run, "--panel").error


@pytest.fixture
def address(trained, held_out):
    """The sheet of the run, served by a process of its own, which leaves without a complaint."""
    command = [sys.executable, "-m", "kaogan", "evaluate", str(trained), "--panel", "--serve"]
    source = Path(package.__file__).parent.parent
    process = subprocess.Popen(
        [*command, "--no-open", "--count", str(held_out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(source)},
        # Whoever runs the tests in the background has them ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        assert line.startswith("http://127.0.0.1:"), process.stderr and process.stderr.read()
        yield line.partition("  ")[0]
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        (trained / "panel.jsonl").unlink(missing_ok=True)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert out.count("generated pictures were taken for drawn") == 1


@pytest.mark.slow
def test_served_it_keeps_the_score_beside_the_run(kaogan, address, browser, trained, held_out):
    wrong: list[str] = []
    tab = browser.new_page()
    tab.set_default_timeout(30_000)
    tab.on("console", lambda said: said.type == "error" and wrong.append(said.text))
    tab.on("request", lambda asked: asked.url.startswith((address, "data:")) or wrong.append(asked))
    tab.goto(address)
    tab.locator("#start").click()
    for _ in range(2 * held_out):
        tab.keyboard.press("d")
    tab.locator("#kept", has_text=f"It is kept in {trained / 'panel.jsonl'}.").wait_for()
    assert tab.locator("#offer").is_hidden()
    tab.close()
    assert wrong == []
    (score,) = read_scores(trained / "panel.jsonl")
    assert (score.generated, score.real) == (held_out, held_out)
    assert (score.taken_for_drawn, score.recognised) == (1, 1)
    assert (score.seed, score.subject["images seen"]) == (0, 64)
    nonsense = urllib.request.Request(f"{address}score", b"{}", {"Origin": address.rstrip("/")})
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(nonsense)
    again = kaogan("evaluate", trained, "--panel", "--count", held_out)
    assert "who judged that sheet knows its answers" in again.err
    elsewhere = kaogan("evaluate", trained, "--panel", "--count", held_out, "--seed", "1")
    assert "who judged" not in elsewhere.err
