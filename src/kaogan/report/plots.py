"""The charts of a run, each with a caption."""

from collections.abc import Sequence

from kaogan.metrics.quick import NAMES, deciding
from kaogan.report.charts import Line, Points, line_chart, marks_of, network_diagram
from kaogan.report.facts import Facts, PlayerFacts
from kaogan.report.history import Event, Row
from kaogan.training.callbacks.curves import smooth


def charts(facts: Facts, events: Sequence[Event]) -> list[tuple[str, str]]:
    """Losses, beliefs and quality over images seen, as far as there are at least two rows."""
    rows, evaluations = facts.training.curves, facts.training.evaluations
    made = []
    if len(rows) >= 2:
        made += [_losses(rows, facts, events), _beliefs(rows, facts, events)]
    if len(evaluations) >= 2:
        made += [_quality(evaluations, facts, events), _coverage(evaluations, facts, events)]
    return made


def diagrams(players: Sequence[PlayerFacts]) -> dict[str, str]:
    """Both networks as boxes; none of networks that are not a row of feature maps."""
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


def _losses(rows: Sequence[Row], facts: Facts, events: Sequence[Event]) -> tuple[str, str]:
    lines = [
        Line("discriminator", column(rows, "loss_d"), smoothed=True),
        Line("generator", column(rows, "loss_g"), smoothed=True),
    ]
    chart = line_chart(
        "losses",
        "Losses of both players",
        _course(lines, facts.unit),
        lines,
        x_label=f"{facts.unit} seen",
        y_label="loss",
        marks=marks_of(events),
    )
    with_penalties = "; the discriminator’s with its penalties" if facts.recipe.penalties else ""
    return chart, f"Losses{with_penalties}: each row of the log faintly, and their running average."


def _beliefs(rows: Sequence[Row], facts: Facts, events: Sequence[Event]) -> tuple[str, str]:
    lines = [
        Line("D(x), real", column(rows, "d_real"), smoothed=True),
        Line("D(G(z)), drawn", column(rows, "d_fake"), smoothed=True),
    ]
    chart = line_chart(
        "beliefs",
        "How real the discriminator holds real and drawn samples to be",
        _course(lines, facts.unit),
        lines,
        x_label=f"{facts.unit} seen",
        y_label="belief that it is real",
        y_range=(0.0, 1.0),
        marks=marks_of(events),
        dotted=0.5,
    )
    return chart, "What D believes of real samples and of drawn ones. Dotted: it cannot tell."


def _quality(rows: Sequence[Row], facts: Facts, events: Sequence[Event]) -> tuple[str, str]:
    key = deciding(rows)
    name = NAMES[key]
    lines = [Line(name, column(rows, key), marked=True)]
    chart = line_chart(
        key,
        f"{name} during the training",
        _course(lines, facts.unit),
        lines,
        x_label="images seen",
        y_label=f"{name}, lower is better",
        marks=marks_of(events),
    )
    best = facts.training.best or rows[-1]
    where = f"the lowest is {best[key]:.3g}, after {best['images_seen']:,} images"
    return chart, f"{name} between drawn and held-out pictures; {where}."


def _coverage(rows: Sequence[Row], facts: Facts, events: Sequence[Event]) -> tuple[str, str]:
    lines = [Line("coverage", column(rows, "coverage"), marked=True)]
    chart = line_chart(
        "coverage",
        "Coverage during the training",
        _course(lines, facts.unit),
        lines,
        x_label="images seen",
        y_label="coverage, higher is better",
        y_range=(0.0, 1.0),
        marks=marks_of(events),
    )
    return chart, "Coverage: the share of held-out pictures with a drawn one near."


def column(rows: Sequence[Row], key: str) -> Points:
    """A number over images seen."""
    return [(float(row["images_seen"]), float(row[key])) for row in rows if key in row]


def _course(lines: Sequence[Line], unit: str) -> str:
    """Where each line begins and ends, in words."""
    parts = []
    for line in lines:
        values = [y for _, y in line.points]
        calm = smooth(values) if line.smoothed else values
        parts.append(f"{line.label}: from {calm[0]:.3g} to {calm[-1]:.3g}")
    last = max(x for line in lines for x, _ in line.points)
    return f"{'; '.join(parts)}, over {last:,.0f} {unit}."
