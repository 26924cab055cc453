"""RUN/events.jsonl: what happened in a training, for programs; log.txt tells the same to people.

A row is an `event`, the `images_seen` then, the `time`, and what else belongs to it:

    started, resumed    device, precision, text
    evaluated           fd, best (is it the best so far?), end (only because the training ended)
    warned, noted       text
    rolled back         text, attempt; images_seen are those of the checkpoint it went back to
    saved               a checkpoint
    finished            reason: "done" (the budget is used up) or "stopped"; text if stopped

The rows are those of the steps that count: what lies beyond the checkpoint from which a training
goes on will happen again, and is cut off first, as in metrics.jsonl.
"""

import contextlib
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from kaogan.files import write_text

EventName = Literal[
    "started", "resumed", "evaluated", "warned", "noted", "rolled back", "saved", "finished"
]
Row = dict[str, Any]


def read_events(file: Path) -> list[Row]:
    """The rows of events.jsonl; lines cut off by a kill or a full disk are left out."""
    rows = []
    with contextlib.suppress(OSError):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                rows.append(json.loads(line))
    return rows


class Events:
    """Appends to events.jsonl. Losing a row to a full disk never stops a training.

    What comes before `begin` waits for it: only then the images seen are known.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._seen: Callable[[], int] | None = None
        self._waiting: list[Row] = []

    def begin(self, seen: Callable[[], int], resumed: bool) -> None:
        """Cut off what lies beyond `seen()`, everything unless resumed; from now on, write."""
        if resumed:
            self.cut(seen(), going_on=True)
        else:
            self._write([])
        self._seen = seen
        waiting, self._waiting = self._waiting, []
        for row in waiting:
            self._append(row)

    def cut(self, seen: int, going_on: bool = False) -> None:
        """Leave out what happened after `seen` images, and of evaluations those of an end that
        was none, because the training is `going_on`.
        """
        self._write(
            row
            for row in read_events(self.file)
            if row["images_seen"] <= seen and not (going_on and row.get("end"))
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
        with contextlib.suppress(OSError), self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def _write(self, rows: Iterable[Row]) -> None:
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        with contextlib.suppress(OSError):
            write_text(self.file, "".join(lines))
