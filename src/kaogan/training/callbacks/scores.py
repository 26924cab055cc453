"""Metrics of a generator of points: RUN/scores.jsonl while it learns, RUN/toy.json at the end."""

import json
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from kaogan.data.toy import Distribution
from kaogan.files import write_text
from kaogan.metrics.coverage import density_coverage
from kaogan.metrics.modes import score_modes
from kaogan.records import read_json
from kaogan.rng import seed_of
from kaogan.training.callbacks.intervals import every
from kaogan.training.records import ScoresRecord
from kaogan.training.rows import Row, append_row, keep_rows
from kaogan.training.sampling import standing_statistics
from kaogan.training.trainer import Callback, StepStats, Trainer

POINTS = 2500
"""Points for which the metrics are computed, as in the PacGAN paper."""


def generate(network: nn.Module, latent_dim: int, count: int = POINTS) -> Float[Tensor, "N K D"]:
    """Generated points, on the CPU, always from the same latents."""
    settled = standing_statistics(network, latent_dim)
    rng = torch.Generator().manual_seed(seed_of(latent_dim, count, 1))
    z = torch.randn(count, latent_dim, generator=rng)
    with torch.inference_mode():
        points: Tensor = settled(z.to(next(settled.parameters()).device))
    return points.cpu()


def score(target: Distribution, points: Float[Tensor, "N D"]) -> Row:
    """The metrics of points that should follow this distribution.

    Mean and standard deviation of each coordinate. For mixtures of normal distributions also the
    covered modes, the share of high quality and the reverse KL (`kaogan.metrics.modes`); for others
    density and coverage against as many points of the distribution (`kaogan.metrics.coverage`).
    """
    moments: Row = {
        "mean": [round(value, 5) for value in points.mean(0).tolist()],
        "std": [round(value, 5) for value in points.std(0).tolist()],
    }
    if target.modes is None:
        real = target.sample(len(points), torch.Generator().manual_seed(0))
        density, coverage = density_coverage(real, points)
        return {"density": round(density, 5), "coverage": round(coverage, 5)} | moments
    score = score_modes(points, *target.modes)
    return {
        "modes": len(target.modes.means),
        "covered": score.covered,
        "high_quality": round(score.high_quality, 5),
        # JSON has no infinity.
        "reverse_kl": round(score.reverse_kl, 5) if score.covered else None,
    } | moments


def in_words(scores: Row) -> str:
    """The scores of one copy, e.g. "8 of 8 modes, 97% of high quality"."""
    if scores.get("modes") == 1:
        return f"mean {scores['mean'][0]:.2f}, deviation {scores['std'][0]:.2f}"
    if "modes" in scores:
        return (
            f"{scores['covered']} of {scores['modes']} modes, "
            f"{scores['high_quality']:.0%} of high quality"
        )
    return f"coverage {scores['coverage']:.0%}, density {scores['density']:.2f}"


def read_scores(file: Path) -> Row | None:
    """The content of `toy.json`; None if there is no such file, or it is damaged."""
    try:
        return read_json(file, ScoresRecord).model_dump(exclude_unset=True)
    except (OSError, ValueError):
        return None


class Scores(Callback):
    """Scores every copy of the generator, raw and averaged, at intervals and at the end."""

    def __init__(self, target: Distribution, name: str, folder: Path, images: int) -> None:
        self.target, self.data, self.images = target, name, images
        self.rows, self.result = folder / "scores.jsonl", folder / "toy.json"
        self.remark = ""
        """The last scores of the first copy, for the progress line."""

    def start(self, trainer: Trainer) -> None:
        keep_rows(self.rows, lambda row: row["images_seen"] <= trainer.state.images_seen)

    def after_step(self, trainer: Trainer, stats: StepStats) -> None:
        after = trainer.state.images_seen
        if self.images and every(self.images, after - trainer.recipe.batch, after):
            append_row(self.rows, {"images_seen": after} | self.scores(trainer))

    def finish(self, trainer: Trainer) -> None:
        state = trainer.state
        about = {
            "data": self.data,
            "images_seen": state.images_seen,
            "steps": state.images_seen // trainer.recipe.batch,
            "seconds": round(state.seconds, 3),
            "points": POINTS,
        }
        write_text(self.result, json.dumps(about | self.scores(trainer), indent=2) + "\n")

    def scores(self, trainer: Trainer) -> dict[str, list[Row]]:
        """The scores of every copy, by weights."""
        latent_dim = trainer.recipe.model.latent_dim
        networks = {"ema": trainer.state.ema, "raw": trainer.state.generator}
        scores = {}
        for weights, network in networks.items():
            points = generate(network, latent_dim)
            scores[weights] = [score(self.target, copy) for copy in points.unbind(1)]
        self.remark = f"{in_words(scores['ema'][0])} at {trainer.state.images_seen:,}"
        return scores
