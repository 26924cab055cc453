"""Equations as the docstrings of losses and penalties have them, and as MathML.

The docstrings are the one place where an equation is written. Their notation is plain text,

    L_D = -E_x[log D(x)] - E_z[log(1 - D(G(z)))]

and little enough to be read token by token: E_x is an expectation, ^2 a square, 1/2 a fraction.
"""

import html
import inspect
import re

from kaogan.registry import Component

BEGINS = re.compile(r"(?<!\S)(?=(?:L_D|L_G|R1|R2|GP|y) = )")
TOKEN = re.compile(r"\|\||\w+|\S")
OPENING, CLOSING = "([", ")]"
NAMES = {"epsilon": "ε", "grad": "∇", "weight": "λ"}
FUNCTIONS = {"log", "max", "sigmoid"}
FRACTIONS = re.compile(r"\b(1|weight) ?/ ?2\b")


def equations_of(component: Component) -> tuple[str, ...]:
    """The equations in a component's docstring and in those of what it is made from, in order.

    Each ends where, outside brackets, a sentence or a comma does.
    """
    classes = [cls for cls in reversed(type(component).__mro__) if issubclass(cls, Component)]
    found: list[str] = []
    for cls in classes[1:]:
        text = " ".join(inspect.cleandoc(cls.__dict__.get("__doc__") or "").split())
        found += [_up_to_its_end(text[match.start() :]) for match in BEGINS.finditer(text)]
    return tuple(found)


def remarks_of(component: Component) -> tuple[str, ...]:
    """What a component's docstring says below the equations: its paragraphs after the first."""
    text = inspect.cleandoc(type(component).__doc__ or "")
    return tuple(" ".join(paragraph.split()) for paragraph in text.split("\n\n")[1:])


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


def mathml(equation: str) -> str:
    """An equation in the docstrings' notation as a MathML element that stands on its own line."""
    marked = FRACTIONS.sub(lambda found: f"{found[1]}_over_2", equation)
    tokens = TOKEN.findall(marked)
    out: list[str] = []
    bars = 0
    skip = False
    for token, follower in zip(tokens, [*tokens[1:], ""], strict=True):
        if skip or token == "^":
            skip = token == "^"
            continue
        element = _element(token, closes=bars % 2 == 1)
        bars += token == "||"
        out.append(f"<msup>{element}<mn>2</mn></msup>" if follower == "^" else element)
    alternative = html.escape(equation, quote=True)
    return f'<math display="block" alttext="{alternative}">{"".join(out)}</math>'


def _element(token: str, closes: bool) -> str:
    if token.endswith("_over_2"):
        top = _element(token.removesuffix("_over_2"), closes)
        return f"<mfrac>{top}<mn>2</mn></mfrac>"
    if token[0] in "LE" and token[1:2] == "_":
        base = '<mi mathvariant="normal">𝔼</mi>' if token[0] == "E" else "<mi>ℒ</mi>"
        return f"<msub>{base}<mi>{token[2:]}</mi></msub>"
    if token == "E":
        return '<mi mathvariant="normal">𝔼</mi>'
    if token in FUNCTIONS:
        return f'<mi mathvariant="normal">{token}</mi><mspace width="0.17em"></mspace>'
    if token[0].isdigit():
        return f"<mn>{token}</mn>"
    if token == "||":
        return f'<mo form="{"postfix" if closes else "prefix"}" stretchy="false">‖</mo>'
    if token == "-":
        return "<mo>−</mo>"
    if token.isalnum():
        return f"<mi>{NAMES.get(token, token)}</mi>"
    return f'<mo stretchy="false">{html.escape(token)}</mo>'
