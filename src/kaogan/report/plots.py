"""The charts of a run, each with a caption, and the diagrams of its networks."""

from collections.abc import Iterator, Sequence
from typing import Any

from kaogan.metrics.quick import NAMES, deciding
from kaogan.report.charts import Line, Mark, line_chart, network_diagram
from kaogan.report.facts import Facts, PlayerFacts
from kaogan.report.history import Event
from kaogan.training.rows import Row


def charts(facts: Facts, events: Sequence[Event]) -> Iterator[tuple[str, str]]:
    """Losses, probabilities and quality over images seen, where there are at least two rows."""
    rows, evaluations = facts.training.curves, facts.training.evaluations
    marks = [
        Mark(event.images, str(number))
        for number, event in enumerate(events, start=1)
        if event.images is not None and event.kind != "started"
    ]

    def chart(name: str, title: str, lines: Sequence[Line], y_label: str, **options: Any) -> str:
        x_label = f"{facts.unit} seen"
        words = _course(lines, facts.unit)
        return line_chart(
            name, title, words, lines, x_label=x_label, y_label=y_label, marks=marks, **options
        )

    if len(rows) >= 2:
        lines = [
            Line("discriminator", column(rows, "loss_d"), smoothed=True),
            Line("generator", column(rows, "loss_g"), smoothed=True),
        ]
        penalties = "; the discriminator’s with its penalties" if facts.recipe.penalties else ""
        yield (
            chart("losses", "Losses of both players", lines, "loss"),
            f"Losses{penalties}: each row of the log faintly, and their running average.",
        )
        title = "How real the discriminator holds real and drawn samples to be"
        lines = [
            Line("D(x), real", column(rows, "d_real"), smoothed=True),
            Line("D(G(z)), drawn", column(rows, "d_fake"), smoothed=True),
        ]
        label = "probability of being real"
        yield (
            chart("probabilities", title, lines, label, y_range=(0.0, 1.0), dotted=0.5),
            "What D says of real samples and of drawn ones. Dotted: it cannot tell.",
        )
    if len(evaluations) >= 2:
        key = deciding(evaluations)
        name, best = NAMES[key], facts.training.best or evaluations[-1]
        lines = [Line(name, column(evaluations, key), marked=True)]
        yield (
            chart(key, f"{name} during the training", lines, f"{name}, lower is better"),
            f"{name} between drawn and held-out pictures; the lowest is {best[key]:.3g}, "
            f"after {best['images_seen']:,} images.",
        )
        title, label = "Coverage during the training", "coverage, higher is better"
        lines = [Line("coverage", column(evaluations, "coverage"), marked=True)]
        yield (
            chart("coverage", title, lines, label, y_range=(0.0, 1.0)),
            "Coverage: the share of held-out pictures with a drawn one near.",
        )


def diagrams(players: Sequence[PlayerFacts]) -> dict[str, str]:
    """Both networks as boxes. Networks that are not a row of feature maps have no diagram."""
    ends = {
        "generator": (("z", "latent vector"), ("G(z)", "picture")),
        "discriminator": (("x", "picture"), ("C", "logit")),
    }
    return {
        player.name: network_diagram(
            f"diagram-{player.name}",
            f"The {player.name}, layer by layer",
            ends[player.name][0],
            player.rows,
            ends[player.name][1],
            player.name,
        )
        for player in players
        if player.rows and all(len(row["shape"]) == 3 for row in player.rows)
    }


def column(rows: Sequence[Row], key: str) -> list[tuple[float, float]]:
    """A number over images seen."""
    return [(float(row["images_seen"]), float(row[key])) for row in rows if key in row]


def _course(lines: Sequence[Line], unit: str) -> str:
    """Where each line begins and ends, in words."""
    parts = [f"{one.label}: from {one.curve[0][1]:.3g} to {one.curve[-1][1]:.3g}" for one in lines]
    last = max(x for line in lines for x, _ in line.points)
    return f"{'; '.join(parts)}, over {last:,.0f} {unit}."
