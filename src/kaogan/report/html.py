"""A report as one HTML file, which loads nothing from any network."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from kaogan.export.equations import mathml_of
from kaogan.page.making import style
from kaogan.page.singlefile import single_file
from kaogan.report.document import PARSER, PARTS, Document, parsed
from kaogan.report.pictures import Drawing, Figure, Part
from kaogan.report.render import FOLDER, render


def html_of(document: Document, author: str | None, live: Mapping[str, bytes]) -> bytes:
    """The file.

    Args:
        document: the report.
        author: for the page's metadata.
        live: files of the live generator; empty to leave it out.

    """
    renderer = Renderer(document)
    index = render(
        "report.html",
        document=document,
        author=author,
        summary=renderer.html(document.summary),
        sections=[(section, renderer.html(section.text)) for section in document.sections],
        references=[(key, renderer.html(text)) for key, text in document.references.items()],
        live=bool(live),
        named=_are_named(live),
    )
    scripts = ["scrubber", "live"] if live else ["scrubber"]
    page = {
        "index.html": index.encode(),
        "style.css": style(FOLDER / "style.css"),
        "js/main.js": "".join(f'import "./{name}.js";\n' for name in scripts).encode(),
        **{f"js/{name}.js": (FOLDER / "js" / f"{name}.js").read_bytes() for name in scripts},
    }
    return single_file({**page, **live})


def _are_named(live: Mapping[str, bytes]) -> bool:
    """Do the sliders of the live generator have names that say what they do?"""
    about = json.loads(live.get("model/about.json", b"{}"))
    return any(one["kind"] == "named" for one in about.get("directions", ()))


class Renderer(RendererHTML):
    """Markdown as HTML, with figures, numbered equations, and tables that scroll."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.document = document
        rules: dict[str, Any] = self.rules
        for part in PARTS:
            rules[f"container_{part}_open"] = _open_part
            rules[f"container_{part}_close"] = lambda *_: "</div>\n"

    def html(self, text: str) -> str:
        """Markdown as HTML."""
        return self.render(parsed(text), PARSER.options, {})

    def figure(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        token, document = tokens[place], self.document
        caption = self.renderInline(token.children or [], options, env)
        number = document.numbers["figure", token.info]
        found = document.figures[token.info]
        kind = "as-it-is" if found.as_it_is else f"columns-{found.columns}"
        return (
            f'<figure id="figure-{token.info}" class="{kind}">{_parts(found)}'
            f"<figcaption><b>Figure {number}.</b> {caption}</figcaption></figure>\n"
        )

    def image(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        """A picture in a line of text: its words, because only figures are stored."""
        return escape(tokens[place].content)

    def math_block(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        source = tokens[place].content.strip()
        return f'<div class="equation">{mathml_of(source, source)}</div>\n'

    def math_block_label(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        name, source = tokens[place].info, tokens[place].content.strip()
        number = self.document.numbers.get(("equation", name))
        if number is None:
            return self.math_block(tokens, place, options, env)
        return (
            f'<div class="equation" id="equation-{name}">{mathml_of(source, source)}'
            f"<span>({number})</span></div>\n"
        )

    def math_inline(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        source = tokens[place].content
        return mathml_of(source, source, inline=True)

    def table_open(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        return '<div class="wide"><table>\n'

    def table_close(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        return "</table></div>\n"

    def th_open(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        return f'<th scope="col"{_alignment(tokens[place])}>'

    def td_open(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        return f"<td{_alignment(tokens[place])}>"


def _open_part(tokens: Sequence[Token], place: int, *_: Any) -> str:
    """A part of another look, and the id that stands behind its name."""
    part, *name = tokens[place].info.split()
    anchor = f' id="{escape(name[0])}"' if name else ""
    return f'<div class="{part}"{anchor}>\n'


def _alignment(cell: Token) -> str:
    """The policy of the page ignores the attribute `style`."""
    return ' class="number"' if "right" in str(cell.attrs.get("style", "")) else ""


def _parts(figure: Figure) -> str:
    """The pictures of a figure; those to leaf through have a slider, which a script shows."""
    if not figure.moments:
        return f'<div class="parts">{"".join(map(_part, figure.parts))}</div>'
    keys = {id(part) for part in figure.parts}
    frames = "".join(
        f"<div{_key(id(part) in keys)}>{_shown(part)}<p>{escape(part.label)}</p></div>"
        for part in figure.moments
    )
    return render("scrubber.html", frames=frames, last=len(figure.moments) - 1)


def _key(is_key: bool) -> str:
    return ' class="key"' if is_key else ""


def _part(part: Part) -> str:
    label = f"<p>{escape(part.label)}</p>" if part.label else ""
    return f"<div>{_shown(part)}{label}</div>"


def _shown(part: Part) -> str:
    shown = part.shown
    if isinstance(shown, Drawing):
        return f'<div class="wide">{shown.svg}</div>'
    return (
        f'<img src="{shown.src}" width="{shown.width}" height="{shown.height}" '
        f'alt="{escape(shown.alt)}">'
    )
