"""The text of a report: sections of Markdown from the templates in `templates/report`, filled in
with the facts of a run, and the author's own words.
"""

import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import torch
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kaogan.export.equations import equations_in, equations_of, latex, remarks_of
from kaogan.losses import adversarial
from kaogan.report.document import FENCE, Document, Section, numbered
from kaogan.report.facts import Facts, Missing, PlayerFacts
from kaogan.report.figures import FACES, Figures
from kaogan.report.findings import findings
from kaogan.report.glossary import GLOSSARY, anchor
from kaogan.report.measure import Measured
from kaogan.report.notes import SUMMARY, Notes
from kaogan.report.references import citation
from kaogan.report.render import FILTERS, FOLDER
from kaogan.report.reproduce import commands
from kaogan.training.recipe import Recipe
from kaogan.version import __version__

TITLES = {
    "introduction": "Introduction",
    "game": "The game",
    "latent": "The latent vector",
    "generator": "The generator",
    "discriminator": "The discriminator",
    "normalisation": "Normalisation",
    "optimiser": "The optimiser",
    "training": "The training",
    "results": "The results",
    "limits": "Failures and limits",
    "conclusion": "Conclusion",
}
"""The sections that an author can add to, by their names."""

QUESTIONS = {
    SUMMARY: "What did you do, how, and what came out? Three sentences.",
    "introduction": "Why this data? What did you want to find out?",
    "game": "Why does it help that the two losses pull against each other?",
    "latent": "What changes when z changes a little, and what stays?",
    "generator": "What do the early layers decide, and what the late ones? What can you recognise?",
    "discriminator": "Does it look at what you look at to tell real from generated?",
    "normalisation": "What would happen without it? Did you try?",
    "optimiser": "Which of these numbers did you change, and what happened?",
    "training": "What did you see while it trained? Where did you decide something?",
    "results": "Which results are good, and what makes them good?",
    "limits": "What went wrong? What would a critic say?",
    "conclusion": "What did you learn? What would you do next?",
}
"""What the report asks its author, by the names of sections."""

APPENDIX = {
    "again": "How to make it again",
    "missing": "What this report leaves out",
    "glossary": "Glossary",
}

TENTH = 10
"""The beginning and the end of a training are this part of its rows."""
SPECIAL = re.compile(r"([\\`*_\[\]<>$|&{}])")
BEGINNING = re.compile(r"^(#{1,6}(?=\s)|[-+=](?=\s)|\d+(?=[.)]\s))")


class Marked(str):
    """Markdown, which is filled in as it is. Other values are text without any markup."""

    __slots__ = ()


@dataclass(frozen=True)
class Heading:
    """Title, author, course and date of a report. Without a title it is named after the data, and
    without a date it has that of the run.
    """

    title: str | None = None
    author: str | None = None
    course: str | None = None
    date: str | None = None


def write_document(
    facts: Facts,
    figures: Figures,
    measured: Measured | None,
    missing: Sequence[Missing],
    heading: Heading,
    notes: Notes,
    *,
    mark: bool,
) -> Document:
    """The report of a run.

    Args:
        facts: about the run.
        figures: by name.
        measured: figures with their floors, if there are any.
        missing: what it leaves out, and why.
        heading: title, author, course and date.
        notes: the author's words.
        mark: mark the places that wait for the author's words.

    """
    values = _values(facts, figures, measured, missing, notes)
    numbers = [*map(str, range(1, len(TITLES) + 1))]
    sections = [
        Section(name, title, _section(name, values, notes, mark), number)
        for (name, title), number in zip(TITLES.items(), numbers, strict=True)
    ]
    appendix = {name: APPENDIX[name] for name in APPENDIX if missing or name != "missing"}
    sections += [
        Section(name, title, _render(name, values), number)
        for (name, title), number in zip(appendix.items(), "ABC", strict=False)
    ]
    return numbered(
        heading.title or f"A GAN trained on {facts.data.name}",
        [
            words
            for words in (heading.author, heading.course, heading.date or _date(facts))
            if words
        ],
        _section(SUMMARY, values, notes, mark),
        sections,
        {**figures.by_name, **notes.figures},
    )


def _section(name: str, values: Mapping[str, Any], notes: Notes, mark: bool) -> str:
    """A section's text, and the author's words or the place that waits for them."""
    text = _render(name, values)
    if own := notes.texts.get(name, ""):
        text += f"\n\n{FENCE} words\n**In my own words**\n\n{own}\n{FENCE}\n"
    elif mark and name not in notes.texts:
        text += f"\n\n{FENCE} waiting\n**Your words:** {QUESTIONS[name]}\n{FENCE}\n"
    return text


