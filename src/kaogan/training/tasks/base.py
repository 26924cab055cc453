"""The differences between pictures and points: where real samples come from, and the callbacks."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from kaogan.contracts import Batches
from kaogan.progress import Tracker
from kaogan.training.background import Background
from kaogan.training.callbacks.checkpoints import Checkpoints
from kaogan.training.recipe import Recipe, Watch
from kaogan.training.run import Run
from kaogan.training.run_log import RunLog
from kaogan.training.trainer import Callback


@dataclass(frozen=True)
class RunContext:
    """What the callbacks of a run write to, and their settings."""

    run: Run
    run_log: RunLog
    watch: Watch
    tracker: Tracker
    saver: Checkpoints
    background: Background
    planned: int | None = None
    """Images of the whole training, if that is known."""


class Task(ABC):
    """The data of a run, and its callbacks. Abstract."""

    unit: ClassVar[str]
    """What is counted, in the plural: "images"."""

    @property
    @abstractmethod
    def contents(self) -> str:
        """The data in a few words: "21,551 pictures"."""

    @property
    @abstractmethod
    def about(self) -> Mapping[str, Any]:
        """The data in `run.json`; its entry `fingerprint` identifies them."""

    def difference(self, fingerprint: str) -> str:
        """How these data differ from those that a run with another fingerprint learned from."""
        return f"data: fingerprint {self.about['fingerprint'][:12]}, not {fingerprint[:12]}"

    @abstractmethod
    def check(self, recipe: Recipe) -> None:
        """Raise a UsageError if the recipe's samples have another shape than this data."""

    @abstractmethod
    def batches(self, recipe: Recipe, device: torch.device, workers: int) -> Batches: ...

    @abstractmethod
    def callbacks(self, context: RunContext) -> Sequence[Callback]:
        """The callbacks in the order of their calls; the most important at the end come first."""

    def conclusion(self, run: Run) -> list[str]:
        """How good the result is, in sentences."""
        return []

    def advise(self, run_log: RunLog) -> None:  # noqa: B027  # most data need no warning
        """Warn if this data will give bad results."""
