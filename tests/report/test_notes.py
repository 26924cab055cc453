"""The author's own words: each lands in its section, and what fits nowhere is refused."""

import pytest
from PIL import Image

from kaogan.errors import UsageError
from kaogan.report.notes import read_notes
from kaogan.report.writing import TITLES


@pytest.fixture
def read(tmp_path):
    def read(text: str):
        file = tmp_path / "my notes.md"
        file.write_text(text, encoding="utf-8")
        return read_notes(file, TITLES)

    return read


def test_main_headings_are_sections_however_they_are_written(read):
    notes = read("# Introduction\nWhy.\n\n# 2. the Game:\nHow.\n\nConclusion\n==========\nEnd.\n")
    assert notes.texts == {"introduction": "Why.", "game": "How.", "conclusion": "End."}


def test_what_stands_first_is_the_summary_and_empty_sections_are_kept(read):
    notes = read("In short.\n\n# Results\n\n# The discriminator\n")
    assert notes.texts == {"summary": "In short.", "results": "", "discriminator": ""}
    assert "summary" not in read("\n\n# Results\nGood.").texts


def test_lower_headings_are_the_authors_and_go_below_those_of_the_report(read):
    notes = read("# Results\n## Hair\nGood.\n\nEyes\n----\nBetter.\n\n###### Deep\n")
    assert notes.texts["results"] == "### Hair\nGood.\n\n### Eyes\nBetter.\n\n###### Deep"


def test_a_heading_in_code_is_no_heading(read):
    text = "```python\n# Introduction to this code\nz = 1\n```"
    assert read(f"# Generator\n{text}").texts == {"generator": text}


def test_one_section_may_be_there_twice(read):
    assert read("# Results\nOne.\n# Results\nTwo.").texts == {"results": "One.\n\nTwo."}


def test_a_heading_that_is_no_section_is_refused_with_those_that_are(read):
    with pytest.raises(UsageError, match="no section 'Intrduction'") as refused:
        read("# Intrduction\nOops.")
    assert "Introduction, The game" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_pictures_become_figures_without_their_transparency(read, tmp_path):
    Image.new("RGBA", (30, 20), (0, 0, 0, 0)).save(tmp_path / "sketch.png")
    notes = read("# Generator\nBefore\n![My *sketch*](sketch.png)\nafter.")
    assert notes.texts["generator"] == "Before\n\n![My *sketch*](figure:own-1)\n\nafter."
    (part,) = notes.figures["own-1"].parts
    assert (part.shown.width, part.shown.height) == (30, 20)
    assert part.shown.content.startswith(b"\xff\xd8\xff")  # a JPEG file
    (tmp_path / "out.jpg").write_bytes(part.shown.content)
    with Image.open(tmp_path / "out.jpg") as opened:
        assert opened.getpixel((15, 10)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("picture", "why"),
    [
        ("https://example.org/a.png", "is an address"),
        ("nowhere.png", "cannot read nowhere.png: No such file"),
        ("my notes.md", "is no picture"),
    ],
)
def test_a_picture_that_cannot_be_shown_is_refused(read, picture, why):
    with pytest.raises(UsageError, match=why):
        read(f"# Results\n\n![x]({picture})\n")


def test_files_that_are_no_notes_are_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot read"):
        read_notes(tmp_path / "nowhere.md", TITLES)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="no text in UTF-8"):
        read_notes(tmp_path / "binary", TITLES)
    (tmp_path / "large").write_bytes(b"a" * (2**20 + 1))
    with pytest.raises(UsageError, match="larger than 1 MB"):
        read_notes(tmp_path / "large", TITLES)
