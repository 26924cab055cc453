"""How far a long job has come: a bar on a terminal or in a notebook, plain lines elsewhere.

    with track(len(files), "preparing", "pictures") as progress:
        for file in files:
            ...
            progress.advance(1)

Outside notebooks everything goes to the standard error stream, so that standard output stays fit
for a pipe.
"""

import contextlib
import html
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TextIO, runtime_checkable

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

SECONDS_BETWEEN_LINES = 5.0
SECONDS_BETWEEN_BARS = 0.25


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
    time_limit: float | None = None,
    stream: TextIO | None = None,
) -> Iterator[Tracker]:
    """Show the progress of `total` units of work (None: nobody knows how many).

    Args:
        total: how many units there will be.
        description: what is being done: "preparing".
        unit: what is counted, in the plural: "pictures".
        done: units done before this start; they count as done, but not for the rate.
        time_limit: seconds after which the work ends, done or not.
        stream: where to; below the cell in a notebook, else to the standard error stream, unless
            told.

    """
    job = _Job(total, description, unit, done, time_limit)
    if stream is None and _in_notebook():
        notebook = _Notebook(job)
        try:
            yield notebook
        finally:
            notebook.draw()
        return
    stream = stream or sys.stderr
    if stream.isatty():
        with _bar(job, stream) as tracker:
            yield tracker
        return
    lines = _Lines(job, stream)
    try:
        yield lines
    finally:
        lines.close()


def describe(
    done: int,
    total: int | None,
    unit: str,
    seconds: float,
    earlier: int = 0,
    time_limit: float | None = None,
) -> str:
    """Words such as "300/1,000 pictures, 150/s, 0:04 left", or as much of it as is known."""
    count = f"{done:,}" if total is None else f"{done:,}/{total:,}"
    rate = (done - earlier) / seconds if seconds > 0 else 0.0
    parts = [f"{count} {unit}", f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s"]
    left = []
    if total is not None and 0 < done < total and rate > 0:
        left.append((total - done) / rate)
    if time_limit is not None and time_limit > seconds:
        left.append(time_limit - seconds)
    if left:
        parts.append(f"{clock(min(left))} left")
    return ", ".join(parts)


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@dataclass
class _Job:
    """A piece of work, and how far it has come."""

    total: int | None
    description: str
    unit: str
    done: int
    time_limit: float | None

    def __post_init__(self) -> None:
        self.earlier = self.done
        self.started = time.monotonic()

    def words(self) -> str:
        seconds = time.monotonic() - self.started
        return describe(self.done, self.total, self.unit, seconds, self.earlier, self.time_limit)


class _Lines:
    """For log files and pipes: one line every few seconds, and one at the end."""

    def __init__(self, job: _Job, stream: TextIO) -> None:
        self.job, self.stream = job, stream
        self.text = ""
        self.printed = job.started

    def advance(self, n: int, text: str = "") -> None:
        self.job.done += n
        self.text = text or self.text
        if time.monotonic() - self.printed >= SECONDS_BETWEEN_LINES:
            self._print()

    def close(self) -> None:
        if self.job.done > self.job.earlier:
            self._print()

    def _print(self) -> None:
        self.printed = time.monotonic()
        text = f"  {self.text}" if self.text else ""
        print(f"{self.job.description}: {self.job.words()}{text}", file=self.stream, flush=True)


def _in_notebook() -> bool:
    """Does Jupyter, Colab or the like run this code, and show what it displays?"""
    shell = sys.modules.get("ipykernel.zmqshell")
    return shell is not None and shell.ZMQInteractiveShell.initialized()


class _Notebook:
    """For notebooks: a bar below the cell, which stays there when the work is done."""

    def __init__(self, job: _Job) -> None:
        from IPython.display import display  # there, since a notebook runs this

        self.job, self.text = job, ""
        self.handle = display(self._html(), display_id=True)  # type: ignore[no-untyped-call]
        self.drawn = time.monotonic()

    def advance(self, n: int, text: str = "") -> None:
        self.job.done += n
        self.text = text or self.text
        if time.monotonic() - self.drawn >= SECONDS_BETWEEN_BARS:
            self.draw()

    def draw(self) -> None:
        self.drawn = time.monotonic()
        self.handle.update(self._html())

    def _html(self) -> object:
        from IPython.display import HTML

        share = f'value="{self.job.done}" max="{self.job.total}"' if self.job.total else ""
        words = html.escape(f"{self.job.words()}  {self.text}")
        text = f"{html.escape(self.job.description)} <progress {share}></progress> {words}"
        return HTML(text)  # type: ignore[no-untyped-call]


class _Words(ProgressColumn):
    """The same words as the plain lines, beside the bar."""

    def __init__(self, job: _Job) -> None:
        super().__init__()
        self.job = job

    def render(self, task: Task) -> Text:
        return Text(self.job.words())


class _Bar:
    def __init__(self, progress: Progress, job: _Job) -> None:
        self.progress, self.job = progress, job
        self.task = progress.add_task(job.description, total=job.total, completed=job.done, text="")

    def advance(self, n: int, text: str = "") -> None:
        self.job.done += n
        self.progress.advance(self.task, n)
        if text:
            self.progress.update(self.task, text=text)


@contextlib.contextmanager
def _bar(job: _Job, stream: TextIO) -> Iterator[Tracker]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        _Words(job),
        TextColumn("{task.fields[text]}", markup=False),
    )
    with Progress(*columns, console=Console(file=stream)) as progress:
        yield _Bar(progress, job)
