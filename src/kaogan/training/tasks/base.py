"""What pictures and points differ in: where real samples come from, and who watches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from kaogan.contracts import Batches
from kaogan.progress import Tracker
from kaogan.training.callbacks import Checkpoints
from kaogan.training.recipe import Recipe, Watch
from kaogan.training.run import Run
from kaogan.training.run_log import RunLog
from kaogan.training.trainer import Callback


@dataclass(frozen=True)
class RunContext:
    """What the callbacks of a run write to, and are told."""

    run: Run
    run_log: RunLog
    watch: Watch
    tracker: Tracker
    saver: Checkpoints


class Task(Protocol):
    """What a run learns from, and who watches it."""

    @property
    def unit(self) -> str:
        """What is counted, in the plural: "images"."""
        ...

    @property
    def contents(self) -> str:
        """The data in a few words: "21,551 pictures"."""
        ...

    @property
    def about(self) -> Mapping[str, Any]:
        """The data, as `run.json` tells it; the entry `fingerprint` knows it again."""
        ...

    def check(self, recipe: Recipe) -> None:
        """Raise a UsageError if the recipe's samples are not of this data's shape."""

    def batches(self, recipe: Recipe, device: torch.device, workers: int) -> Batches: ...

    def callbacks(self, context: RunContext) -> Sequence[Callback]:
        """Those who watch, in the order of their turns; at the end, what matters most is first."""
        ...

    def advise(self, run_log: RunLog) -> None:
        """Warn if this data promises no good end."""
