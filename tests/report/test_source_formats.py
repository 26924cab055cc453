"""LaTeX and Markdown: the same words and numbers as in HTML, and LaTeX that compiles."""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from kaogan.errors import UsageError
from kaogan.report.drawings import standalone, write_drawing
from kaogan.report.latex import escape
from kaogan.report.make import make_report
from kaogan.report.notes import read_notes
from kaogan.report.pictures import Drawing
from kaogan.report.writing import TITLES

NOTES = """
It works: 100% & more_or_less #1, {braces}, ~tilde, ^hat, "quotes" — “these”, β₁ ≈ ½, 顔 😀.

# Introduction
Chosen because $\\mathcal{L}_G$ falls; see <b>this</b> and `a_b --c`.

## My question
1. [one]
2. two

> Said somebody, in [a place](https://example.org/a_b?c=d&e=f#g%20h).

| Longer than the others | n |
|---|--:|
| one | 1 |
| [two] | 2 |

```python
[z] = torch.randn(1, 100)  # a "comment" -- it's 100%
```

$$
a^2 + b^2
$$

# Conclusion
"""


@pytest.fixture(scope="module")
def written(report, tmp_path_factory):
    """The report with an author's words, as HTML, LaTeX and Markdown."""
    folder = tmp_path_factory.mktemp("formats")
    (folder / "notes.md").write_text(NOTES, encoding="utf-8")
    report = replace(report, notes=read_notes(folder / "notes.md", TITLES))
    report.write(folder / "report.html", live=False)
    report.write_latex(folder / "latex")
    report.write_markdown(folder / "markdown")
    return folder


@pytest.fixture(scope="module")
def latex(written) -> str:
    return (written / "latex" / "report.tex").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def markdown(written) -> str:
    return (written / "markdown" / "report.md").read_text(encoding="utf-8")


def test_latex_numbers_by_itself(latex):
    for kind in ("figure", "table", "equation"):
        labels = re.findall(rf"\\label\{{({kind}-[\w-]+)\}}", latex)
        assert len(labels) == len(set(labels)) >= 2
        named = re.findall(rf"\\(?:eq)?ref\{{({kind}-[\w-]+)\}}", latex)
        assert set(named) <= set(labels)
        assert named
    cited = set(re.findall(r"\\cite\{(\w+)\}", latex))
    assert cited == set(re.findall(r"\\bibitem\{(\w+)\}", latex))
    assert "Figure 1" not in latex
    files = re.findall(r"\\includegraphics\[[^]]*\]\{([^}]+)\}", latex)
    assert len(files) == len(set(files)) >= 10


def test_latex_shows_what_an_author_wrote(latex, written):
    assert r"100\% \& more\_or\_less \#1, \{braces\}, \textasciitilde{}tilde" in latex
    assert r"Faces \textless{}script\textgreater{}alert" in latex  # the title
    assert r"\subsection{My question}" in latex
    assert r"\href{https://example.org/a\_b?c=d\&e=f\#g\%20h}{a place}" in latex
    assert r"\texttt{a\_b -{}-c}" in latex
    assert r"$\mathcal{L}_G$" in latex
    for file in re.findall(r"\\includegraphics\[[^]]*\]\{([^}]+)\}", latex):
        assert (written / "latex" / file).stat().st_size > 500


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex here")
def test_latex_compiles_and_every_reference_is_found(written, tmp_path):
    folder = shutil.copytree(written / "latex", tmp_path / "latex")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    for _ in range(2):
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    log = (folder / "report.log").read_text(encoding="utf-8", errors="replace")
    assert "undefined" not in log
    assert "multiply defined" not in log
    assert "Missing character" not in log
    assert (folder / "report.pdf").stat().st_size > 100_000


def test_markdown_has_pictures_beside_it_and_no_marks_of_ours(markdown, written):
    files = re.findall(r"!\[[^]]*\]\((figures/[^)]+)\)", markdown.replace("\\]", ""))
    assert len(files) == len(set(files)) >= 10
    for file in files:
        assert (written / "markdown" / file).is_file()
    for mark in (":::", "figure:", "[@", "](#"):
        assert mark not in markdown
    numbers = re.findall(r"^\*\*Figure (\d+)\.\*\*", markdown, re.M)
    assert numbers == [str(n + 1) for n in range(len(numbers))]
    assert re.findall(r"\\tag\{(\d+)\}", markdown) == ["1", "2", "3", "4"]
    assert "## 4. The generator" in markdown
    assert "### My question" in markdown
    assert "\n1. I. Goodfellow" in markdown


def test_all_formats_say_the_same(latex, markdown, written):
    html = (written / "report.html").read_text(encoding="utf-8")
    for sentence in (
        "G never sees a real picture: it learns only from D.",
        "multiplies negative ones by 0.2",
        "The rates stay the same throughout.",
    ):
        for text in (latex, markdown, html):
            assert sentence in text


def test_places_that_wait_are_marked_and_others_are_not(latex, markdown, written):
    html = (written / "report.html").read_text(encoding="utf-8")
    assert html.count('<div class="waiting">') == latex.count(r"\begin{waitingpart}") == 9
    assert markdown.count("**Your words:**") == 9
    assert html.count('<div class="words">') == latex.count(r"\begin{wordspart}") == 2
    assert "What would you do next?" not in html  # an empty section in the notes


def test_nothing_is_marked_if_that_is_not_wanted(report, tmp_path):
    report = replace(report, mark=False)
    assert report.waiting == []
    report.write(tmp_path / "r.html", live=False)
    assert "Your words" not in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_folder_that_somebody_may_have_changed_is_kept(report, written):
    for write in (report.write_latex, report.write_markdown):
        with pytest.raises(UsageError, match="may hold changes of yours"):
            write(written / "latex")


def test_a_report_of_points_has_these_formats_too(toy_run, tmp_path):
    report = make_report(toy_run)
    report.write_latex(tmp_path / "latex")
    report.write_markdown(tmp_path / "markdown")
    assert "of 8 modes" in (tmp_path / "markdown" / "report.md").read_text(encoding="utf-8")


def test_a_drawing_is_the_same_file_each_time(report, tmp_path):
    drawing = report.figures.by_name["game"].parts[0].shown
    for name in ("one.pdf", "two.pdf"):
        write_drawing(drawing, tmp_path / name)
    content = (tmp_path / "one.pdf").read_bytes()
    assert content == (tmp_path / "two.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    svg = ET.fromstring(standalone(drawing))
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert (svg.get("width"), svg.get("height")) == ("640", "222")


def test_every_kind_of_element_is_drawn(tmp_path):
    svg = (
        '<svg class="chart" viewBox="0 0 10 10"><title>t</title><desc>d</desc>'
        '<line class="grid" x1="0" x2="9" y1="1" y2="1"/><polyline class="s1" points="0,0 5,5"/>'
        '<path class="arrow" d="M1 1h3m-1 -1l1 1v2"/><circle class="s1" cx="5" cy="5" r="1"/>'
        '<rect class="data" x="1" y="1" width="4" height="4" rx="9"/>'
        '<text x="1" y="1">costs $5 and $6</text></svg>'
    )
    write_drawing(Drawing(svg, 10, "all"), tmp_path / "all.pdf")
    assert (tmp_path / "all.pdf").stat().st_size > 1000


def test_letters_of_latex_are_escaped():
    assert escape("a_b & 50% {x} \\y ~") == (
        r"a\_b \& 50\% \{x\} \textbackslash{}y \textasciitilde{}"
    )
    assert escape("Müller — 顔") == r"Müller — \other{顔}{U+9854}"
