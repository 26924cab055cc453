"""The report as one HTML file, which asks nothing of any network."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from kaogan.export.equations import equations_of, mathml, remarks_of
from kaogan.page.singlefile import single_file
from kaogan.progress import clock
from kaogan.registry import Component
from kaogan.report.facts import End, Facts, Missing
from kaogan.report.findings import findings
from kaogan.report.glossary import GLOSSARY, anchor
from kaogan.report.measure import Measured
from kaogan.report.pictures import FACES, ReportPictures
from kaogan.report.plots import charts, diagrams
from kaogan.report.reproduce import commands
from kaogan.training.callbacks.scores import in_words
from kaogan.training.recipe import Recipe
from kaogan.version import __version__

FOLDER = Path(__file__).parent
TEMPLATES = FOLDER / "templates"

CONTENTS = {
    "data": "The data",
    "networks": "The two networks",
    "game": "The game",
    "training": "The training",
    "result": "The result",
    "again": "How to make it again",
}

MEANINGS = {
    "KID": "distance of drawn to real features as a whole",
    "coverage": "share of real pictures with a drawn one near",
    "density": "drawn pictures near real ones",
    "spectrum": "difference in power over all spatial frequencies, in dB",
}

DIRECTIONS_NOTE = (
    "The sliders move the latent vector along straight directions. Those with a number are what "
    "the generator’s first layer amplifies most; nobody named them."
)

ENDS: Mapping[End, str] = {
    "done": "its budget was used up",
    "stopped": "it was stopped",
    "cut off": "it was cut off, or it still runs",
}


@dataclass(frozen=True)
class Heading:
    """What somebody wants to have written above the report; None: nothing, or the run's name."""

    title: str | None = None
    author: str | None = None
    course: str | None = None


def report_html(
    facts: Facts,
    looks: ReportPictures,
    measured: Measured | None,
    missing: Sequence[Missing],
    live: Mapping[str, bytes],
    heading: Heading,
) -> bytes:
    """The report, complete.

    Args:
        facts: of the run.
        looks: its pictures.
        measured: figures with their floors, if there are.
        missing: what is left out besides what the facts say.
        live: what the live generator needs, by name; nothing: there is none.
        heading: title, author and course.

    """
    index = (
        _environment()
        .get_template("report.html")
        .render(**_words(facts, looks, measured, missing, bool(live), heading))
    )
    scripts = ["scrubber", "live"] if live else ["scrubber"]
    main = "".join(f'import "./{name}.js";\n' for name in scripts)
    files = {"index.html": index.encode(), "style.css": (FOLDER / "style.css").read_bytes()}
    files["js/main.js"] = main.encode()
    files |= {f"js/{name}.js": (FOLDER / "js" / f"{name}.js").read_bytes() for name in scripts}
    return single_file(files | dict(live))


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "anchor": anchor,
        "count": "{:,}".format,
        "real": "{:g}".format,
        "figure": lambda value: f"{value:.3g}" if abs(value) >= 0.01 else f"{value:.4f}",
        "scores": in_words,
    }
    return made


