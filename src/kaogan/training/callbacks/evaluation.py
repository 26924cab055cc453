"""Metrics of a run while it trains: RUN/evaluation.jsonl, and the best checkpoint in RUN/best."""

import json
import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import nn

from kaogan.files import write_text
from kaogan.images import PictureArray, Pixels
from kaogan.metrics.clouds import PictureSource
from kaogan.metrics.features import Extractor, load_extractor
from kaogan.metrics.quick import FIGURE, Reference, best_of, quick
from kaogan.metrics.verdict import figures_in_words
from kaogan.progress import Silent, Tracker
from kaogan.training import checkpoints
from kaogan.training.background import Background
from kaogan.training.callbacks.intervals import extra, thinning
from kaogan.training.callbacks.nan_guard import is_finite
from kaogan.training.recipe import Recipe
from kaogan.training.records import EvaluationRecord
from kaogan.training.rows import Row, append_row, keep_rows
from kaogan.training.run_log import RunLog
from kaogan.training.sampling import Sampler, standing_statistics
from kaogan.training.standing import read_floor
from kaogan.training.state import TrainState
from kaogan.training.trainer import Callback, StepStats, Trainer

FACES = 1000
"""Generated and held-out pictures that are compared, at most."""
FEWEST = 100
"""Held-out pictures below which the metrics are meaningless."""
NAMED = 12
"""Characters of the extractor's checksum in a row."""
LATENTS_FOR_STATISTICS = 512
MARKS = ("end", "extra", "features")
"""Fields of a row that are no figures."""
FLAT_EVALUATIONS, FLAT_SHARE = 5, 0.5
"""Nothing improves if the best is this many evaluations old and in the first half of the run."""


