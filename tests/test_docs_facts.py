"""What pages of the how-to repeat is what the code, and the tables of measurements, say."""

import ast
import re

import pytest

from kaogan.metrics.verdict import GRADES, LOWEST
from kaogan.report.glossary import GLOSSARY
from test_docs import DOCUMENTS, PACKAGE, ROOT, anchors, fences, read, section

MESSAGES = ROOT / "docs" / "how-to" / "messages.md"
BUDGETS = ROOT / "docs" / "how-to" / "budgets.md"
BENCHMARKS = ROOT / "docs" / "benchmarks.md"

KINDS = {
    "say": "",
    "detail": "",
    "warn": "warning: ",
    "_note": "",
    "Diverged": "",
    "KaoganError": "error: ",
    "DataMissing": "error: ",
    "UsageError": "error: ",
}
"""What says something, and what stands before its words on the terminal."""


def words(argument: ast.expr) -> str | None:
    """A text with an ellipsis for each value in it; None if it is no text."""
    match argument:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(part.value if isinstance(part, ast.Constant) else "…" for part in parts)
    return None


def messages(source: str) -> set[str]:
    """All that a module says to the user."""
    said = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in KINDS and (text := words(node.args[0])) is not None:
                text = f"note: {text} (…); training without it" if name == "_note" else text
                said.add(KINDS[name] + text)
    return said


def test_messages_are_found():
    source = 'run_log.warn(f"{n} pictures " "are few")\nraise KaoganError("no")\nprint("else")'
    assert messages(source) == {"warning: … pictures are few", "error: no"}


def test_every_message_of_a_training_is_explained_as_it_is():
    said = {
        message
        for file in (PACKAGE / "training").rglob("*.py")
        if file.name != "run_log.py"  # which only passes on
        for message in messages(read(file))
    }
    explained = {" ".join(block.split()) for _, block in fences(read(MESSAGES))}
    assert explained == said


def rows(table: str) -> list[list[str]]:
    """The cells of a table without its head."""
    lines = [line for line in table.splitlines() if line.startswith("|")][2:]
    return [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines]


def test_the_budgets_are_those_that_were_measured():
    scaling = {
        (row[0], row[1]): (row[5], row[6]) for row in rows(section(read(BENCHMARKS), "Scaling"))
    }
    table = section(read(BUDGETS), "How long does a training take?").split("Whole runs")[0]
    for size, speed, memory, time in rows(table):
        assert scaling[size, "32"] == (speed, memory)
        *hours, minutes, seconds = (int(part) for part in re.findall(r"\d+", time))
        told = 3600 * sum(hours) + 60 * minutes + seconds
        assert told == pytest.approx(100_000 / float(speed), abs=1)


def test_the_words_for_quality_are_those_of_the_program():
    metrics = ROOT / "docs" / "how-to" / "metrics.md"
    text = section(read(metrics), "The words at the end of a training")
    for each in GRADES:
        assert f"| {each.word} | {each.coverage:.0%} | {each.kid:g} |" in text
    assert LOWEST in text


def test_the_glossary_has_each_word_once():
    headings = re.findall(r"^### (.*)$", read(ROOT / "docs" / "explanation" / "glossary.md"), re.M)
    assert len(headings) == len(set(headings)) > 40


def test_the_glossary_has_the_words_of_the_reports():
    headings = re.findall(r"^### (.*)$", read(ROOT / "docs" / "explanation" / "glossary.md"), re.M)
    known = {word.lower() for heading in headings for word in (heading, *heading.split(", "))}
    assert not {word for word in GLOSSARY if word.lower() not in known}


LINKED = [
    *ROOT.glob("labs/*.md"),
    *ROOT.glob("labs/*.py"),
    *ROOT.glob("benchmarks/*.md"),
    *PACKAGE.glob("zoo/*/README.md"),
]


@pytest.mark.parametrize("file", LINKED, ids=[file.name for file in LINKED])
def test_links_outside_the_documents_lead_somewhere(file):
    assert file not in DOCUMENTS
    here = ROOT / "labs" / "notebooks" if file.suffix == ".py" else file.parent
    broken = []
    for target in re.findall(r"\]\(([^)\s:]+\.(?:md|ipynb|py|png)(?:#[^)\s]*)?)\)", read(file)):
        name, _, anchor = target.partition("#")
        found = here / name
        if not found.exists() or (anchor and anchor not in anchors(read(found))):
            broken.append(target)
    assert not broken