def _render(name: str, values: Mapping[str, Any]) -> str:
    return _environment().get_template(f"{name}.md").render(values).strip()


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates" / "report"),
        finalize=as_text,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= FILTERS | {
        "code": _code,
        "first_lower": lambda words: words[:1].lower() + words[1:],
        "rows_of_layers": _rows_of_layers,
    }
    made.globals |= {"term": _term, "cite": lambda *names: Marked(citation(*names))}
    return made


def as_text(value: object) -> str:
    """A value as Markdown that shows it as it is, in one line."""
    if isinstance(value, Marked):
        return str(value)
    text = SPECIAL.sub(r"\\\1", re.sub(r"\s*\n\s*", " ", str(value)))
    # A number that begins a line would begin a list.
    return BEGINNING.sub(lambda m: m[1] + "\\" if m[1].isdigit() else "\\" + m[1], text)


def _code(value: object) -> Marked:
    """A value as code."""
    return Marked(f"`{str(value).replace('`', chr(39))}`")


def _rows_of_layers(player: PlayerFacts) -> Marked:
    """The table of a network's layers."""
    rows = [
        f"| {number} | {as_text(row['layer'])} | {' × '.join(map(str, row['shape']))} "
        f"| {row['parameters']:,} |"
        for number, row in enumerate(player.rows, start=1)
    ]
    return Marked("\n".join(["| # | Layer | Comes out | Parameters |", "|--:|---|--:|--:|", *rows]))


def _term(name: str, words: str = "") -> Marked:
    """A link to the glossary."""
    return Marked(f"[{as_text(words or name)}](#{anchor(name)})")


def _values(
    facts: Facts,
    figures: Figures,
    measured: Measured | None,
    missing: Sequence[Missing],
    notes: Notes,
) -> dict[str, Any]:
    """What the templates are filled in with."""
    recipe, model = facts.recipe, facts.recipe.model
    thing = "point" if facts.is_toy else "picture"
    return {
        "facts": facts,
        "recipe": recipe,
        "training": facts.training,
        "model": model,
        "data": facts.data,
        "thing": thing,
        "things": f"{thing}s",
        "size": model.sample_shape[-1],
        "channels": model.sample_shape[0],
        "figures": figures.by_name,
        "centred": figures.centred,
        "normed": figures.normed,
        "measured": measured,
        "floors": {one.name: one for one in measured.figures} if measured else {},
        "course": course(facts),
        "findings": findings(facts, measured),
        "missing": missing,
        "has_words": any(notes.texts.values()),
        "value_function": Marked(latex(equations_in(adversarial.__doc__)[0])),
        "equations": [Marked(latex(one)) for one in equations_of(recipe.loss)],
        "has_sigmoid": any("D(x)" in one for one in equations_of(recipe.loss)),
        "remarks": remarks_of(recipe.loss),
        "penalty_equations": [
            Marked(latex(one)) for term in recipe.penalties for one in equations_of(term)
        ],
        "lazy_equation": _lazy_equation(recipe),
        "loss_fields": [
            (field.description or name, getattr(recipe.loss, name))
            for name, field in type(recipe.loss).model_fields.items()
            if name != "name"
        ],
        "commands": Marked("\n".join(commands(facts))),
        "recipe_json": Marked(_recipe_json(recipe)),
        "glossary": [(name, Marked(anchor(name)), words) for name, words in GLOSSARY.items()],
        "shown_faces": FACES,
        "version": __version__,
        "torch_version": torch.__version__,
        "python_version": platform.python_version(),
    }


def course(facts: Facts) -> dict[str, tuple[float, float]]:
    """Means over the first and the last tenth of the training, by the column of the log."""
    rows = facts.training.curves
    count = max(1, len(rows) // TENTH)
    return {
        key: (
            sum(row[key] for row in rows[:count]) / count,
            sum(row[key] for row in rows[-count:]) / count,
        )
        for key in ("loss_d", "loss_g", "d_real", "d_fake")
        if rows and all(key in row for row in rows)
    }


def _date(facts: Facts) -> str:
    """The day of the run's last event, as "30 November 2026"; empty if it is unknown."""
    times = [event.time for event in facts.training.events]
    return _day(times[-1]) if times else ""


def _day(time: datetime) -> str:
    return f"{time.day} {time:%B %Y}"


def _lazy_equation(recipe: Recipe) -> Marked | None:
    """The discriminator's loss on a step with penalties, if there are steps without."""
    if len(recipe.kinds_of_steps) == 1:
        return None
    symbols = [
        equation.partition(" = ")[0]
        for term in recipe.penalties
        for equation in equations_of(term)[:1] or [term.name]
    ]
    return Marked(latex(f"L_D + {recipe.penalty_interval} ({' + '.join(symbols)})"))


def _recipe_json(recipe: Recipe) -> str:
    """The recipe as JSON, with a line for each of its parts."""
    lines = [
        f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in recipe.model_dump(mode="json").items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}"
