"""Pictures of trainings on points: in the plane, and on a line."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from kaogan.data.toy import Points
from kaogan.data.toy.mixtures import mixture_log_density
from kaogan.training.callbacks.curves import BLUE, RED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, PULL, GREY = "#333333", "#222222", "#888888"
PALE_RED, PALE_BLUE = "#f3b7a8", "#a9c6ea"
PULL_LENGTH = 0.08
"""The longest arrow, as a share of the picture's width."""


@dataclass(frozen=True)
class Scene:
    """The content of a picture; tensors on the CPU."""

    title: str
    verdict: str
    real: Float[Tensor, "N D"]
    fake: Float[Tensor, "N D"]
    lattice: Float[Tensor, "F D"]
    """The picture's area; in the plane, a square whose second axis runs fastest."""
    field: Float[Tensor, "F"]
    """D at each point of the lattice, 0 to 1."""
    pulled: Float[Tensor, "P D"]
    """Some generated points."""
    pull: Float[Tensor, "P D"]
    """The gradient of D's logit at each: the direction in which the generator moves it."""
    density: Float[Tensor, "F"] | None
    """On a line, log p at each point of the lattice, if known."""


def paint_plane(scene: Scene, file: Path) -> None:
    """Points on the field of D, and arrows along the gradients of its logit."""
    from matplotlib.colors import LinearSegmentedColormap

    figure = _figure(scene, (0.65, "■", PALE_RED, "D: fake"), (0.83, "■", PALE_BLUE, "real"))
    axes = figure.add_axes((0.02, 0.085, 0.96, 0.833))
    (left, bottom), (right, top) = scene.lattice[0].tolist(), scene.lattice[-1].tolist()
    side = int(len(scene.field) ** 0.5)
    colours = LinearSegmentedColormap.from_list("D", [PALE_RED, "#ffffff", PALE_BLUE])
    certainty = 2 * scene.field - 1  # the root of it, so that small values can be seen
    axes.imshow(
        (certainty.sign() * certainty.abs().sqrt()).view(side, side).T.numpy(),
        origin="lower",
        extent=(left, right, bottom, top),
        cmap=colours,
        vmin=-1,
        vmax=1,
        interpolation="bilinear",
    )
    axes.scatter(scene.real[:, 0], scene.real[:, 1], s=36, color=BLUE, alpha=0.35, linewidths=0)
    axes.scatter(scene.fake[:, 0], scene.fake[:, 1], s=8, color=RED, alpha=0.6, linewidths=0)
    _draw_arrows(axes, *scene.pulled.T, *_arrows(scene.pull, right - left).T)
    axes.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_edgecolor("#bbbbbb")
    figure.savefig(file, format="png")


def paint_line(scene: Scene, file: Path) -> None:
    """Above, the two densities; below, D and the optimal D for them, p / (p + q)."""
    figure = _figure(scene, (0.61, "━", INK, "D"), (0.73, "┅", GREY, "p / (p + q)"))
    above = figure.add_axes((0.1, 0.47, 0.87, 0.44))
    below = figure.add_axes((0.1, 0.13, 0.87, 0.29), sharex=above)
    x = scene.lattice[:, 0]
    real, fake = density_of(scene.real, scene.lattice), density_of(scene.fake, scene.lattice)
    if scene.density is not None:
        real = scene.density.exp()
    for density, colour in ((real, BLUE), (fake, RED)):
        above.fill_between(x, density, color=colour, alpha=0.25, linewidth=0)
        above.plot(x, density, color=colour, linewidth=2)
    ceiling = 1.6 * float(real.max())
    arrows = _arrows(scene.pull, float(x[-1] - x[0]))
    # In three rows below the axis, where they overlap less.
    rows = -ceiling * torch.tensor([0.03, 0.055, 0.08]).repeat(len(arrows))[: len(arrows)]
    _draw_arrows(above, scene.pulled[:, 0], rows, arrows[:, 0], torch.zeros(len(arrows)))
    above.set(ylim=(-0.1 * ceiling, ceiling), xlim=(float(x[0]), float(x[-1])), ylabel="density")
    above.tick_params(labelbottom=False)
    below.axhline(0.5, color="#bbbbbb", linewidth=1)
    both = real + fake
    best = torch.where(both > 1e-3 * both.max(), real / both, torch.nan)
    below.plot(x, best, "--", color=GREY, linewidth=1.8)
    below.plot(x, scene.field, color=INK, linewidth=2.2)
    below.set(ylim=(-0.04, 1.04), ylabel="D(x)")
    for axes in (above, below):
        _plain(axes)
    figure.savefig(file, format="png")


def density_of(points: Points, at: Float[Tensor, "F D"]) -> Float[Tensor, "F"]:
    """The density of points on a line, estimated with normal kernels.

    Their width is Silverman's ("Density Estimation", 1986, equation 3.31): 0.9 A n^(-1/5), A the
    smaller of the standard deviation and the interquartile range / 1.34.
    """
    quarter, three = torch.quantile(points[:, 0], torch.tensor([0.25, 0.75]))
    spread = min(float(points.std()), float(three - quarter) / 1.34) or float(points.std())
    width = max(0.9 * spread * len(points) ** -0.2, 1e-3 * float(at.max() - at.min()))
    return mixture_log_density(at, points, width).exp()


def _arrows(pull: Points, width: float) -> Points:
    """Arrows along the gradients, at most `PULL_LENGTH` of the picture's width long.

    The longest are those of gradients that raise the logit by 1 or more within a tenth of the
    width. Lengths follow the root, so that small gradients can be seen.
    """
    strength: Tensor = torch.linalg.vector_norm(pull, dim=1, keepdim=True).clamp(min=1e-12)
    lengths: Tensor = PULL_LENGTH * width * (strength * width / 10).clamp(max=1).sqrt()
    return pull / strength * lengths


def _draw_arrows(axes: "Axes", x: Tensor, y: Tensor, dx: Tensor, dy: Tensor) -> None:
    """Arrows in the units of the axes."""
    units: dict[str, Any] = {"angles": "xy", "scale_units": "xy", "scale": 1}
    axes.quiver(x, y, dx, dy, color=PULL, width=0.0027, headwidth=4, alpha=0.6, **units)


def _figure(scene: Scene, *marks: tuple[float, str, str, str]) -> "Figure":
    """A picture with title and legend. A mark has a position, sign, colour and words."""
    # Not pyplot, which has global state and may need a display.
    from matplotlib.figure import Figure  # slow to import

    figure = Figure(figsize=(6.4, 7.4), dpi=100)
    figure.text(0.03, 0.945, scene.title, fontsize=17, color=INK, weight="bold")
    figure.text(0.97, 0.945, scene.verdict, fontsize=15, color=INK, ha="right")
    always = (
        (0.03, "●", BLUE, "real"),
        (0.17, "●", RED, "generated"),
        (0.4, "→", PULL, "D's pull"),
    )
    for x, sign, colour, words in (*always, *marks):
        figure.text(x, 0.03, sign, fontsize=15, color=colour)
        figure.text(x + 0.04, 0.03, words, fontsize=14, color=INK)
    return figure


def _plain(axes: "Axes") -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=12)
    axes.xaxis.label.set_fontsize(14)
    axes.yaxis.label.set_fontsize(14)
