"""Draw docs/images/modes.png out of what `kaogan toy bench` left:

    python tools/modes_picture.py runs/toy-bench

Of each method and distribution: 2,500 points of the first seed's generator, over the modes.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

from kaogan.data.toy import distribution
from kaogan.training import checkpoints
from kaogan.training.callbacks.curves import BLUE, RED
from kaogan.training.callbacks.scores import generate, judge
from kaogan.training.run import Run

TARGET = Path(__file__).parent.parent / "docs" / "images" / "modes.png"
METHODS = {
    "nonsaturating-1": ("plain GAN", "generator"),
    "relativistic-1": ("relativistic, R1 and R2", "ema"),
}


def main(bench: str) -> None:
    figure, panels = plt.subplots(1, 4, figsize=(12, 3.3), layout="constrained")
    places = [(folder, name) for name in ("ring", "grid") for folder in METHODS]
    for axes, (folder, name) in zip(panels, places, strict=True):
        title, network = METHODS[folder]
        target = distribution(name)
        points = _points(Run(Path(bench) / folder / name), network)
        assert target.modes is not None
        means = target.modes.means
        axes.scatter(means[:, 0], means[:, 1], s=160, color=BLUE, alpha=0.35, linewidths=0)
        axes.scatter(points[:, 0], points[:, 1], s=2, color=RED, linewidths=0)
        score = judge(target, points)
        verdict = f"{score['covered']} of {score['modes']} modes, {score['high_quality']:.0%} good"
        reach = 1.2 * means.abs().max().item()
        limits = (-reach, reach)
        axes.set(xlim=limits, ylim=limits, xticks=[], yticks=[], aspect="equal")
        axes.set(xlabel=verdict, title=f"{name}: {title}")
    figure.savefig(TARGET, dpi=110)


def _points(run: Run, network: str):  # type: ignore[no-untyped-def]
    """Points `N D` of the first copy."""
    tensors, state = run.read("newest")
    recipe = checkpoints.recipe_of(state)
    generator = recipe.model.generator()
    own = {key: tensors[key] for key in tensors if key.startswith(f"{network}.")}
    generator.load_state_dict({key.removeprefix(f"{network}."): own[key] for key in own})
    return generate(generator, recipe.model.latent_dim)[:, 0]


if __name__ == "__main__":
    main(*sys.argv[1:])
