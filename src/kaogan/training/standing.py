"""How far a run is, and how good: for the end of a training, `kaogan list` and `kaogan watch`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kaogan.metrics.quick import FIGURE, best_of
from kaogan.metrics.verdict import figures_in_words, grade, sentence, variety
from kaogan.records import read_json
from kaogan.training import checkpoints
from kaogan.training.callbacks.scores import in_words, read_scores
from kaogan.training.events import read_events
from kaogan.training.lock import at_work
from kaogan.training.records import EvaluationRecord, FiguresRecord
from kaogan.training.rows import Row, read_rows
from kaogan.training.run import Run

State = Literal["training", "done", "stopped", "cut off", "unknown"]


def read_floor(file: Path) -> dict[str, Any]:
    """The figures of real pictures in floor.json; nothing if it is missing or damaged."""
    try:
        return read_json(file, FiguresRecord).model_dump(exclude_unset=True)
    except (OSError, ValueError):
        return {}


@dataclass(frozen=True)
class Standing:
    """The figures of a run's best checkpoint, from which it draws.

    Args:
        best: the row of the best evaluation.
        last: the row of the last one.
        floor: the same figures of real pictures; empty if they were not measured.

    """

    best: Row
    last: Row
    floor: dict[str, Any]

    @property
    def word(self) -> str:
        """A word on how good it is."""
        return grade(self.best, self.floor)

    @property
    def variety(self) -> float:
        """The share of the variety of real pictures, 0 to 1."""
        return variety(self.best, self.floor)

    @property
    def about(self) -> dict[str, Any]:
        """The same for programs."""
        return {"word": self.word, "variety": self.variety, "best": self.best, "floor": self.floor}

    @property
    def lines(self) -> list[str]:
        """In sentences: how good it is, the figures, and whether it was best before its end."""
        seen = self.best["images_seen"]
        figures = figures_in_words(self.best, self.floor)
        lines = [f"quality: {sentence(self.best, self.floor)}"]
        lines.append(f"{figures}, after {seen:,} images")
        if self.last["images_seen"] > seen and FIGURE in self.last:
            lines.append(
                f"that is the best checkpoint, which is drawn from; after "
                f"{self.last['images_seen']:,} images FD was {self.last[FIGURE]:.1f}"
            )
        return lines


def standing(run: Path) -> Standing | None:
    """How good the run in this folder is; None if it was not evaluated."""
    rows = read_rows(run / "evaluation.jsonl", EvaluationRecord)
    best = best_of(rows)
    return None if best is None else Standing(best, rows[-1], read_floor(run / "floor.json"))


@dataclass(frozen=True)
class Summary:
    """A run in a few words.

    Args:
        path: the RUN.
        seen: images or points, until the last row of its log.
        unit: which of them.
        state: a training is at work; or how the last one ended.
        standing: its figures, if it was evaluated.
        points: the scores of a run of points.

    """

    path: Path
    seen: int
    unit: str
    state: State
    standing: Standing | None
    points: Row | None

    @property
    def quality(self) -> str:
        """How good it is, in a word or a few."""
        if self.points is not None:
            return in_words(self.points)
        return self.standing.word if self.standing else "not evaluated"


def summary(run: Run) -> Summary:
    """The summary of a run. Raises a KaoganError if it is none, or damaged."""
    about, scores = run.about, read_scores(run.path / "toy.json")
    points = scores["ema"][0] if scores else None
    logged, kept = read_rows(run.metrics)[-1:], checkpoints.found(run.checkpoints)[-1:]
    seen = [row["images_seen"] for row in logged] + [checkpoints.images_seen(one) for one in kept]
    unit = "points" if "points" in about["dataset"] else "images"
    return Summary(run.path, max(seen, default=0), unit, state(run), standing(run.path), points)


def state(run: Run) -> State:
    """Is a training at work in this run, or how did the last one end?"""
    if at_work(run):
        return "training"
    events = read_events(run.events)
    if not events:
        return "unknown"
    found: State = events[-1].get("reason", "cut off")
    return found


def runs_below(folder: Path, depth: int = 3) -> Iterator[Run]:
    """The runs in a folder and in the folders in it, up to this depth; the newest first."""
    found = [file for level in range(depth + 1) for file in folder.glob("*/" * level + "run.json")]
    for file in sorted(found, key=lambda file: file.stat().st_mtime, reverse=True):
        yield Run(file.parent)
