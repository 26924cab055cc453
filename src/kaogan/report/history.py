"""What happened while a run was trained, out of its log: when, what, and after how many images."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from kaogan.metrics.quick import deciding

Kind = Literal["start", "resume", "stop", "warning", "note"]
Row = dict[str, Any]

LINE = re.compile(r"(\S+) (.+)")
BEGINNINGS: dict[str, Kind] = {
    "starting with ": "start",
    "going on after ": "resume",
    "stopped after ": "stop",
    "warning: ": "warning",
    "note: ": "note",
}
COUNT = re.compile(r"(?:with|after) ([\d,]+) (?:images|points)")
HARDWARE = re.compile(r", (\w+) in (\w+)$")
WINNING = re.compile(r"\(D\(x\) ([\d.]+), D\(G\(z\)\) ([\d.]+), loss (-?[\d.]+)\)")
FLAT = re.compile(r"and is (-?[\d.]+) now")


@dataclass(frozen=True)
class Event:
    """Something that the log tells.

    Args:
        time: when it was written down.
        kind: what it is.
        text: the log's words, without "warning: " and the like.
        images: images seen then; None where neither the log nor the curves tell.

    """

    time: datetime
    kind: Kind
    text: str
    images: int | None

    @property
    def hardware(self) -> tuple[str, str] | None:
        """Device and precision, of a start or a resume."""
        found = HARDWARE.search(self.text)
        return (found[1], found[2]) if found and self.kind in ("start", "resume") else None


def read_history(log: Path, curves: list[Row], evaluations: list[Row]) -> tuple[Event, ...]:
    """The events of a log, in its order; lines that tell nothing of the training are left out.

    Args:
        log: RUN/log.txt; a run without one has no events.
        curves: the rows of metrics.jsonl.
        evaluations: the rows of evaluation.jsonl.

    """
    if not log.is_file():
        return ()
    events: list[Event] = []
    begun = 0
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        event = _event(line, begun, curves, evaluations)
        if event is not None:
            events.append(event)
            if event.kind in ("start", "resume"):
                begun = event.images or 0
    return tuple(events)


def _event(line: str, begun: int, curves: list[Row], evaluations: list[Row]) -> Event | None:
    found = LINE.fullmatch(line)
    if found is None:
        return None
    try:
        time, text = datetime.fromisoformat(found[1]), found[2]
    except ValueError:
        return None
    for beginning, kind in BEGINNINGS.items():
        if text.startswith(beginning):
            if kind in ("warning", "note"):
                said = text.removeprefix(beginning)
                return Event(time, kind, said, _place(said, begun, curves, evaluations))
            count = COUNT.search(text)
            return Event(time, kind, text, int(count[1].replace(",", "")) if count else None)
    return None


def _place(text: str, begun: int, curves: list[Row], evaluations: list[Row]) -> int | None:
    """Images seen at a warning: those of the row whose numbers it quotes.

    The log has the time of a warning, and the curves the images; the numbers are in both.
    """
    if winning := WINNING.search(text):
        quoted, rows, form = winning, curves, ".2f"
        keys = ["d_real", "d_fake", "loss_d"]
    elif flat := FLAT.search(text):
        quoted, rows, form = flat, evaluations, ".4f"
        keys = [deciding(evaluations)]
    else:
        return None
    for row in rows:
        same = tuple(format(row.get(key, 0), form) for key in keys) == quoted.groups()
        if row["images_seen"] > begun and same:
            return int(row["images_seen"])
    return None
