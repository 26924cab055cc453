"""What the docstrings of losses and penalties say: their equations, as LaTeX and MathML, and their
words.

The docstrings are the one place where an equation is written. Their notation is plain text:

    L_D = -E_x[log D(x)] - E_z[log(1 - D(G(z)))]
"""

import html
import inspect
import re

from latex2mathml.converter import convert

from kaogan.registry import Component

BEGINS = re.compile(r"(?<!\S)(?=(?:V\(D, G\)|L_D|L_G|R1|R2|GP|y) = )")
OPENING, CLOSING = "([", ")]"

NESTED = r"(?:[^()]|\((?:[^()]|\([^()]*\))*\))*"
"""What may stand in brackets, with two more levels of brackets inside."""

LATEX = (
    (r"[{}%&#$]", r"\\\g<0>"),
    (r"(?<=\w) (?=\w)", r"\\, "),
    (r"\^\((" + NESTED + r")\)", r"^{\1}"),
    (r"([_^])(\w+(?:\.\d+)?)", r"\1{\2}"),
    (r"\b(1|weight) ?/ ?2\b", r"\\frac{\1}{2}"),
    (r"\bL_", r"\\mathcal{L}_"),
    (r"\bE(?=[_\[])", r"\\mathbb{E}"),
    (r"\|\|(.*?)\|\|", r"\\left\\lVert \1\\right\\rVert "),
    (r"\bgrad\b(\\,)?", r"\\nabla "),
    (r"\bweight\b", r"\\lambda "),
    (r"\bepsilon\b", r"\\epsilon "),
    (r"(?<![\\\w{])[A-Za-z][A-Za-z0-9]+", r"\\text{\g<0>}"),
)
"""From the docstrings' notation to LaTeX: patterns and what replaces them, in this order."""


def equations_of(component: Component) -> tuple[str, ...]:
    """The equations in a component's docstring and in those of its base classes, in order.

    An equation ends where a sentence or a comma outside brackets ends it.
    """
    classes = [cls for cls in reversed(type(component).__mro__) if issubclass(cls, Component)]
    docstrings = (cls.__dict__.get("__doc__") for cls in classes[1:])
    return tuple(one for text in docstrings for one in equations_in(text))


def equations_in(docstring: str | None) -> tuple[str, ...]:
    """The equations in a docstring, in order."""
    text = " ".join(inspect.cleandoc(docstring or "").split())
    return tuple(_up_to_its_end(text[match.start() :]) for match in BEGINS.finditer(text))


def _up_to_its_end(text: str) -> str:
    depth = 0
    for place, character in enumerate(text):
        depth += (character in OPENING) - (character in CLOSING)
        ends = character in ",;:" or (
            character == "." and not text[place + 1 : place + 2].isdigit()
        )
        if depth == 0 and ends:
            return text[:place]
    return text


def remarks_of(component: Component) -> tuple[str, ...]:
    """The paragraphs of a component's docstring after the first, which has the equations."""
    return tuple(_paragraphs(component)[1:])


def summary_of(component: Component) -> str:
    """The words after the equations in the first paragraph: "flat where real samples are"."""
    words = _paragraphs(component)[0].rpartition(": ")[2].rstrip(".")
    return "" if BEGINS.match(words) else words


def _paragraphs(component: Component) -> list[str]:
    text = inspect.cleandoc(type(component).__doc__ or "")
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def latex(equation: str) -> str:
    """An equation in the docstrings' notation as LaTeX."""
    for pattern, replacement in LATEX:
        equation = re.sub(pattern, replacement, equation)
    return equation


def mathml(equation: str) -> str:
    """An equation in the docstrings' notation as a MathML element that stands on its own line."""
    return mathml_of(latex(equation), equation)


def mathml_of(source: str, text: str, *, inline: bool = False) -> str:
    """LaTeX as a MathML element.

    Args:
        source: the LaTeX.
        text: for those who do not see it, and in place of what is no LaTeX.
        inline: whether it stands in a line of text; otherwise it has a line of its own.

    """
    display = "inline" if inline else "block"
    try:
        element = str(convert(source, display=display))
    except Exception:  # of many kinds: this is another notation, and is shown as it is written
        element = f'<math display="{display}"><mtext>{html.escape(text)}</mtext></math>'
    element = element.replace("3D;</mo><mo>", '3D;</mo><mo form="prefix">')  # a sign after =
    attributes = f'<math alttext="{html.escape(text)}"'
    return re.sub(r'<math( xmlns="[^"]*")?', lambda _: attributes, element, count=1)
