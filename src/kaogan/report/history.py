"""What happened while a run was trained: when, what, and after how many images."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from kaogan.training.events import read_events

Kind = Literal["started", "resumed", "stopped", "finished", "warned", "noted", "rolled back"]
Row = dict[str, Any]

TOLD: dict[tuple[str, str | None], Kind] = {
    ("started", None): "started",
    ("resumed", None): "resumed",
    ("finished", "stopped"): "stopped",
    ("finished", "done"): "finished",
    ("warned", None): "warned",
    ("noted", None): "noted",
    ("rolled back", None): "rolled back",
}
"""Events that a reader is told, by name and reason; what was saved and evaluated is seen anyway."""

LINE = re.compile(r"(\S+) (.+)")
BEGINNINGS: dict[str, Kind] = {
    "starting with ": "started",
    "going on after ": "resumed",
    "stopped after ": "stopped",
    "warning: ": "warned",
    "note: ": "noted",
}
"""Of lines in log.txt, for runs of a time before events.jsonl."""


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Args:
        time: when it was written down.
        kind: what it is.
        text: in words; empty if there is nothing to say.
        images: images seen then; None if a run of a time before events.jsonl does not tell.
        hardware: device and precision, of a start or a resume; None likewise.

    """

    time: datetime
    kind: Kind
    text: str
    images: int | None = None
    hardware: tuple[str, str] | None = None


def read_history(run: Path) -> tuple[Event, ...]:
    """The events of a RUN, in their order.

    Of a run that began before there was an events.jsonl, the log tells what was before, without
    images seen.
    """
    rows = read_events(run / "events.jsonl")
    events = [event for row in rows if (event := _event(row)) is not None]
    if any(event.kind == "started" for event in events):
        return tuple(events)
    before = [e for e in _log(run / "log.txt") if not events or e.time < events[0].time]
    return (*before, *events)


def _event(row: Row) -> Event | None:
    try:
        kind = TOLD.get((row["event"], row.get("reason")))
        if kind is None:
            return None
        hardware = (row["device"], row["precision"]) if "device" in row else None
        time = datetime.fromisoformat(row["time"])
        return Event(time, kind, row.get("text", ""), row["images_seen"], hardware)
    except (KeyError, TypeError, ValueError):
        return None


def _log(file: Path) -> list[Event]:
    """What the lines of a log.txt begin with tells."""
    if not file.is_file():
        return []
    events = []
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        if (found := LINE.fullmatch(line)) is None:
            continue
        try:
            time = datetime.fromisoformat(found[1])
        except ValueError:
            continue
        for beginning, kind in BEGINNINGS.items():
            if found[2].startswith(beginning):
                text = found[2]
                text = text.removeprefix(beginning) if kind in ("warned", "noted") else text
                events.append(Event(time, kind, text))
    return events
