"""The messages of a run: on the terminal, and with the time in RUN/log.txt.

The log has all of them. The terminal has those that `kaogan.progress.verbosity` asks for.
"""

import contextlib
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from kaogan.progress import Verbosity, verbosity
from kaogan.training.events import EventName, Events


class RunLog:
    """Messages for people. Losing one to a full disk never stops a training.

    A message about an event is also a row of `events`, if given.
    """

    def __init__(self, file: Path, events: Events | None = None) -> None:
        self.file, self.events = file, events

    def say(self, text: str, event: EventName | None = None, **facts: Any) -> None:
        """Print a message and write it to the log; record an event with these facts."""
        self._write(text, Verbosity.USUAL)
        if event is not None:
            self.record(event, text=text.removeprefix("note: "), **facts)

    def warn(self, text: str, event: EventName = "warned", **facts: Any) -> None:
        """Say that something needs attention."""
        self._write(f"warning: {text}", Verbosity.QUIET)
        self.record(event, text=text, **facts)

    def detail(self, text: str) -> None:
        """Say something that matters to few: an evaluation, a checkpoint, a traceback."""
        self._write(text, Verbosity.VERBOSE)

    def _write(self, text: str, least: Verbosity) -> None:
        """Write a message to the log; print it if so much is to be said."""
        if verbosity() >= least:
            print(text, file=sys.stderr, flush=True)
        stamp = datetime.now().astimezone().isoformat(timespec="seconds")
        with contextlib.suppress(OSError), self.file.open("a", encoding="utf-8") as log:
            log.write(f"{stamp} {text}\n")

    def record(self, event: EventName, **facts: Any) -> None:
        """Record an event without a message."""
        if self.events is not None:
            self.events.add(event, **facts)


class Unheard(RunLog):
    """Takes messages and keeps them to itself: of several processes, only the first one speaks."""

    def __init__(self) -> None:
        super().__init__(Path(os.devnull))

    def _write(self, text: str, least: Verbosity) -> None:
        pass
