"""The charts of a run and the diagrams of its networks, as figures."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kaogan.metrics.quick import NAMES, deciding
from kaogan.report.charts import Line, Mark, line_chart, network_diagram
from kaogan.report.facts import Facts, PlayerFacts
from kaogan.report.inside import NormedChannel
from kaogan.report.pictures import Drawing, Figure, Part
from kaogan.training.rows import Row

SCHEDULE_POINTS = 100
NEAR = 0.06
"""Of the training; events nearer to each other than this have one line in a chart."""


def curves(facts: Facts) -> Iterator[tuple[str, Figure]]:
    """Losses and probabilities, and quality, over images seen."""
    training = facts.training
    drawn = training_charts(training.curves, training.evaluations, facts.unit, _marks(facts))
    for name, drawings in drawn:
        yield name, Figure(tuple(map(Part, drawings)), columns=2)


def training_charts(
    rows: Sequence[Row],
    evaluations: Sequence[Row],
    unit: str,
    marks: Sequence[Mark] = (),
    floor: Mapping[str, float] | None = None,
) -> Iterator[tuple[str, tuple[Drawing, Drawing]]]:
    """Two charts of the losses, and two of the quality, where there are two rows or more.

    Args:
        rows: of `metrics.jsonl`.
        evaluations: of `evaluation.jsonl`.
        unit: "images" or "points".
        marks: upright lines.
        floor: the metrics of real pictures, as dotted lines.

    """
    floor = floor or {}

    def chart(name: str, title: str, lines: Sequence[Line], label: str, **more: Any) -> Drawing:
        course = _course(lines, unit)
        more |= {"x_label": f"{unit} seen", "y_label": label, "marks": marks}
        return line_chart(name, title, course, lines, **more)

    if len(rows) >= 2:
        losses = [
            Line("discriminator", column(rows, "loss_d"), smoothed=True),
            Line("generator", column(rows, "loss_g"), smoothed=True),
        ]
        probabilities = [
            Line("D(x)", column(rows, "d_real"), smoothed=True),
            Line("D(G(z))", column(rows, "d_fake"), smoothed=True),
        ]
        title = "How real D holds real and generated samples to be"
        yield (
            "losses",
            (
                chart("losses", "Losses of both networks", losses, "loss"),
                chart(
                    "probabilities", title, probabilities, "probability of being real",
                    y_range=(0.0, 1.0), dotted=0.5,
                ),
            ),
        )  # fmt: skip
    if len(evaluations) >= 2:
        key = deciding(evaluations)
        quality = [Line(NAMES[key], column(evaluations, key), marked=True)]
        coverage = [Line("coverage", column(evaluations, "coverage"), marked=True)]
        title, label = f"{NAMES[key]} during the training", f"{NAMES[key]}, lower is better"
        yield (
            "quality",
            (
                chart(key, title, quality, label, dotted=floor.get(key)),
                chart(
                    "coverage", "Coverage during the training", coverage,
                    "coverage, higher is better", y_range=(0.0, 1.0),
                    dotted=floor.get("coverage"),
                ),
            ),
        )  # fmt: skip


def _marks(facts: Facts) -> list[Mark]:
    """The events after the start; those near each other share a line."""
    near = NEAR * (facts.training.images or 0)
    marks: list[Mark] = []
    for number, event in enumerate(facts.training.told, start=1):
        if event.images is None or event.kind == "started":
            continue
        if marks and event.images - marks[-1].x <= near:
            marks[-1] = Mark(marks[-1].x, f"{marks[-1].label}, {number}")
        else:
            marks.append(Mark(event.images, str(number)))
    return marks


def schedule(facts: Facts) -> Figure | None:
    """The learning rate over images seen; None if it stays the same."""
    images, recipe = facts.training.images, facts.recipe
    if not images or recipe.lr_schedule.name == "constant":
        return None
    points = [
        (seen, recipe.lr_schedule(round(seen)))
        for seen in (images * n / SCHEDULE_POINTS for n in range(SCHEDULE_POINTS + 1))
    ]
    lines = [Line("learning rate", points)]
    drawing = line_chart(
        "schedule", "The learning rate", _course(lines, facts.unit), lines,
        x_label=f"{facts.unit} seen", y_label=f"share of {recipe.lr:g}", y_range=(0.0, 1.0),
        wide=True,
    )  # fmt: skip
    return Figure((Part(drawing),))


def normalisation(
    normed: NormedChannel | None, sizes: Sequence[tuple[float, float]]
) -> Figure | None:
    """A channel before and after a batch norm of G, and the size of numbers in each layer of D."""
    parts: list[Part] = []
    if normed is not None:
        before, after = normed.before, normed.after
        lines = [Line("before", before.points), Line("after", after.points)]
        words = (
            f"Before, the mean is {before.mean:.2g} and the deviation {before.deviation:.2g}; "
            f"after, {after.mean:.2g} and {after.deviation:.2g}."
        )
        drawing = line_chart(
            "batch-norm", f"A channel of layer {normed.layer} before and after batch norm", words,
            lines, x_label=f"numbers in channel {normed.channel} of layer {normed.layer}",
            y_label="density",
        )  # fmt: skip
        parts.append(Part(drawing))
    if len(sizes) > 1:
        lines = [Line("D", sizes, marked=True)]
        words = "; ".join(f"layer {place:.0f}: {size:.2g}" for place, size in sizes) + "."
        drawing = line_chart(
            "sizes", "The size of numbers in each layer of D", words, lines,
            x_label="layer of D (0: the picture)", y_label="standard deviation",
        )  # fmt: skip
        parts.append(Part(drawing))
    return Figure(tuple(parts), columns=2) if parts else None


def diagrams(players: Sequence[PlayerFacts]) -> dict[str, Figure]:
    """Both networks as boxes. Networks that are not a row of feature maps have no diagram."""
    ends = {
        "generator": (("z", "latent vector"), ("G(z)", "picture")),
        "discriminator": (("x", "picture"), ("C", "logit")),
    }
    return {
        f"layers-{player.name}": Figure((Part(_diagram(player, *ends[player.name])),))
        for player in players
        if player.rows and all(len(row["shape"]) == 3 for row in player.rows)
    }


def _diagram(player: PlayerFacts, before: tuple[str, str], after: tuple[str, str]) -> Drawing:
    title = f"The {player.name}, layer by layer"
    name = f"diagram-{player.name}"
    return network_diagram(name, title, before, player.rows, after, player.name)


def column(rows: Sequence[Row], key: str) -> list[tuple[float, float]]:
    """A number over images seen."""
    return [(float(row["images_seen"]), float(row[key])) for row in rows if key in row]


def _course(lines: Sequence[Line], unit: str) -> str:
    """Where each line begins and ends, in words."""
    parts = [f"{one.label}: from {one.curve[0][1]:.3g} to {one.curve[-1][1]:.3g}" for one in lines]
    last = max(x for line in lines for x, _ in line.points)
    return f"{'; '.join(parts)}, over {last:,.0f} {unit}."
