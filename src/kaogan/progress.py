"""The progress of long work: a bar on a terminal or in a notebook, plain lines elsewhere.

    with track(len(files), "preparing", "pictures") as progress:
        for file in files:
            ...
            progress.advance(1)

Outside notebooks it goes to the standard error stream, so that standard output can be piped.
"""

import contextlib
import html
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol, TextIO, runtime_checkable

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn


@runtime_checkable
class Tracker(Protocol):
    """Is told about every piece of work that is done."""

    def advance(self, n: int, text: str = "") -> None:
        """Count `n` more units as done; show `text`, if given, beside the numbers."""


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
    """Show the progress of `total` units of work.

    Args:
        total: how many units there will be; None if that is not known.
        description: what is being done: "preparing".
        unit: what is counted, in the plural: "pictures".
        done: units done before this start. They count as done, but not for the rate.
        time_limit: seconds after which the work ends.
        stream: where to write. None: below the cell in a notebook, else the standard error stream.

    """
    notebook = stream is None and _in_notebook()
    stream = stream or sys.stderr
    kind = _Notebook if notebook else _Bar if stream.isatty() else _Lines
    shown = kind(total, description, unit, done, time_limit, stream)
    try:
        yield shown
    finally:
        shown.close()


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


def _in_notebook() -> bool:
    """Does Jupyter, Colab or the like run this code and show its output?"""
    shell = sys.modules.get("ipykernel.zmqshell")
    return shell is not None and shell.ZMQInteractiveShell.initialized()


@dataclass(repr=False)
class _Shown:
    """A tracker that shows its words again when some seconds have passed."""

    total: int | None
    description: str
    unit: str
    done: int
    time_limit: float | None
    stream: TextIO

    seconds_between: ClassVar[float]

    def __post_init__(self) -> None:
        self.earlier, self.text = self.done, ""
        self.started = self.shown = time.monotonic()

    def advance(self, n: int, text: str = "") -> None:
        self.done += n
        self.text = text or self.text
        if time.monotonic() - self.shown >= self.seconds_between:
            self.show()
            self.shown = time.monotonic()

    def words(self) -> str:
        seconds = time.monotonic() - self.started
        known = (self.done, self.total, self.unit, seconds, self.earlier, self.time_limit)
        return f"{describe(*known)}  {self.text}".rstrip()

    def show(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.show()


class _Lines(_Shown):
    """For log files and pipes: a line every few seconds, and one at the end."""

    seconds_between = 5.0

    def show(self) -> None:
        print(f"{self.description}: {self.words()}", file=self.stream, flush=True)

    def close(self) -> None:
        if self.done > self.earlier:
            self.show()


class _Bar(_Shown):
    """For terminals: rich draws the bar, ten times a second."""

    seconds_between = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        before, after = (
            TextColumn(f"{{task.{name}}}", markup=False)
            for name in ("description", "fields[words]")
        )
        self.progress = Progress(before, BarColumn(), after, console=Console(file=self.stream))
        self.task = self.progress.add_task(self.description, total=self.total, words="")
        self.show()
        self.progress.start()

    def show(self) -> None:
        self.progress.update(self.task, completed=self.done, words=self.words())

    def close(self) -> None:
        self.show()
        self.progress.stop()


class _Notebook(_Shown):
    """For notebooks: a bar below the cell, which stays there when the work is done."""

    seconds_between = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        from IPython.display import display  # there, since a notebook runs this

        self.handle = display(self, display_id=True)  # type: ignore[no-untyped-call]

    def show(self) -> None:
        self.handle.update(self)

    def _repr_html_(self) -> str:
        share = f'value="{self.done}" max="{self.total}"' if self.total else ""
        description, words = html.escape(self.description), html.escape(self.words())
        return f"{description} <progress {share}></progress> {words}"
