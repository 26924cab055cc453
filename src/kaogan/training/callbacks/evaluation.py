"""Are the faces still getting better? RUN/evaluation.jsonl, and the best checkpoint in RUN/best."""

import json
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from kaogan.files import write_text
from kaogan.images import Pixels
from kaogan.metrics.features import Extractor, load_extractor
from kaogan.metrics.quick import FIGURE, Reference, best_of, quick
from kaogan.training import checkpoints
from kaogan.training.callbacks.metrics_log import Row, read_rows
from kaogan.training.callbacks.nan_guard import is_finite
from kaogan.training.callbacks.schedule import thinning
from kaogan.training.run_log import RunLog
from kaogan.training.sampling import draw_seeds, standing_statistics
from kaogan.training.trainer import Callback, StepStats, Trainer

FACES = 1000
"""Generated and held-out pictures that are compared, at most."""
FEWEST = 100
"""With fewer held-out pictures the figures say nothing."""
NAMED = 12
"""Characters of the features' checksum that name them in a row."""
LATENTS_FOR_STATISTICS = 512
FLAT_EVALUATIONS, FLAT_SHARE = 5, 0.5
"""Nothing improves: the best is so many evaluations old, and lies in the first half of the run."""


class Evaluation(Callback):
    """Compares generated faces with held-out ones: Fréchet distance and others, without weights.

    The faces are those of seeds 0 to 999 with averaged weights, the real ones are always the same,
    so figures of one run can be compared with each other. They are no FID, and no `kaogan evaluate`
    with more faces. The state with the lowest Fréchet distance so far is kept.

    When it looks is a function of the images seen (`schedule.marks`), and so are the rows and the
    best state: a run that was killed and went on ends with those of one that never stopped. What
    depends on where a sitting ended is marked and temporary: the row of the `end`, and its state if
    that is the best one. Both go when the run goes on.
    """

    def __init__(
        self,
        held_out: Pixels,
        folder: Path,
        interval: int,
        run_log: RunLog,
        listeners: Sequence[Callable[[Trainer, Row], None]],
        stop_when_flat: bool = False,
    ) -> None:
        self.held_out, self.interval, self.run_log = held_out, interval, run_log
        self.file, self.best_folder = folder / "evaluation.jsonl", folder / "best"
        self.checkpoints = folder / "checkpoints"
        self.listeners, self.stop_when_flat = listeners, stop_when_flat
        self.rows: list[Row] = []
        self._loaded: Extractor | None = None
        self._reference: Reference | None = None
        self._said_flat = False

    @property
    def best(self) -> Row | None:
        """The row with the lowest Fréchet distance."""
        return best_of(self.rows)

    @property
    def remark(self) -> str:
        """The newest figures, for the progress line."""
        if not self.rows:
            return ""
        newest, best = self.rows[-1], self.best
        mark = " (best)" if newest is best else ""
        return f"FD {newest[FIGURE]:.2f}{mark} coverage {newest['coverage']:.2f}"

    def start(self, trainer: Trainer) -> None:
        seen, batch = trainer.state.images_seen, trainer.recipe.batch
        if self.file.exists():
            features = self._extractor(trainer).checksum[:NAMED]
            self.rows = [
                row
                for row in read_rows(self.file)
                # Later ones will be measured again. Those of other features or figures, from
                # another version of kaogan, cannot be compared.
                if row["images_seen"] <= seen
                and row.get("features") == features
                and row.get("end") is False
            ]
            write_text(self.file, "".join(json.dumps(row) + "\n" for row in self.rows))
        self._tidy(seen)
        if thinning(self.interval, max(0, seen - batch), seen) and not self._measured(seen):
            self.evaluate(trainer)  # it was cut off after a checkpoint of this very moment

    def after_step(self, trainer: Trainer, stats: StepStats) -> None:
        after = trainer.state.images_seen
        if thinning(self.interval, after - trainer.recipe.batch, after):
            self.evaluate(trainer)

    def finish(self, trainer: Trainer) -> None:
        # The end is where a run is drawn from: it must be known whether it is the best.
        if not self._measured(trainer.state.images_seen):
            self.evaluate(trainer, end=True)

    def _measured(self, seen: int) -> bool:
        return bool(self.rows) and self.rows[-1]["images_seen"] == seen

    def evaluate(self, trainer: Trainer, end: bool = False) -> Row:
        """Measure now, write it down, keep the state if it is the best one.

        Args:
            trainer: whose averaged generator is measured.
            end: only because the training ends here; the schedule does not know it.

        """
        started = time.perf_counter()
        extractor = self._extractor(trainer)
        if self._reference is None:
            self._reference = Reference.of(self.held_out, extractor, FACES)
        faces = self._draw(trainer, len(self._reference))
        figures = quick(self._reference, torch.from_numpy(faces))
        row: Row = {"images_seen": trainer.state.images_seen}
        row |= {name: round(value, 6) for name, value in figures.items()}
        if best_of([*self.rows, row]) is row and is_finite(trainer):
            checkpoints.save(trainer.state, trainer.recipe, self.best_folder)
        self.rows.append(row)
        row["seconds"] = round(time.perf_counter() - started, 3)
        for listener in self.listeners:
            listener(trainer, row)
        row |= {"end": end, "features": extractor.checksum[:NAMED]}
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.run_log.record("evaluated", **{FIGURE: row[FIGURE]}, best=self.best is row, end=end)
        saved = checkpoints.found(self.checkpoints)
        self._tidy(checkpoints.images_seen(saved[-1]) if saved else 0)
        if not end:
            self._watch(trainer)
        return row

    def _tidy(self, saved: int) -> None:
        """Keep the best state, and the one that was it `saved` images in.

        There a run goes on that is killed now. Should it come off differently, as on a GPU, or be
        set back, that older state may be the best again.
        """
        lasting = [row for row in self.rows if not row.get("end")]
        best = {
            row["images_seen"]
            for rows in (self.rows, lasting, [r for r in lasting if r["images_seen"] <= saved])
            if (row := best_of(rows)) is not None
        }
        for checkpoint in checkpoints.found(self.best_folder):
            if checkpoints.images_seen(checkpoint) not in best:
                shutil.rmtree(checkpoint, ignore_errors=True)

    def _extractor(self, trainer: Trainer) -> Extractor:
        if self._loaded is None:
            self._loaded = load_extractor(device=trainer.compute.device)
        return self._loaded

    def _draw(self, trainer: Trainer, count: int) -> Pixels:
        model = trainer.recipe.model
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
            self.run_log.say(
                f"note: the faces have not improved for {since} evaluations: FD was best after "
                f"{best['images_seen']:,} images ({best[FIGURE]:.4f}), and is "
                f"{self.rows[-1][FIGURE]:.4f} now. The best checkpoint is kept; longer training "
                "may not help",
                "noted",
            )
        if self.stop_when_flat and not trainer.stop_requested:
            trainer.stop_requested = True
            self.run_log.say("stopping, as --stop-when-flat asks")
