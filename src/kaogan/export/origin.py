"""Where a network comes from: the training, as far as it is known."""

from dataclasses import dataclass
from pathlib import Path

from kaogan.training.recipe import Recipe
from kaogan.training.records import EvaluationRecord, MetricsRecord, RowRecord
from kaogan.training.rows import Row, read_rows
from kaogan.training.run import Run


@dataclass(frozen=True)
class Origin:
    """A training that ended in a network.

    Args:
        name: what to call it: the RUN folder's name, or that of a generator that comes with kaogan.
        home: the folder in which files about it lie, e.g. its directions.
        recipe: what was trained.
        run: the training, if it is on the disk.
        images_seen: real pictures shown until then, if that is known.

    """

    name: str
    home: Path
    recipe: Recipe
    run: Run | None = None
    images_seen: int | None = None

    @property
    def dataset(self) -> Row | None:
        """Name of the data set and number of its training pictures; of a run only."""
        about = self.run.about.get("dataset") if self.run else None
        if not about:
            return None
        return {"name": Path(about.get("path", "")).name, "pictures": about.get("pictures")}

    @property
    def curves(self) -> list[Row]:
        """Losses and probabilities until then, as `metrics.jsonl` has them."""
        return self._until_then(self.run.metrics, MetricsRecord) if self.run else []

    @property
    def quality(self) -> list[Row]:
        """The evaluations until then, as `evaluation.jsonl` has them."""
        return self._until_then(self.run.evaluations, EvaluationRecord) if self.run else []

    def _until_then(self, file: Path, kind: type[RowRecord]) -> list[Row]:
        last = self.images_seen
        return [row for row in read_rows(file, kind) if last is None or row["images_seen"] <= last]
