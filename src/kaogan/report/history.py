"""The events of a run: when they happened, and after how many images."""

import contextlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

from kaogan.records import read_lines
from kaogan.training.events import read_events
from kaogan.training.rows import Row

Kind = Literal["started", "resumed", "stopped", "finished", "warned", "noted", "rolled back"]

KINDS: tuple[Kind, ...] = get_args(Kind)
"""Events in a report. Others show elsewhere: checkpoints, evaluations."""

BEGINNINGS: dict[str, Kind] = {
    "starting with ": "started",
    "going on after ": "resumed",
    "stopped after ": "stopped",
    "warning: ": "warned",
    "note: ": "noted",
}
"""Of lines in log.txt, for runs from before there was events.jsonl."""


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Args:
        time: when it was written down.
        kind: what it is.
        text: in words; may be empty.
        images: images seen then; None for runs from before there was events.jsonl.
        hardware: device and precision of a start or a resume; None likewise.

    """

    time: datetime
    kind: Kind
    text: str
    images: int | None = None
    hardware: tuple[str, str] | None = None


def read_history(run: Path) -> tuple[Event, ...]:
    """The events of a RUN, in their order.

    For a run that began before there was events.jsonl, the log has the earlier ones, without images
    seen.
    """
    rows = read_events(run / "events.jsonl")
    events = [event for row in rows if (event := _event(row)) is not None]
    if any(event.kind == "started" for event in events):
        return tuple(events)
    before = [e for e in _log(run / "log.txt") if not events or e.time < events[0].time]
    return (*before, *events)


def _event(row: Row) -> Event | None:
    try:
        name = "stopped" if row.get("reason") == "stopped" else row["event"]
        if name not in KINDS:
            return None
        kind = KINDS[KINDS.index(name)]
        hardware = (row["device"], row["precision"]) if "device" in row else None
        time = datetime.fromisoformat(row["time"])
        return Event(time, kind, row.get("text", ""), row["images_seen"], hardware)
    except (KeyError, TypeError, ValueError):
        return None


def _log(file: Path) -> list[Event]:
    """The events in a log.txt, by the beginnings of its lines."""
    if not file.is_file():
        return []
    events = []
    for line in read_lines(file):
        stamp, _, text = line.partition(" ")
        for beginning, kind in BEGINNINGS.items():
            if text.startswith(beginning):
                text = text.removeprefix(beginning) if kind in ("warned", "noted") else text
                with contextlib.suppress(ValueError):  # no time
                    events.append(Event(datetime.fromisoformat(stamp), kind, text))
    return events
