"""What a run says in words: on the terminal, and with the time in RUN/log.txt."""

import contextlib
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from kaogan.training.events import EventName, Events


class RunLog:
    """Lines for a person to read. Losing one to a full disk never stops a training.

    A line that tells an event is also a row of `events`, if there are such.
    """

    def __init__(self, file: Path, events: Events | None = None) -> None:
        self.file, self.events = file, events

    def say(self, text: str, event: EventName | None = None, **facts: Any) -> None:
        """Tell the user, and write it down; an event with these facts."""
        print(text, file=sys.stderr, flush=True)
        self.note(text)
        if event is not None:
            self.record(event, text=text.removeprefix("note: "), **facts)

    def warn(self, text: str, event: EventName = "warned", **facts: Any) -> None:
        """Tell the user that something needs attention."""
        self.say(f"warning: {text}")
        self.record(event, text=text, **facts)

    def note(self, text: str) -> None:
        """Write it down only."""
        stamp = datetime.now().astimezone().isoformat(timespec="seconds")
        with contextlib.suppress(OSError), self.file.open("a", encoding="utf-8") as log:
            log.write(f"{stamp} {text}\n")

    def record(self, event: EventName, **facts: Any) -> None:
        """Write an event down, without words."""
        if self.events is not None:
            self.events.add(event, **facts)
