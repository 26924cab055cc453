"""How far a long job has come: a bar on a terminal, plain lines elsewhere.

    with track(len(files), "preparing", "pictures") as progress:
        for file in files:
            ...
            progress.advance(1)

Everything goes to the standard error stream, so that standard output stays fit for a pipe.
"""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Protocol, TextIO, runtime_checkable

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

SECONDS_BETWEEN_LINES = 5.0


@runtime_checkable
class Tracker(Protocol):
    """Told of every piece of work done."""

    def advance(self, n: int, text: str = "") -> None:
        """`n` more units are done; `text`, when given, is shown beside the numbers."""


class Silent:
    """A tracker that shows nothing."""

    def advance(self, n: int, text: str = "") -> None:
        pass


@contextlib.contextmanager
def track(
    total: int | None,
    description: str,
    unit: str,
    done: int = 0,
    stream: TextIO | None = None,
) -> Iterator[Tracker]:
    """Show the progress of `total` units of work (None: nobody knows how many).

    Args:
        total: how many units there will be.
        description: what is being done: "preparing".
        unit: what is counted, in the plural: "pictures".
        done: units that an earlier session did; they count as done, but not for the rate.
        stream: where to; the standard error stream unless told.

    """
    stream = stream or sys.stderr
    if stream.isatty():
        with _bar(total, description, unit, done, stream) as tracker:
            yield tracker
        return
    lines = _Lines(total, description, unit, done, stream)
    try:
        yield lines
    finally:
        lines.close()


def describe(done: int, total: int | None, unit: str, seconds: float, earlier: int = 0) -> str:
    """Words such as "300/1,000 pictures, 150/s, 0:04 left", or as much of it as is known."""
    count = f"{done:,}" if total is None else f"{done:,}/{total:,}"
    rate = (done - earlier) / seconds if seconds > 0 else 0.0
    parts = [f"{count} {unit}", f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s"]
    if total is not None and 0 < done < total and rate > 0:
        parts.append(f"{clock((total - done) / rate)} left")
    return ", ".join(parts)


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class _Lines:
    """For log files and pipes: one line every few seconds, and one at the end."""

    def __init__(
        self, total: int | None, description: str, unit: str, done: int, stream: TextIO
    ) -> None:
        self.total, self.description, self.unit, self.stream = total, description, unit, stream
        self.done = self.earlier = done
        self.text = ""
        self.started = self.printed = time.monotonic()

    def advance(self, n: int, text: str = "") -> None:
        self.done += n
        self.text = text or self.text
        if time.monotonic() - self.printed >= SECONDS_BETWEEN_LINES:
            self._print()

    def close(self) -> None:
        if self.done > self.earlier:
            self._print()

    def _print(self) -> None:
        self.printed = time.monotonic()
        seconds = self.printed - self.started
        state = describe(self.done, self.total, self.unit, seconds, self.earlier)
        text = f"  {self.text}" if self.text else ""
        print(f"{self.description}: {state}{text}", file=self.stream, flush=True)


class _State(ProgressColumn):
    """The same words as the plain lines, beside the bar."""

    def __init__(self, unit: str, done: int) -> None:
        super().__init__()
        self.unit, self.earlier = unit, done

    def render(self, task: Task) -> Text:
        total = None if task.total is None else int(task.total)
        seconds = task.elapsed or 0.0
        return Text(describe(int(task.completed), total, self.unit, seconds, self.earlier))


class _Bar:
    def __init__(self, progress: Progress, total: int | None, description: str, done: int) -> None:
        self.progress = progress
        self.task = progress.add_task(description, total=total, completed=done, text="")

    def advance(self, n: int, text: str = "") -> None:
        self.progress.advance(self.task, n)
        if text:
            self.progress.update(self.task, text=text)


@contextlib.contextmanager
def _bar(
    total: int | None, description: str, unit: str, done: int, stream: TextIO
) -> Iterator[Tracker]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        _State(unit, done),
        TextColumn("{task.fields[text]}", markup=False),
    )
    with Progress(*columns, console=Console(file=stream)) as progress:
        yield _Bar(progress, total, description, done)
