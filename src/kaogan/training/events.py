"""RUN/events.jsonl: the events of a training, for programs; log.txt has the same for people.

A row has an `event`, the `images_seen`, the `time`, and further fields:

    started, resumed    device, precision, text
    evaluated           fd, best (the best so far?), end (only because the training ended?)
    warned, noted       text
    rolled back         text, attempt; images_seen are those of the checkpoint it returned to
    saved               a checkpoint
    finished            reason: "done" (the budget is used up) or "stopped"; text if stopped

Rows beyond the checkpoint from which a training is resumed are cut off, as in metrics.jsonl.
"""

import contextlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from kaogan.training.rows import Row, append_row, keep_rows
from kaogan.training.rows import read_rows as read_events

__all__ = ["EventName", "Events", "read_events"]

EventName = Literal[
    "started", "resumed", "evaluated", "warned", "noted", "rolled back", "saved", "finished"
]


class Events:
    """Appends to events.jsonl. Losing a row to a full disk never stops a training.

    Events before `begin` are written by it, when the images seen are known.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._seen: Callable[[], int] | None = None
        self._waiting: list[Row] = []

    def begin(self, seen: Callable[[], int], resumed: bool) -> None:
        """Start writing. A resumed training keeps the rows up to `seen()`, another one none."""
        self.cut(seen() if resumed else -1, resumed=True)
        self._seen = seen
        waiting, self._waiting = self._waiting, []
        for row in waiting:
            self._append(row)

    def cut(self, seen: int, resumed: bool = False) -> None:
        """Remove the events after `seen` images. Of a `resumed` training, remove also the
        evaluations that were made only because it ended.
        """
        with contextlib.suppress(OSError):
            keep_rows(
                self.file,
                lambda row: row["images_seen"] <= seen and not (resumed and row.get("end")),
            )

    def add(self, event: EventName, **facts: Any) -> None:
        """Write a row."""
        time = datetime.now().astimezone().isoformat(timespec="seconds")
        row = {"event": event, "time": time, **facts}
        if self._seen is None:
            self._waiting.append(row)
        else:
            self._append(row)

    def _append(self, row: Row) -> None:
        assert self._seen is not None
        row = {"event": row["event"], "images_seen": self._seen()} | row
        with contextlib.suppress(OSError):
            append_row(self.file, row)
