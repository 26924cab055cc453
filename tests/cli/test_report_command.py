"""`kaogan report` as a user types it."""

import json

import pytest

from kaogan.cli import main


def test_a_report_lies_in_the_run_unless_told(kaogan, trained):
    told = kaogan("report", trained, "--no-live", "--no-evaluate")
    assert told.status == 0
    file = trained / "report.html"
    assert told.out.splitlines()[0].startswith(f"{file}, ")
    assert "left out: " in told.out
    assert "<title>A GAN trained on data</title>" in file.read_text(encoding="utf-8")


def test_it_says_as_json_what_it_wrote_and_what_is_left_out(kaogan, trained, tmp_path):
    out = tmp_path / "my report.html"
    told = kaogan("report", trained, "--out", out, "--no-live", "--title", "Ours", "--json")
    assert told.status == 0
    about = json.loads(told.out)
    assert about["files"] == {str(out): out.stat().st_size}
    why = {one["part"]: one["why"] for one in about["left_out"]}
    floors = "figures with their floors, and the nearest training pictures"
    assert why[floors].endswith("held-out pictures are too few; 100 are needed")
    assert "<title>Ours</title>" in out.read_text(encoding="utf-8")


def test_a_report_of_points(kaogan, tmp_path):
    run = tmp_path / "toy"
    assert main(["toy", "--out", str(run), "--steps", "4", "--width", "4", "--no-film"]) == 0
    told = kaogan("report", run, "--out", tmp_path / "r.html")
    assert told.status == 0
    assert "left out: samples through time" in told.out


def test_a_folder_that_is_no_run_is_refused(kaogan, tmp_path):
    assert "is no run" in kaogan("report", tmp_path).error


def test_a_report_is_an_html_file(kaogan, trained):
    told = kaogan("report", trained, "--out", "report.docx")
    assert told.status == 2
    assert told.error == "error: cannot write report.docx: give --out FILE.html or .htm"


@pytest.mark.parametrize(("kind", "main"), [("latex", "report.tex"), ("markdown", "report.md")])
def test_sources_lie_in_a_folder_that_is_not_written_over(kaogan, trained, tmp_path, kind, main):
    notes = tmp_path / "notes.md"
    notes.write_text("# Results\nThey are mine.\n", encoding="utf-8")
    out = tmp_path / kind
    command = ("report", trained, "--no-evaluate", "--format", kind, "--out", out)
    told = kaogan(*command, "--text", notes, "--date", "May 2027", "--author", "Me", "--json")
    assert told.status == 0
    about = json.loads(told.out)
    assert str(out / main) in about["files"]
    assert "results" not in about["waiting"]
    assert "conclusion" in about["waiting"]
    text = (out / main).read_text(encoding="utf-8")
    assert "They are mine." in text
    assert "May 2027" in text
    again = kaogan(*command)
    assert again.status == 2
    assert "may hold changes of yours" in again.error


def test_words_that_fit_no_section_are_refused_before_the_work(kaogan, trained, tmp_path):
    notes = tmp_path / "notes.md"
    notes.write_text("# Resluts\n", encoding="utf-8")
    told = kaogan("report", trained, "--text", notes, "--out", tmp_path / "r.html")
    assert told.status == 2
    assert "the report has no section 'Resluts'" in told.error
    assert not (tmp_path / "r.html").exists()


def test_a_pdf_is_of_the_html(kaogan, trained):
    told = kaogan("report", trained, "--pdf", "--format", "latex")
    assert told.status == 2
    assert "leave out --format latex or --pdf" in told.error


def test_a_pdf_without_a_browser_is_refused_before_the_work(kaogan, trained, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "r.html"
    assert "a PDF needs Chromium" in kaogan("report", trained, "--pdf", "--out", out).error
    assert not out.exists()
