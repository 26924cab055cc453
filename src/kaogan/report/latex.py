"""A report as LaTeX: `report.tex` and its figures, for pdflatex, xelatex and lualatex."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from kaogan.files import write_text
from kaogan.report.document import PARSER, PARTS, Document, parsed
from kaogan.report.drawings import write_drawing
from kaogan.report.pictures import Drawing, Figure, Part
from kaogan.report.render import render

FOLDER = "figures"
LATIN_END, COMMON = 0x180, "—„‚•€™"
"""Letters that pdflatex has: those before the first, and a few more."""
PAGE = 760
"""Pixels across a page, of pictures that are not enlarged."""

SPECIAL = {
    **{character: f"\\{character}" for character in "#$%&_{}"},
    "\\": r"\textbackslash{}",
    "[": "{[}",  # after a line's end it would be an option
    "]": "{]}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "–": "--",
    "…": r"\ldots{}",
    "×": r"\ensuremath{\times}",
    "·": r"\ensuremath{\cdot}",
    "−": r"\ensuremath{-}",
    "≈": r"\ensuremath{\approx}",
    "≤": r"\ensuremath{\le}",
    "≥": r"\ensuremath{\ge}",
    "→": r"\ensuremath{\rightarrow}",
    "∇": r"\ensuremath{\nabla}",
    "ℒ": r"\ensuremath{\mathcal{L}}",
    "𝔼": r"\ensuremath{\mathbb{E}}",
    "½": r"\ensuremath{\frac12}",
    "²": r"\textsuperscript{2}",
    "±": r"\ensuremath{\pm}",
    "‖": r"\ensuremath{\|}",
    **{character: f"\\ensuremath{{_{n}}}" for n, character in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    **{
        character: f"\\ensuremath{{\\{name}}}"
        for character, name in {
            "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon",
            "η": "eta", "λ": "lambda", "μ": "mu", "π": "pi", "σ": "sigma", "φ": "varphi",
            "Δ": "Delta", "Σ": "Sigma",
        }.items()
    },
}  # fmt: skip
"""What has a meaning in LaTeX, or no letter in its usual fonts."""


SIMPLE = {
    "paragraph_open": "",
    "em_open": r"\emph{", "em_close": "}",
    "strong_open": r"\textbf{", "strong_close": "}",
    "bullet_list_open": "\\begin{itemize}\n", "bullet_list_close": "\\end{itemize}\n\n",
    "ordered_list_open": "\\begin{enumerate}\n", "ordered_list_close": "\\end{enumerate}\n\n",
    "list_item_open": r"\item ", "list_item_close": "\n",
    "blockquote_open": "\\begin{quote}\n", "blockquote_close": "\\end{quote}\n\n",
    "softbreak": "\n", "hardbreak": "\\\\\n", "hr": "\\medskip\\hrule\\medskip\n\n",
    "thead_open": "", "thead_close": "\\midrule\n", "tbody_open": "", "tbody_close": "",
    "tr_open": "",
}  # fmt: skip
"""Of tokens that are always the same."""


def write_latex(document: Document, author: str | None, folder: Path) -> None:
    """Write `report.tex` and the files of its figures into a folder."""
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    renderer = Renderer(document, folder)
    text = render(
        "report.tex",
        title=escape(document.title),
        author=escape(author or ""),
        by=[escape(words) for words in document.by],
        summary=renderer.latex(document.summary),
        sections=[
            (each, escape(each.title), renderer.latex(each.text)) for each in document.sections
        ],
        references=[
            (key, renderer.latex(text).strip()) for key, text in document.references.items()
        ],
    )
    write_text(folder / "report.tex", text)


def escape(text: str) -> str:
    """Text without commands. Letters that pdflatex has not are shown by their numbers there."""
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character in SPECIAL:
        return SPECIAL[character]
    if ord(character) < LATIN_END or character in COMMON:
        return character
    return rf"\other{{{character}}}{{U+{ord(character):04X}}}"


def _code(text: str) -> str:
    """Text for typewriter letters, which shows two hyphens as two, and a straight quote."""
    return escape(text).replace("--", "-{}-").replace("'", r"\textquotesingle{}")


class Renderer(RendererHTML):
    """Markdown as LaTeX."""

    def __init__(self, document: Document, folder: Path) -> None:
        super().__init__()
        self.document, self.folder = document, folder
        rules: dict[str, Any] = self.rules
        rules |= {name: lambda *_, text=text: text for name, text in SIMPLE.items()}
        for part in PARTS:
            rules[f"container_{part}_open"] = self._open_part
            rules[f"container_{part}_close"] = self._close_part

    def latex(self, text: str) -> str:
        """Markdown as LaTeX."""
        tokens = _with_captions(parsed(text))
        return re.sub(r"\n{3,}", "\n\n", self.render(tokens, PARSER.options, {}))

    def text(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        return escape(tokens[place].content)

    def paragraph_close(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        """The line above an author's words stays with them."""
        first = place > 2 and tokens[place - 3].type == "container_words_open"
        return "\n\n\\nopagebreak\n" if first else "\n\n"

    def code_inline(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        return rf"\texttt{{{_code(tokens[place].content)}}}"

    def fence(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        lines = _code(tokens[place].content.rstrip("\n")).split("\n")
        # Not verbatim, whose lines do not break.
        body = "\\\\\n".join(line.replace("  ", r"\ \ ") or r"\strut" for line in lines)
        return f"\\begin{{program}}\n{body}\n\\end{{program}}\n\n"

    def code_block(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        return self.fence(tokens, place)

    def heading_open(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        level = int(tokens[place].tag[1])
        return (
            "\\" + {1: "section", 2: "section", 3: "subsection"}.get(level, "subsubsection") + "{"
        )

    def heading_close(self, *_: Any) -> str:
        return "}\n\n"

    def renderInline(self, tokens: Sequence[Token], options: Any, env: Any) -> str:
        """Links inside the report become LaTeX's own references, without their words: the numbers
        stay right when the text is changed.
        """
        kept: list[Token] = []
        reference: Token | None = None
        for token in tokens:
            if reference is not None:
                reference = None if token.type == "link_close" else reference
            elif token.type == "link_open" and _referenced(token):
                reference = Token("reference", "", 0, info=_referenced(token))
                kept.append(reference)
            else:
                kept.append(token)
        return super().renderInline(kept, options, env)

    def reference(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        return tokens[place].info

    def link_open(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        address = str(tokens[place].attrs["href"])
        return "{" if address.startswith("#") else rf"\href{{{_address(address)}}}{{"

    def link_close(self, *_: Any) -> str:
        return "}"

    def image(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        return escape(tokens[place].content)

    def math_inline(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        return f"${tokens[place].content}$"

    def math_block(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        return f"\\[\n{tokens[place].content.strip()}\n\\]\n\n"

    def math_block_label(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        if ("equation", tokens[place].info) not in self.document.numbers:
            return self.math_block(tokens, place)
        label = rf"\label{{equation-{tokens[place].info}}}"
        return f"\\begin{{equation}}{label}\n{tokens[place].content.strip()}\n\\end{{equation}}\n\n"

    def table_caption(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        caption = self.renderInline(tokens[place].children or [], options, env)
        label = rf"\label{{{tokens[place].info}}}"
        return f"\\begin{{table}}[htbp]\n\\caption{{{caption.strip()}}}{label}\n"

    def table_open(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        captioned = place > 0 and tokens[place - 1].type == "table_caption"
        begin = "" if captioned else "\\begin{center}\n"
        columns = _columns(tokens[place:])
        return f"{begin}\\small\n\\begin{{tabularx}}{{\\linewidth}}{{{columns}}}\n\\toprule\n"

    def table_close(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        opened = max(n for n in range(place) if tokens[n].type == "table_open")
        captioned = opened > 0 and tokens[opened - 1].type == "table_caption"
        end = "table" if captioned else "center"
        return f"\\bottomrule\n\\end{{tabularx}}\n\\end{{{end}}}\n\n"

    def tr_close(self, *_: Any) -> str:
        return "\\\\\n"

    def th_open(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        return f"{_between(tokens, place)}\\textbf{{"

    def th_close(self, *_: Any) -> str:
        return "}"

    def td_open(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        return _between(tokens, place)

    def td_close(self, *_: Any) -> str:
        return ""

    def figure(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        token = tokens[place]
        caption = self.renderInline(token.children or [], options, env)
        figure = self.document.figures[token.info]
        return (
            f"\\begin{{figure}}[htbp]\n\\centering\n{self._parts(token.info, figure)}"
            f"\\caption{{{caption}}}\\label{{figure-{token.info}}}\n\\end{{figure}}\n\n"
        )

    def _parts(self, name: str, figure: Figure) -> str:
        share = 1.0
        if figure.as_it_is and not isinstance(figure.parts[0].shown, Drawing):
            share = min(1.0, figure.parts[0].shown.width / PAGE)
        width = f"{0.98 * share / figure.columns:.3f}"
        boxes = [
            f"\\begin{{minipage}}[t]{{{width}\\linewidth}}\\centering\n"
            f"\\includegraphics[width=\\linewidth]{{{self._file(name, number, part)}}}"
            + (f"\n\n\\footnotesize {escape(part.label)}" if part.label else "")
            + "\n\\end{minipage}"
            for number, part in enumerate(figure.parts, start=1)
        ]
        lines = [boxes[n : n + figure.columns] for n in range(0, len(boxes), figure.columns)]
        return "\\\\[1ex]\n".join("\\hfill\n".join(line) for line in lines) + "\n"

    def _file(self, name: str, number: int, part: Part) -> str:
        """The name of the file of a picture, which is written."""
        suffix = ".pdf" if isinstance(part.shown, Drawing) else part.shown.suffix
        file = f"{FOLDER}/{name}-{number}{suffix}"
        if isinstance(part.shown, Drawing):
            write_drawing(part.shown, self.folder / file)
        else:
            (self.folder / file).write_bytes(part.shown.content)
        return file

    def _open_part(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        return f"\\begin{{{tokens[place].info.split()[0]}part}}\n"

    def _close_part(self, tokens: Sequence[Token], place: int, *_: Any) -> str:
        return f"\\end{{{tokens[place].type.split('_')[1]}part}}\n\n"


def _with_captions(tokens: list[Token]) -> list[Token]:
    """The caption of a table as one token, without the number, which LaTeX counts."""
    found: list[Token] = []
    inside = False
    for token in tokens:
        if token.type == "container_caption_open":
            inside = True
            found.append(Token("table_caption", "", 0, info=token.info.split()[-1]))
        elif token.type == "container_caption_close":
            inside = False
        elif not inside:
            found.append(token)
        elif token.type == "inline":
            children = token.children or []
            number = next(n for n, child in enumerate(children) if child.type == "strong_close")
            found[-1].children = children[number + 1 :]
    return found


def _columns(tokens: Sequence[Token]) -> str:
    """The kinds of columns of the table that begins here: the longest left one breaks its lines."""
    rows: list[list[str]] = []
    kinds: list[str] = []
    for token in tokens:
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(token.content)
        elif token.type == "th_open":
            kinds.append("r" if "right" in str(token.attrs.get("style", "")) else "l")
    widths = [max(map(len, column)) if kind == "l" else 0
              for kind, column in zip(kinds, zip(*rows, strict=True), strict=True)]  # fmt: skip
    kinds[widths.index(max(widths))] = "X"
    return "".join(kinds)


def _referenced(link: Token) -> str:
    """The reference that a link inside the report stands for; empty for terms and addresses."""
    kind, _, name = str(link.attrs["href"]).removeprefix("#").partition("-")
    return {
        "figure": rf"Figure~\ref{{figure-{name}}}",
        "table": rf"Table~\ref{{table-{name}}}",
        "equation": rf"Equation~\eqref{{equation-{name}}}",
        "ref": rf"\cite{{{name}}}",
    }.get(kind if str(link.attrs["href"]).startswith("#") else "", "")


def _between(tokens: Sequence[Token], place: int) -> str:
    """What separates a cell from the one before it, if there is one in its row."""
    return "" if tokens[place - 1].type == "tr_open" else " & "


def _address(address: str) -> str:
    return re.sub(r"([%#&_{}~^\\])", r"\\\1", address)
