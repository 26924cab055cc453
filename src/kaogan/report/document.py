"""A report as a document: sections of Markdown, with figures, tables, equations and citations that
have numbers. HTML, LaTeX and Markdown are views of it.

The text is CommonMark with tables and `$`-formulas, and these, each on a line of its own:

    ![Caption](figure:NAME)         a figure
    Table NAME: Caption             above a table
    $$ (NAME)                       the end of a numbered equation
    ::: note                        the start of a part of another look; `:::` ends it

Inside a line, `{figure:NAME}`, `{table:NAME}` and `{equation:NAME}` give their numbers, and
`[@KEY; @KEY]` cites.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

from kaogan.report.pictures import Figure
from kaogan.report.references import REFERENCES

PARTS = ("note", "words", "waiting", "findings", "recipe", "terms", "term", "caption")
"""Parts of another look."""
FENCE = ":" * 7
"""Of the parts in the templates: an author's own words cannot end them."""

FIGURE = re.compile(r"^!\[(?P<caption>.*)\]\(figure:(?P<name>[\w-]+)\)$", re.M)
TABLE = re.compile(r"^Table (?P<name>[\w-]+): (?P<caption>.*)$", re.M)
EQUATION = re.compile(r"^\$\$ \((?P<name>[\w-]+)\)$", re.M)
CITATION = re.compile(r"\[(@[\w-]+(?:; ?@[\w-]+)*)\]")
NUMBER = re.compile(r"\{(?P<kind>figure|table|equation):(?P<name>[\w-]+)\}")
KINDS = {"figure": FIGURE, "table": TABLE, "equation": EQUATION}


@dataclass(frozen=True)
class Section:
    """A section.

    Args:
        name: its id.
        title: in words.
        text: Markdown. Its own headings begin at level 3; 1 is the title's, 2 the section's.
        number: "1", or "A" in the appendix; empty for references.

    """

    name: str
    title: str
    text: str
    number: str = ""


@dataclass(frozen=True, eq=False)
class Document:
    """A report in no particular format.

    Args:
        title: of the report.
        by: author, course and date, those that are known.
        summary: Markdown, before the first section.
        sections: in their order.
        figures: by name.
        references: those that are cited, in Markdown by their keys, in the order of their numbers.
        numbers: by kind and name: ("figure", "faces") is 1.

    """

    title: str
    by: tuple[str, ...]
    summary: str
    sections: tuple[Section, ...]
    figures: Mapping[str, Figure]
    references: Mapping[str, str]
    numbers: Mapping[tuple[str, str], int]


def numbered(
    title: str,
    by: Sequence[str],
    summary: str,
    sections: Sequence[Section],
    figures: Mapping[str, Figure],
) -> Document:
    """A document whose figures, tables, equations and citations have numbers and links.

    Raises:
        KeyError: the text names something that is not there.

    """
    texts = [summary, *(section.text for section in sections)]
    whole = "\n\n".join(texts)
    numbers = {
        (kind, match["name"]): number
        for kind, pattern in KINDS.items()
        for number, match in enumerate(pattern.finditer(whole), start=1)
    }
    cited = {
        key: None
        for match in CITATION.finditer(whole)
        for key in _keys(match[1])
        if key in REFERENCES
    }
    keys = {key: number for number, key in enumerate(cited, start=1)}

    def cite(match: re.Match[str]) -> str:
        found = [key for key in _keys(match[1]) if key in keys]
        links = ", ".join(rf"[\[{keys[key]}\]](#ref-{key})" for key in found)
        return links or match[0]

    def number(match: re.Match[str]) -> str:
        kind, name = match["kind"], match["name"]
        words = f"({numbers[kind, name]})" if kind == "equation" else f"{numbers[kind, name]}"
        return f"[{kind.capitalize()} {words}](#{kind}-{name})"

    def caption(match: re.Match[str]) -> str:
        title = f"**Table {numbers['table', match['name']]}.** {match['caption']}"
        return f"{FENCE} caption table-{match['name']}\n{title}\n{FENCE}\n"

    def resolved(text: str) -> str:
        return TABLE.sub(caption, NUMBER.sub(number, CITATION.sub(cite, text)))

    return Document(
        title=title,
        by=tuple(by),
        summary=resolved(summary),
        sections=tuple(replace(section, text=resolved(section.text)) for section in sections),
        figures={name: figures[name] for kind, name in numbers if kind == "figure"},
        references={key: REFERENCES[key] for key in cited},
        numbers=numbers,
    )


def _keys(citation: str) -> list[str]:
    return [key.strip().removeprefix("@") for key in citation.split(";")]


def parsed(text: str) -> list[Token]:
    """The tokens of such text. Tags in it are text. A figure is a token of type `figure`: `info` is
    its name, `children` are those of its caption.
    """
    return PARSER.parse(text)


def _figures(state: StateCore) -> None:
    """Make a figure of every paragraph that is nothing but a picture `figure:NAME`."""
    tokens: list[Token] = []
    for token in state.tokens:
        children = token.children or []
        alone = children[0] if len(children) == 1 else None
        if alone is not None and alone.type == "image":
            name = str(alone.attrs["src"])
            if name.startswith("figure:") and tokens and tokens[-1].type == "paragraph_open":
                tokens[-1] = Token(
                    "figure", "figure", 0,
                    info=name.removeprefix("figure:"), children=alone.children, block=True,
                )  # fmt: skip
                continue
        if token.type == "paragraph_close" and tokens and tokens[-1].type == "figure":
            continue
        tokens.append(token)
    state.tokens = tokens


def _parser() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False}).enable("table")
    dollarmath_plugin(made, allow_space=False, allow_digits=False, label_normalizer=str)
    for part in PARTS:
        container_plugin(made, part)
    made.core.ruler.push("figures", _figures)
    return made


PARSER = _parser()