def _words(
    facts: Facts,
    looks: ReportPictures,
    measured: Measured | None,
    missing: Sequence[Missing],
    live: bool,
    heading: Heading,
) -> dict[str, Any]:
    """All that the templates name."""
    recipe, training = facts.recipe, facts.training
    events = [event for event in training.events if event.text]
    plots = charts(facts, events)
    left_out = {"missing": "What this report leaves out"} if missing or facts.missing else {}
    return {
        "facts": facts,
        "looks": looks,
        "measured": measured,
        "live": live,
        "missing": [*facts.missing, *missing],
        "title": heading.title or f"How {facts.name} was trained",
        "author": heading.author,
        "byline": " · ".join(filter(None, [heading.author, heading.course])),
        "contents": CONTENTS | left_out | {"glossary": "Glossary"},
        "glossary": GLOSSARY,
        "directions_note": DIRECTIONS_NOTE,
        "model": recipe.model,
        "model_fields": recipe.model.model_dump(exclude={"name"}),
        "channels": recipe.model.sample_shape[0],
        "size": recipe.model.sample_shape[-1],
        "norm": recipe.model.norm,
        "packing": recipe.model.packing,
        "latent_dim": recipe.model.latent_dim,
        "thing": "point" if facts.is_toy else "picture",
        "things": "points" if facts.is_toy else "pictures",
        "shown_faces": FACES,
        "diagrams": {name: Markup(svg) for name, svg in diagrams(facts.players).items()},
        "loss_name": recipe.loss.name,
        "equations": [Markup(mathml(one)) for one in equations_of(recipe.loss)],
        "penalty_equations": [
            Markup(mathml(one)) for term in recipe.penalties for one in equations_of(term)
        ],
        "lazy_equation": _lazy_equation(recipe),
        "belief": recipe.loss.reading,
        "left": None if training.images is None else recipe.lr_schedule(training.images),
        "remarks": remarks_of(recipe.loss),
        "sigmoid": any("D(x)" in equation for equation in equations_of(recipe.loss)),
        "loss_fields": _described(recipe.loss),
        "steps": training.images // recipe.batch if training.images else None,
        "duration": None if training.seconds is None else duration(training.seconds),
        "training_rows": _training_rows(facts),
        "events": events,
        "marked": any(event.images is not None and event.kind != "started" for event in events),
        "charts": [(Markup(svg), caption) for svg, caption in plots],
        "t_best": training.best,
        "meanings": MEANINGS,
        "found": findings(facts, measured),
        "commands": commands(facts),
        "versions": _versions(facts),
        "recipe_json": recipe.model_dump_json(indent=2),
        "version": __version__,
    }


def _described(part: Component) -> list[tuple[str, Any]]:
    """A part's fields: what each is, and its value in this run."""
    return [
        (field.description or name, getattr(part, name))
        for name, field in type(part).model_fields.items()
        if name != "name"
    ]


def _lazy_equation(recipe: Recipe) -> Markup | None:
    """The discriminator's loss on a step with penalties, if there are steps without."""
    if len(recipe.kinds_of_steps) == 1:
        return None
    symbols = [
        equation.partition(" = ")[0]
        for term in recipe.penalties
        for equation in equations_of(term)[:1] or [term.name]
    ]
    return Markup(mathml(f"L_D + {recipe.penalty_interval} ({' + '.join(symbols)})"))


def duration(seconds: float) -> str:
    """A span of time as one says it: 45 seconds, 12 minutes, 1 hour 20 minutes."""
    if seconds < 90:
        return _plural(round(seconds), "second")
    hours, minutes = divmod(round(seconds / 60), 60)
    parts = [_plural(hours, "hour")] if hours else []
    return " ".join(parts + ([_plural(minutes, "minute")] if minutes else []))


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _training_rows(facts: Facts) -> list[tuple[str, str]]:
    """What is known of how it went, name and value."""
    training, batch = facts.training, facts.recipe.batch
    rows: list[tuple[str, str]] = []
    if training.images is not None:
        rows.append((f"{facts.unit.capitalize()} seen", f"{training.images:,}"))
        rows.append(("Steps", f"{training.images // batch:,}, of {batch} {facts.unit} each"))
    if facts.epochs is not None:
        rows.append(
            ("Epochs", f"{facts.epochs:.2g}" if facts.epochs < 10 else f"{facts.epochs:,.0f}")
        )
    if training.seconds is not None:
        rows.append(("Time, stops not counted", clock(training.seconds)))
    if training.speed is not None:
        rows.append(("Speed", f"{training.speed:,.0f} {facts.unit} a second"))
    for device, precision in training.hardware or ((None, training.precision),):
        rows.append(("Computed", f"on {device}, in {precision}" if device else f"in {precision}"))
    resumes = sum(event.kind == "resumed" for event in training.events)
    rows.append(("Ended because", ENDS[training.end]))
    if training.events:
        rows.append(("Resumed", _plural(resumes, "time") if resumes else "never"))
    return rows


def _versions(facts: Facts) -> list[tuple[str, str]]:
    own = [f"{name} {number}" for name, number in facts.versions.items()]
    hardware = [("Trained on", facts.hardware)] if facts.hardware else []
    return [
        ("Trained with", ", ".join([f"kaogan {facts.kaogan}", *own])),
        *hardware,
        ("Seed", str(facts.recipe.seed)),
        ("This report", f"kaogan {__version__}, torch {torch.__version__}"),
        ("Python", platform.python_version()),
    ]