class Evaluation(Callback):
    """Compares generated with held-out faces: Fréchet distance and others, with random features.

    The generated faces are those of seeds 0 to 999 with averaged weights, the real ones are always
    the same: values of one run are comparable. They are not comparable with FID, or with `kaogan
    evaluate`, which has more faces. The state with the lowest Fréchet distance is kept.

    A resumed run has the rows and the best state of an uninterrupted one, because evaluations
    depend on the images seen (`intervals.marks`). Two kinds do not, and their rows are removed with
    their best states when the run is resumed: that at the end of a training (marked with `end`),
    and those that a short training has in addition (`extra`), if other images are planned then.

    Where the training goes on meanwhile (`background.beside`), a copy of its state is measured.

    Args:
        held_out: the real pictures.
        folder: the RUN.
        interval: images between evaluations at first.
        run_log: for messages.
        listeners: are called with each row.
        stop_when_flat: stop when nothing improves.
        train: training pictures, whose figures are the floor; none: no floor.
        planned: images of the whole training, if that is known.
        tracker: shows that an evaluation is made.
        background: does the work.

    """

    def __init__(
        self,
        held_out: PictureArray,
        folder: Path,
        interval: int,
        run_log: RunLog,
        listeners: Sequence[Callable[[Trainer, Row], None]],
        stop_when_flat: bool = False,
        train: PictureArray | None = None,
        planned: int | None = None,
        tracker: Tracker | None = None,
        background: Background | None = None,
    ) -> None:
        self.held_out, self.interval, self.run_log = held_out, interval, run_log
        self.train, self.planned, self.tracker = train, planned, tracker or Silent()
        self.background = background or Background()
        self.file, self.best_folder = folder / "evaluation.jsonl", folder / "best"
        self.floor_file = folder / "floor.json"
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
        """The newest values, for the progress line."""
        if not self.rows:
            return ""
        newest, best = self.rows[-1], self.best
        mark = " (best)" if newest is best and len(self.rows) > 1 else ""
        return (
            f"FD {newest[FIGURE]:.1f} at {newest['images_seen']:,}{mark}  "
            f"coverage {newest['coverage']:.2f}"
        )

    def start(self, trainer: Trainer) -> None:
        seen, batch = trainer.state.images_seen, trainer.recipe.batch
        if self.file.exists():
            features = self._extractor(trainer.compute.device).checksum[:NAMED]
            # Rows with other features, from another version of kaogan, are not comparable.
            self.rows = keep_rows(
                self.file,
                lambda row: (
                    row["images_seen"] <= seen
                    and row.get("features") == features
                    and row.get("end") is False
                    and not (row.get("extra") and not self._extra(batch, row["images_seen"]))
                ),
                EvaluationRecord,
            )
        self._remove_others(seen)
        if not self._measured(seen):  # it may have been killed between checkpoint and evaluation
            self._evaluate_if_due(trainer)

    def after_step(self, trainer: Trainer, stats: StepStats) -> None:
        self.background.look()
        self._evaluate_if_due(trainer)

    def _evaluate_if_due(self, trainer: Trainer) -> None:
        seen, batch = trainer.state.images_seen, trainer.recipe.batch
        if thinning(self.interval, max(0, seen - batch), seen):
            self.evaluate(trainer)
        elif self._extra(batch, seen):
            self.evaluate(trainer, extra=True)

    def _extra(self, batch: int, seen: int) -> bool:
        """Has the step that ended at `seen` images an evaluation only because the run is short?"""
        return extra(self.interval, self.planned, max(0, seen - batch), seen)

    def finish(self, trainer: Trainer) -> None:
        self.background.wait()
        # Users draw from the end of a run, so it is evaluated too.
        if not self._measured(trainer.state.images_seen):
            self.evaluate(trainer, end=True)

    def _measured(self, seen: int) -> bool:
        return bool(self.rows) and self.rows[-1]["images_seen"] == seen

    def evaluate(self, trainer: Trainer, end: bool = False, extra: bool = False) -> None:
        """Measure the averaged generator, write a row, and keep the state if it is the best one.

        `end` and `extra` say why it is done, if it is not the schedule.
        """
        if not self.background.beside:
            self.tracker.doing("evaluating")
        state = trainer.state.copy() if self.background.beside else trainer.state
        self.background.compute(
            partial(self._measure, state, trainer.recipe, trainer.compute.device, end, extra),
            partial(self._tell, trainer),
        )
        if end or self.stop_when_flat:  # when it stops must not depend on the clock
            self.background.wait()

    def _measure(
        self, state: TrainState, recipe: Recipe, device: torch.device, end: bool, extra: bool
    ) -> list[Row]:
        """Everything that is kept on the disk; all rows up to the new one."""
        started = time.perf_counter()
        extractor = self._extractor(device)
        if self._reference is None:
            self._reference = Reference.of(self.held_out, extractor, FACES)
            self._measure_floor(self._reference)
        faces = self._draw(state.ema, recipe.model.latent_dim, len(self._reference))
        figures = quick(self._reference, torch.from_numpy(faces))
        row: Row = {"images_seen": state.images_seen}
        row |= {name: round(value, 6) for name, value in figures.items()}
        # It may also be the best of the rows that stay when the run is prolonged.
        lasting = [*filter(_lasts, self.rows), *([] if end or extra else [row])]
        is_best = any(best_of(rows) is row for rows in ([*self.rows, row], lasting))
        if is_best and is_finite(state):
            checkpoints.save(state, recipe, self.best_folder)
        row["seconds"] = round(time.perf_counter() - started, 3)
        row |= {"end": end, "extra": extra, "features": extractor.checksum[:NAMED]}
        self.rows.append(row)
        append_row(self.file, row)
        saved = checkpoints.found(self.checkpoints)
        self._remove_others(checkpoints.images_seen(saved[-1]) if saved else 0)
        return [*self.rows]

    def _tell(self, trainer: Trainer, rows: list[Row]) -> None:
        """Tell listeners and people of the last row."""
        row = rows[-1]
        for listener in self.listeners:
            listener(trainer, {name: row[name] for name in row if name not in MARKS})
        self.tracker.advance(0, self.remark)
        is_best, seen = best_of(rows) is row, row["images_seen"]
        best = " (best so far)" if is_best and len(rows) > 1 else ""
        self.run_log.detail(f"evaluation after {seen:,} images{best}: {figures_in_words(row)}")
        self.run_log.record(
            "evaluated", images_seen=seen, **{FIGURE: row[FIGURE]}, best=is_best, end=row["end"]
        )
        if not row["end"]:
            self._check_progress(trainer, rows)

    def _measure_floor(self, reference: Reference) -> None:
        """Write the figures of training pictures: what a perfect generator would have."""
        features = reference.extractor.checksum[:NAMED]
        if self.train is None or read_floor(self.floor_file).get("features") == features:
            return
        real = PictureSource.shuffled(self.train, 0).draw(0, min(len(reference), len(self.train)))
        figures = quick(reference, torch.from_numpy(real))
        floor = {name: round(value, 6) for name, value in figures.items()}
        write_text(self.floor_file, json.dumps(floor | {"features": features}) + "\n")

    def _remove_others(self, saved: int) -> None:
        """Keep only the best state and the one that was the best after `saved` images.

        If the run is killed or rolled back now, it returns to `saved` images. It may then develop
        differently, and the older state may be the best again. The same of the rows that stay if
        the run is resumed or prolonged then.
        """
        resumed = [row for row in self.rows if not row.get("end")]
        kinds = [self.rows, resumed, [*filter(_lasts, self.rows)]]
        kinds += [[row for row in rows if row["images_seen"] <= saved] for rows in kinds[1:]]
        best = {row["images_seen"] for rows in kinds if (row := best_of(rows)) is not None}
        for checkpoint in checkpoints.found(self.best_folder):
            if checkpoints.images_seen(checkpoint) not in best:
                shutil.rmtree(checkpoint, ignore_errors=True)

    def _extractor(self, device: torch.device) -> Extractor:
        if self._loaded is None:
            self._loaded = load_extractor(device=device)
        return self._loaded

    def _draw(self, generator: nn.Module, latent_dim: int, count: int) -> Pixels:
        settled = standing_statistics(generator, latent_dim, LATENTS_FOR_STATISTICS)
        return Sampler(settled, latent_dim).sample(count)

    def _check_progress(self, trainer: Trainer, rows: list[Row]) -> None:
        """Report that the faces no longer improve; stop if that was asked for."""
        best, newest = best_of(rows), rows[-1]
        if best is None or best["images_seen"] > FLAT_SHARE * newest["images_seen"]:
            self._said_flat = False
            return
        since = len(rows) - 1 - rows.index(best)
        if since < FLAT_EVALUATIONS:
            return
        if not self._said_flat:
            self._said_flat = True
            self.run_log.say(
                f"note: the faces have not improved for {since} evaluations: FD was best after "
                f"{best['images_seen']:,} images ({best[FIGURE]:.4f}), and is "
                f"{newest[FIGURE]:.4f} now. The best checkpoint is kept; longer training "
                "may not help",
                "noted",
            )
        if self.stop_when_flat and not trainer.stop_requested:
            trainer.stop_requested = True
            self.run_log.say("stopping, as --stop-when-flat asks")


def _lasts(row: Row) -> bool:
    """Does a row stay when the run is prolonged?"""
    return not (row.get("end") or row.get("extra"))
