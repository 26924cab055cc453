"""Numbers of figures, tables, equations and citations; and what a text may hold."""

import json

import pytest

from kaogan.losses import losses
from kaogan.losses.penalties import penalties
from kaogan.page.making import modules
from kaogan.report.document import Section, numbered, parsed
from kaogan.report.html import Renderer, html_of
from kaogan.report.live import SHARED
from kaogan.report.pictures import Drawing, Figure, Part
from kaogan.report.references import REFERENCES, SOURCES, citation
from kaogan.report.writing import as_text

FIGURE = Figure((Part(Drawing('<svg viewBox="0 0 1 1"></svg>', 1, "nothing")),))


def document(*texts: str, figures=("one", "two")):
    sections = [Section(f"s{n}", f"Section {n}", text, str(n)) for n, text in enumerate(texts)]
    return numbered("Title", [], "", sections, dict.fromkeys(figures, FIGURE))


def html(text: str) -> str:
    made = document(text)
    return Renderer(made).html(made.sections[0].text)


def test_figures_are_numbered_in_their_order_and_may_be_named_before_they_come():
    made = document(
        "See {figure:two} and {figure:one}.\n\n![First](figure:two)\n", "![Second](figure:one)"
    )
    assert made.numbers == {("figure", "two"): 1, ("figure", "one"): 2}
    assert made.sections[0].text.startswith("See [Figure 1](#figure-two) and [Figure 2](")
    assert list(made.figures) == ["two", "one"]


def test_a_figure_that_nobody_shows_has_no_number_and_an_unknown_one_is_an_error():
    assert list(document("![First](figure:two)").figures) == ["two"]
    with pytest.raises(KeyError):
        document("See {figure:three}.")


def test_papers_are_numbered_by_their_first_citation():
    made = document("A [@kingma2015]. B [@he2015; @kingma2015].", "C [@nobody2020].")
    assert list(made.references) == ["kingma2015", "he2015"]
    words = r"A [\[1\]](#ref-kingma2015). B [\[2\]](#ref-he2015), [\[1\]](#ref-kingma2015)."
    assert made.sections[0].text == words
    assert made.sections[1].text == "C [@nobody2020]."  # an author's own


def test_equations_and_tables_have_numbers():
    made = document(
        "{equation:e} {table:t}\n\n$$\na\n$$ (e)\n\nTable t: Of *things*.\n\n| a |\n|---|\n| 1 |"
    )
    text = Renderer(made).html(made.sections[0].text)
    assert '<a href="#equation-e">Equation (1)</a> <a href="#table-t">Table 1</a>' in text
    assert '<div class="equation" id="equation-e">' in text
    assert "<span>(1)</span>" in text
    assert '<div class="caption" id="table-t">\n<p><strong>Table 1.</strong> Of <em>things' in text


def test_tags_are_text_and_addresses_run_nothing():
    assert "<script>" not in html("<script>alert(1)</script>")
    assert "&lt;b&gt;" in html("a <b>c</b>")
    assert "<a" not in html("[x](javascript:alert(1))")
    assert "<img" not in html("an ![inline](https://example.org/a.png) picture")


def test_own_words_cannot_end_the_part_that_they_stand_in():
    text = html("::::::: words\nmine\n\n:::\n\n```\nnever closed\n:::::::\n\nnot mine")
    assert text.endswith("</div>\n<p>not mine</p>\n")


@pytest.mark.parametrize(
    "value",
    [
        *("a_b_c", "*x*", "[y](z)", "`c`", "1. x", "# x", "- x", "<b>", "$5$ $6$", "a | b"),
        *("{figure:one}", r"\n", "&amp;", "![a](figure:one)", "a\n\nb"),
    ],
)
def test_a_value_shows_as_it_is(value):
    (_, inline, _) = parsed(as_text(value))
    shown = "".join(child.content for child in inline.children)
    assert shown == " ".join(value.split())


def test_every_loss_and_penalty_of_kaogan_has_its_paper():
    assert SOURCES.keys() == {*losses, *penalties}
    assert {key for keys in SOURCES.values() for key in keys} <= REFERENCES.keys()
    assert citation("r1", "r2") == " [@mescheder2018]"
    assert citation("my own loss") == ""


@pytest.mark.parametrize(("kind", "unnamed"), [("sefa", True), ("named", False)])
def test_the_live_generator_speaks_of_its_own_sliders(kind, unnamed):
    files = {f"js/{file.name}": file.read_bytes() for file in modules() if file.stem in SHARED}
    files["model/about.json"] = json.dumps({"directions": [{"kind": kind}]}).encode()
    page = html_of(document("Text."), None, files).decode()
    assert ("Nobody named them" in page) == unnamed
