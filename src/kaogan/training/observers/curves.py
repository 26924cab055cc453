"""Loss curves as a picture: RUN/curves.png."""

from pathlib import Path

from kaogan.files import atomic_file
from kaogan.training.observers.log import Row, read_rows
from kaogan.training.trainer import Trainer, Watcher


class Curves(Watcher):
    """Draws the log when the training ends."""

    def __init__(self, metrics: Path, picture: Path) -> None:
        self.metrics, self.picture = metrics, picture

    def finish(self, trainer: Trainer) -> None:
        rows = list(read_rows(self.metrics))
        if len(rows) >= 2:
            draw_curves(rows, self.picture)


def draw_curves(rows: list[Row], picture: Path) -> None:
    """Both losses above, the discriminator's beliefs below, over images seen."""
    # Figure, and not pyplot: no window, no global state, no display needed.
    from matplotlib.figure import Figure  # slow to import

    figure = Figure(figsize=(8, 6), dpi=120, layout="constrained")
    losses, beliefs = figure.subplots(2, 1, sharex=True)
    images = [row["images_seen"] for row in rows]
    for axes, series in (
        (losses, (("loss_d", "discriminator", "#3b6fb6"), ("loss_g", "generator", "#d1495b"))),
        (beliefs, (("d_real", "D(x), real", "#3b6fb6"), ("d_fake", "D(G(z)), fake", "#d1495b"))),
    ):
        for key, label, colour in series:
            values = [row[key] for row in rows]
            axes.plot(images, values, color=colour, alpha=0.25, linewidth=0.8)
            axes.plot(images, smooth(values), color=colour, label=label, linewidth=1.6)
        axes.grid(alpha=0.25)
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    losses.set_ylabel("loss")
    beliefs.set_ylabel("belief that it is real")
    beliefs.set_ylim(0, 1)
    beliefs.axhline(0.5, color="black", linewidth=0.8, linestyle=":")
    beliefs.set_xlabel("images seen")
    beliefs.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    with atomic_file(picture) as partial:
        figure.savefig(partial, format="png")


def smooth(values: list[float], share: float = 0.04) -> list[float]:
    """An exponential average over about `share` of the series, started without bias."""
    keep = 1 - 1 / max(1.0, share * len(values))
    smoothed, total, weight = [], 0.0, 0.0
    for value in values:
        total, weight = keep * total + (1 - keep) * value, keep * weight + (1 - keep)
        smoothed.append(total / weight if weight else value)
    return smoothed
