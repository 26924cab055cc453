"""A report as Markdown: `report.md` and the files of its figures, as code hosts show them."""

import re
from pathlib import Path

from kaogan.files import write_text
from kaogan.report.document import EQUATION, FENCE, FIGURE, Document
from kaogan.report.drawings import standalone
from kaogan.report.pictures import Drawing, Figure, Part
from kaogan.report.render import render
from kaogan.report.writing import as_text

FOLDER = "figures"

LINK = re.compile(r"\[((?:\\.|[^\[\]\\])*)\]\(#[\w-]+\)")
"""A link inside the report. Code hosts have no such targets; its words stay."""
FENCED = re.compile(rf"^{FENCE}.*\n?", re.M)


def write_markdown(document: Document, folder: Path) -> None:
    """Write `report.md` and the files of its figures into a folder."""
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)

    def text_of(text: str) -> str:
        text = FIGURE.sub(lambda match: _figure(document, match, folder), text)
        text = EQUATION.sub(lambda match: _end_of_equation(document, match["name"]), text)
        return re.sub(r"\n{3,}", "\n\n", FENCED.sub("", LINK.sub(r"\1", text))).strip()

    text = render(
        "report.md",
        title=as_text(document.title),
        by=[as_text(words) for words in document.by],
        summary=text_of(document.summary),
        sections=[(section, text_of(section.text)) for section in document.sections],
        references=document.references.values(),
    )
    write_text(folder / "report.md", re.sub(r"\n{3,}", "\n\n", text).strip() + "\n")


def _end_of_equation(document: Document, name: str) -> str:
    """The end of an equation, with its number before it."""
    return rf"\tag{{{document.numbers['equation', name]}}}" + "\n$$"


def _figure(document: Document, match: re.Match[str], folder: Path) -> str:
    """The pictures of a figure, several of them as a table, and its caption."""
    name = match["name"]
    figure = document.figures[name]
    shown = [_picture(name, n, part, folder) for n, part in enumerate(figure.parts, start=1)]
    caption = f"**Figure {document.numbers['figure', name]}.** {match['caption']}"
    if len(shown) == 1:
        return f"{shown[0]}\n\n{caption}"
    return f"{_table(figure, shown)}\n\n{caption}"


def _table(figure: Figure, shown: list[str]) -> str:
    columns = min(figure.columns, len(shown))
    cells = list(zip(shown, figure.parts, strict=True))
    lines = [f"|{'   |' * columns}", f"|{'---|' * columns}"]
    for start in range(0, len(cells), columns):
        row = cells[start : start + columns]
        lines.append("| " + " | ".join(picture for picture, _ in row) + " |")
        if any(part.label for _, part in row):
            lines.append("| " + " | ".join(part.label for _, part in row) + " |")
    return "\n".join(lines)


def _picture(name: str, number: int, part: Part, folder: Path) -> str:
    """A picture of the file that is written for it."""
    shown = part.shown
    suffix = ".svg" if isinstance(shown, Drawing) else shown.suffix
    file = f"{FOLDER}/{name}-{number}{suffix}"
    content = standalone(shown) if isinstance(shown, Drawing) else shown.content
    (folder / file).write_bytes(content)
    return f"![{as_text(shown.alt)}]({file})"
