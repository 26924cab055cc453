"""`kaogan bundle`, as a user types it."""

import json
import zipfile

import pytest

QUICK = ("--no-pdf", "--no-live")


def test_a_run_becomes_a_zip(kaogan, trained, tmp_path):
    out = tmp_path / "mine.zip"
    outcome = kaogan("bundle", trained, "--out", out, *QUICK, "--author", "A. Student")
    assert outcome.status == 0, outcome.err
    assert str(out) in outcome.out
    assert "left out: report.pdf" in outcome.out
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        assert "A. Student" in archive.read("mine/README.md").decode()


def test_json_says_what_is_in_it(kaogan, trained, tmp_path):
    out = tmp_path / "mine.zip"
    outcome = kaogan("bundle", trained, "--out", out, *QUICK, "--no-data-pictures", "--json")
    about = json.loads(outcome.out)
    assert about["file"] == str(out)
    assert about["bytes"] == out.stat().st_size
    with zipfile.ZipFile(out) as archive:
        assert about["files"] == archive.namelist()
    assert "report.pdf" in [one["part"] for one in about["left_out"]]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["RUN", "--out", "handin"], "--out FILE.zip"),
        (["no-run"], "is no run"),
        ([], "RUN is missing"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(kaogan, trained, arguments, complaint):
    words = [trained if word == "RUN" else word for word in arguments]
    outcome = kaogan("bundle", *words)
    assert outcome.status in (1, 2)
    assert complaint in outcome.error
