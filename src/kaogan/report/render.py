"""Filling in the templates of pages, drawings, panels and bundles."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from kaogan.progress import clock
from kaogan.report.glossary import anchor
from kaogan.training.callbacks.scores import in_words
from kaogan.version import __version__

FOLDER = Path(__file__).parent


def render(template: str, **values: Any) -> str:
    """A template with its values filled in. Values in HTML and SVG are escaped."""
    return _environment().get_template(template).render(version=__version__, **values)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader([FOLDER / "templates", FOLDER / "bundle" / "templates"]),
        autoescape=select_autoescape(["html", "svg"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= FILTERS
    return made


def duration(seconds: float) -> str:
    """A span of time in words: 45 seconds, 12 minutes, 1 hour 20 minutes."""
    if seconds < 90:
        return plural(round(seconds), "second")
    hours, minutes = divmod(round(seconds / 60), 60)
    parts = [plural(hours, "hour")] if hours else []
    return " ".join(parts + ([plural(minutes, "minute")] if minutes else []))


def plural(count: int, noun: str) -> str:
    """A count with its noun: 1 hour, 2 hours."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def percent(share: float) -> str:
    """A share: 0.893 as 89%, and 0.004 as 0.4%."""
    return f"{share:.0%}" if share >= 0.0095 or share == 0 else f"{share:.1%}"


FILTERS = {
    "anchor": anchor,
    "clock": clock,
    "count": "{:,}".format,
    "decimals": lambda value: f"{value:.2f}".replace("-", "−"),
    "duration": duration,
    "figure": lambda value: f"{value:.3g}" if abs(value) >= 0.01 else f"{value:.4f}",
    "first_upper": lambda words: words[:1].upper() + words[1:],
    "percent": percent,
    "plural": plural,
    "real": "{:g}".format,
    "scores": in_words,
}
"""Of templates."""
