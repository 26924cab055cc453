"""A run's curves as a picture: RUN/curves.png."""

from pathlib import Path
from typing import TYPE_CHECKING

from kaogan.files import atomic_file
from kaogan.metrics.quick import NAMES, deciding
from kaogan.training.records import EvaluationRecord, MetricsRecord
from kaogan.training.rows import Row, read_rows
from kaogan.training.trainer import Callback, Trainer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, RED = "#3b6fb6", "#d1495b"


class Curves(Callback):
    """Draws the log and the evaluations when the training ends."""

    def __init__(self, metrics: Path, evaluations: Path, picture: Path) -> None:
        self.metrics, self.evaluations, self.picture = metrics, evaluations, picture

    def finish(self, trainer: Trainer) -> None:
        rows = read_rows(self.metrics, MetricsRecord)
        if len(rows) >= 2:
            draw_curves(rows, read_rows(self.evaluations, EvaluationRecord), self.picture)


def draw_curves(rows: list[Row], evaluations: list[Row], picture: Path) -> None:
    """Losses, D(x) and D(G(z)), and the quality of the faces, over images seen."""
    # Not pyplot, which has global state and may need a display.
    from matplotlib.figure import Figure  # slow to import

    panels = 3 if len(evaluations) >= 2 else 2
    figure = Figure(figsize=(8, 3 * panels), dpi=120, layout="constrained")
    axes = figure.subplots(panels, 1, sharex=True)
    _draw_smoothed(axes[0], rows, {"loss_d": "discriminator", "loss_g": "generator"})
    axes[0].set_ylabel("loss")
    _draw_smoothed(axes[1], rows, {"d_real": "D(x), real", "d_fake": "D(G(z)), fake"})
    axes[1].set_ylabel("probability of being real")
    axes[1].set_ylim(0, 1)
    axes[1].axhline(0.5, color="black", linewidth=0.8, linestyle=":")
    if panels == 3:
        _draw_quality(axes[2], evaluations)
    for panel in axes:
        panel.grid(alpha=0.25)
        panel.spines[["top", "right"]].set_visible(False)
    axes[-1].set_xlabel("images seen")
    axes[-1].xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    with atomic_file(picture) as partial:
        figure.savefig(partial, format="png")


def _draw_smoothed(axes: "Axes", rows: list[Row], labels: dict[str, str]) -> None:
    images = [row["images_seen"] for row in rows]
    for (key, label), colour in zip(labels.items(), (BLUE, RED), strict=True):
        values = [row[key] for row in rows]
        axes.plot(images, values, color=colour, alpha=0.25, linewidth=0.8)
        axes.plot(images, smooth(values), color=colour, label=label, linewidth=1.6)
    axes.legend(frameon=False)


def _draw_quality(axes: "Axes", evaluations: list[Row]) -> None:
    """The metric that selects the best checkpoint, with its best point marked, and coverage."""
    images = [row["images_seen"] for row in evaluations]
    key = deciding(evaluations)
    name, best = NAMES[key], min(evaluations, key=lambda row: float(row[key]))
    (curve,) = axes.plot(images, [row[key] for row in evaluations], ".-", color=BLUE)
    (mark,) = axes.plot(best["images_seen"], best[key], "o", color=BLUE, ms=9, mfc="white")
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"{name}, lower is better")
    right = axes.twinx()
    (coverage,) = right.plot(images, [row["coverage"] for row in evaluations], ".-", color=RED)
    right.set_ylim(0, 1)
    right.set_ylabel("coverage, higher is better")
    right.spines[["top"]].set_visible(False)
    at = f"best {name}, {best[key]:.3g} at {best['images_seen']:,}"
    axes.legend([curve, mark, coverage], [name, at, "coverage"], frameon=False, loc="center right")


def smooth(values: list[float], share: float = 0.04) -> list[float]:
    """An exponential average over about `share` of the series, without bias at the start."""
    keep = 1 - 1 / max(1.0, share * len(values))
    smoothed, total, weight = [], 0.0, 0.0
    for value in values:
        total, weight = keep * total + (1 - keep) * value, keep * weight + (1 - keep)
        smoothed.append(total / weight if weight else value)
    return smoothed
