"""Are the faces still getting better? RUN/evaluation.jsonl, and the best checkpoint in RUN/best."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from kaogan.files import write_text
from kaogan.images import Pixels
from kaogan.metrics.features import Extractor, load_extractor
from kaogan.metrics.quick import Reference, quick
from kaogan.training import checkpoints
from kaogan.training.journal import Journal
from kaogan.training.observers.finite import is_finite
from kaogan.training.observers.log import Row, read_rows
from kaogan.training.observers.schedule import every
from kaogan.training.sampling import draw_seeds, standing_statistics
from kaogan.training.trainer import StepStats, Trainer, Watcher

FACES = 1000
"""Generated and held-out pictures that are compared, at most."""
FEWEST = 100
"""With fewer held-out pictures the figures say nothing."""
NAMED = 12
"""Characters of the features' checksum that name them in a row."""
LATENTS_FOR_STATISTICS = 512
SHARE_OF_TIME = 0.04
"""An evaluation that would bring their cost above this share of the training's time waits; only the
first one and the one at the end do not."""
FLAT_EVALUATIONS, FLAT_SHARE = 8, 0.5
"""Nothing improves: the best is so many evaluations old, and lies in the first half of the run."""


class Evaluation(Watcher):
    """Compares generated faces with held-out ones: KID and coverage on weight-free features.

    The faces are those of seeds 0 to 999 with averaged weights, the real ones are always the same,
    so figures of one run can be compared with each other. They are no FID, and no `kaogan evaluate`
    with more faces. The state with the lowest KID so far is kept.
    """

    def __init__(
        self,
        held_out: Pixels,
        folder: Path,
        interval: int,
        journal: Journal,
        listeners: Sequence[Callable[[Trainer, Row], None]],
        stop_when_flat: bool = False,
    ) -> None:
        self.held_out, self.interval, self.journal = held_out, interval, journal
        self.file, self.best_folder = folder / "evaluation.jsonl", folder / "best"
        self.listeners, self.stop_when_flat = listeners, stop_when_flat
        self.rows: list[Row] = []
        self._loaded: Extractor | None = None
        self._reference: Reference | None = None
        self._said_flat = False

    @property
    def best(self) -> Row | None:
        """The row with the lowest KID."""
        return min(self.rows, key=lambda row: float(row["kid"]), default=None)

    @property
    def remark(self) -> str:
        """The newest figures, for the progress line."""
        if not self.rows:
            return ""
        newest, best = self.rows[-1], self.best
        mark = " (best)" if newest is best else ""
        return f"KID {newest['kid']:.4f}{mark} coverage {newest['coverage']:.2f}"

    def start(self, trainer: Trainer) -> None:
        if self.file.exists():
            # Figures of other features, from another version of kaogan, cannot be compared.
            seen, features = trainer.state.images_seen, self._extractor(trainer).checksum
            self.rows = [
                row
                for row in read_rows(self.file)
                if row["images_seen"] <= seen and row.get("features") == features[:NAMED]
            ]
            write_text(self.file, "".join(json.dumps(row) + "\n" for row in self.rows))

    def after_step(self, trainer: Trainer, stats: StepStats) -> None:
        after = trainer.state.images_seen
        if every(self.interval, after - trainer.recipe.batch, after) and self._affordable(trainer):
            self.evaluate(trainer)

    def finish(self, trainer: Trainer) -> None:
        # The end is where a run is drawn from: it must be known whether it is the best.
        if not self.rows or self.rows[-1]["images_seen"] < trainer.state.images_seen:
            self.evaluate(trainer)

    def _affordable(self, trainer: Trainer) -> bool:
        """Would another evaluation like those before it still be cheap?"""
        costs = [float(row["seconds"]) for row in self.rows]
        return not costs or sum(costs) + costs[-1] <= SHARE_OF_TIME * trainer.state.seconds

    def evaluate(self, trainer: Trainer) -> Row:
        """Measure now, write it down, keep the state if it is the best one."""
        started = time.perf_counter()
        extractor = self._extractor(trainer)
        if self._reference is None:
            self._reference = Reference.of(self.held_out, extractor, FACES)
        faces = self._draw(trainer, len(self._reference))
        figures = quick(self._reference, torch.from_numpy(faces))
        row: Row = {"images_seen": trainer.state.images_seen}
        row |= {name: round(value, 6) for name, value in figures.items()}
        self.rows.append(row)
        if row is self.best and is_finite(trainer):
            checkpoints.save(trainer.state, trainer.recipe, self.best_folder, keep=1)
        row["seconds"] = round(time.perf_counter() - started, 3)
        for listener in self.listeners:
            listener(trainer, row)
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row | {"features": extractor.checksum[:NAMED]}) + "\n")
        self._watch(trainer)
        return row

    def _extractor(self, trainer: Trainer) -> Extractor:
        if self._loaded is None:
            self._loaded = load_extractor(device=trainer.compute.device)
        return self._loaded

    def _draw(self, trainer: Trainer, count: int) -> Pixels:
        model = trainer.recipe.networks
        settled = standing_statistics(trainer.state.ema, model.latent_dim, LATENTS_FOR_STATISTICS)
        return np.stack(list(draw_seeds(settled, list(range(count)), model.latent_dim)))

    def _watch(self, trainer: Trainer) -> None:
        """Say when nothing has improved for long; stop, if that was asked for."""
        best, seen = self.best, trainer.state.images_seen
        if best is None or best["images_seen"] > FLAT_SHARE * seen:
            self._said_flat = False
            return
        since = len(self.rows) - 1 - self.rows.index(best)
        if since < FLAT_EVALUATIONS:
            return
        if not self._said_flat:
            self._said_flat = True
            self.journal.say(
                f"note: the faces have not improved for {since} evaluations: KID was best after "
                f"{best['images_seen']:,} images ({best['kid']:.4f}), and is "
                f"{self.rows[-1]['kid']:.4f} now. The best checkpoint is kept; longer training "
                "may not help"
            )
        if self.stop_when_flat and not trainer.stop_requested:
            trainer.stop_requested = True
            self.journal.say("stopping, as --stop-when-flat asks")
