"""Warnings about an unhealthy training."""

import numpy as np

from kaogan.images import Pixels
from kaogan.training.callbacks.samples import Samples
from kaogan.training.rows import Row
from kaogan.training.run_log import RunLog
from kaogan.training.trainer import Callback, StepStats, Trainer

WINNING_REAL, WINNING_FAKE = 0.85, 0.02
"""With D(x) above and D(G(z)) below these, the discriminator tells real from fake almost without
error. The loss is no criterion: with label smoothing it stays away from 0."""
WINNING_STEPS = 300
"""Steps in a row until the warning. Shorter periods are normal."""
COLLAPSED_SHARE = 0.25
"""Diversity of generated faces, as a share of that of real ones, below which the generator has
collapsed. Two healthy runs had 0.2 to 0.3 in their first 400 to 600 steps, and 0.5 to 0.8 after
1,500 (benchmarks/LOG.md)."""
WARM_UP_STEPS = 1500
"""Before, every generator draws one grey blur for all latents; that is no collapse."""


def pixel_deviation(pictures: list[Pixels] | Pixels) -> float:
    """Mean over pixels of the standard deviation over pictures, in grey levels (0 to 127.5)."""
    return float(np.std(np.stack(list(pictures)).astype(np.float32), axis=0).mean())


class Health(Callback):
    """Warns about a winning discriminator and a collapsed generator."""

    def __init__(self, run_log: RunLog, samples: Samples, real_pictures: Pixels) -> None:
        self.run_log, self.samples = run_log, samples
        self._real_diversity = pixel_deviation(real_pictures)
        self._checked = samples.newest
        self._winning_since: int | None = None
        self._warned_winning = self._warned_collapsed = False

    def after_step(self, trainer: Trainer, stats: StepStats) -> None:
        if self.samples.newest is not self._checked:
            self._checked = self.samples.newest
            if trainer.state.images_seen >= WARM_UP_STEPS * trainer.recipe.batch:
                self._check_generator()

    def listen(self, trainer: Trainer, row: Row) -> None:
        """Check the discriminator by a row of the log."""
        undecided = row["d_real"] < WINNING_REAL or row["d_fake"] > WINNING_FAKE
        if undecided or trainer.recipe.bounds_slope:
            self._winning_since = None
            self._warned_winning = False
            return
        if self._winning_since is None:
            self._winning_since = row["images_seen"]
        steps = (row["images_seen"] - self._winning_since) // trainer.recipe.batch
        if steps >= WINNING_STEPS and not self._warned_winning:
            self._warned_winning = True
            self.run_log.warn(
                f"the discriminator has been winning for {steps} steps (D(x) {row['d_real']:.2f}, "
                f"D(G(z)) {row['d_fake']:.2f}, loss {row['loss_d']:.2f}): the generator learns "
                "little from it. Look at the newest grid in samples/. If faces no longer improve, "
                "start again with the standard recipe, a lower --lr, or more pictures"
            )

    def _check_generator(self) -> None:
        share = pixel_deviation(self._checked) / max(self._real_diversity, 1e-6)
        if share >= COLLAPSED_SHARE:
            self._warned_collapsed = False
        elif not self._warned_collapsed:
            self._warned_collapsed = True
            self.run_log.warn(
                "the generator has collapsed: it draws nearly the same picture for every latent "
                f"({share:.0%} of the diversity of the real pictures). It seldom recovers: start "
                "again with another --seed, a lower --lr, or more pictures"
            )
