"""What a run says in words: on the terminal, and with the time in RUN/log.txt."""

import contextlib
import sys
from datetime import datetime
from pathlib import Path


class Journal:
    """Lines for a person to read. Losing one to a full disk never stops a training."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def say(self, text: str) -> None:
        """Tell the user, and write it down."""
        print(text, file=sys.stderr, flush=True)
        self.note(text)

    def warn(self, text: str) -> None:
        """Tell the user that something needs attention."""
        self.say(f"warning: {text}")

    def note(self, text: str) -> None:
        """Write it down only."""
        stamp = datetime.now().astimezone().isoformat(timespec="seconds")
        with contextlib.suppress(OSError), self.file.open("a", encoding="utf-8") as log:
            log.write(f"{stamp} {text}\n")
