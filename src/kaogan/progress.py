"""The progress of long work: a bar on a terminal or in a notebook, plain lines elsewhere.

    with track(len(files), "preparing", "pictures") as progress:
        for file in files:
            ...
            progress.advance(1)

Outside notebooks it goes to the standard error stream, so that standard output can be piped. How
much is said is one setting for the whole program: `set_verbosity`.
"""

import contextlib
import html
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Protocol, TextIO, runtime_checkable

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column

BAR, WIDE_BAR, WIDE = 10, 20, 100
"""Columns of the bar; on terminals with `WIDE` columns or more it is `WIDE_BAR`."""


class Verbosity(IntEnum):
    """How much is said: warnings and errors only; progress and messages, too; every detail."""

    QUIET = 0
    USUAL = 1
    VERBOSE = 2


_verbosity = Verbosity.USUAL


def set_verbosity(verbosity: Verbosity) -> None:
    """Say more or less from now on."""
    global _verbosity
    _verbosity = verbosity


def verbosity() -> Verbosity:
    """How much is said now."""
    return _verbosity


@runtime_checkable
class Tracker(Protocol):
    """Is told about every piece of work that is done."""

    def advance(self, n: int, text: str = "") -> None:
        """Count `n` more units as done; show `text`, if given, beside the numbers.

        The text is figures with two spaces between them, the most important one first: a terminal
        shows as many as fit.
        """

    def doing(self, activity: str) -> None:
        """Show this in place of the time left, until more units are done: "saving"."""


class Silent:
    """A tracker that shows nothing."""

    def advance(self, n: int, text: str = "") -> None:
        pass

    def doing(self, activity: str) -> None:
        pass


@contextlib.contextmanager
def track(
    total: int | None,
    description: str,
    unit: str,
    done: int = 0,
    time_limit: float | None = None,
    stream: TextIO | None = None,
    used: float = 0.0,
) -> Iterator[Tracker]:
    """Show the progress of `total` units of work.

    Args:
        total: how many units there will be; None if that is not known.
        description: what is being done: "preparing".
        unit: what is counted, in the plural: "pictures".
        done: units done before this start. They count as done, but not for the rate.
        time_limit: seconds after which the work ends.
        stream: where to write. None: below the cell in a notebook, else the standard error stream.
        used: seconds that the work took before this start.

    """
    if _verbosity == Verbosity.QUIET:
        yield Silent()
        return
    notebook = stream is None and _in_notebook()
    stream = stream or sys.stderr
    kind = _Notebook if notebook else _Bar if stream.isatty() else _Lines
    shown = kind(total, description, unit, done, time_limit, stream, used)
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
    count = _count(done, total)
    rate = (done - earlier) / seconds if seconds > 0 else 0.0
    parts = [f"{count} {unit}", f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s"]
    left = []
    if total is not None and 0 < done < total and rate > 0:
        left.append((total - done) / rate)
    if time_limit is not None and time_limit > seconds and done != total:
        left.append(time_limit - seconds)
    if left:
        parts.append(f"{clock(min(left))} left")
    return ", ".join(parts)


def _count(done: int, total: int | None) -> str:
    return f"{done:,}" if total is None else f"{done:,}/{total:,}"


def fitting(figures: str, room: int) -> str:
    """As many figures, from the first on, as fit into `room` characters."""
    shown = ""
    for figure in figures.split("  "):
        longer = f"{shown}  {figure}" if shown else figure
        if len(longer) > room:
            break
        shown = longer
    return shown


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
    used: float

    seconds_between: ClassVar[float]

    def __post_init__(self) -> None:
        self.earlier, self.text, self.activity = self.done, "", ""
        self.started = self.shown = self.advanced = time.monotonic()
        self.closed = False

    def advance(self, n: int, text: str = "") -> None:
        self.done += n
        self.text, self.activity = text or self.text, ""
        now = time.monotonic()
        if n:
            self.advanced = now
        if now - self.shown >= self.seconds_between:
            self.show()
            self.shown = time.monotonic()

    def doing(self, activity: str) -> None:
        self.activity = activity
        self.show()

    @property
    def seconds(self) -> float:
        """Since the start; until the last unit was done, if the work is done."""
        return (self.advanced if self.closed else time.monotonic()) - self.started

    @property
    def share(self) -> float | None:
        """Of the work that is done, by units or by time; None if that is not known."""
        shares = [self.done / self.total] if self.total else []
        if self.time_limit:
            shares.append((self.used + self.seconds) / (self.used + self.time_limit))
        return min(1.0, max(shares)) if shares else None

    @property
    def counted(self) -> str:
        """What is done in numbers, and the activity or the time left."""
        if self.activity and not self.closed:
            return f"{_count(self.done, self.total)} {self.unit}, {self.activity}"
        known = (self.done, self.total, self.unit, self.seconds, self.earlier, self.time_limit)
        words = describe(*known)
        return ", ".join(words.split(", ")[:2]) if self.closed else words

    def words(self) -> str:
        return f"{self.counted}  {self.text}".rstrip()

    def show(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.closed = True
        self.show()


class _Lines(_Shown):
    """For log files and pipes: a line every few seconds, and one at the end."""

    seconds_between = 5.0

    def show(self) -> None:
        print(f"{self.description}: {self.words()}", file=self.stream, flush=True)

    def close(self) -> None:
        self.closed = True
        if self.done > self.earlier:
            self.show()


class _Bar(_Shown):
    """For terminals: rich draws the bar, ten times a second. It keeps to one line."""

    seconds_between = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        line = Column(no_wrap=True, overflow="ellipsis")
        before, after = (
            TextColumn(f"{{task.{name}}}", markup=False, table_column=line)
            for name in ("description", "fields[words]")
        )
        console = Console(file=self.stream)
        bar = WIDE_BAR if console.width >= WIDE else BAR
        self.room = console.width - len(self.description) - bar - 2
        self.progress = Progress(before, BarColumn(bar_width=bar), after, console=console)
        self.task = self.progress.add_task(self.description, total=None, words="")
        self.show()
        self.progress.start()

    def words(self) -> str:
        """The figures are cut from the end."""
        counted = self.counted
        return f"{counted}  {fitting(self.text, self.room - len(counted) - 2)}".rstrip()

    def show(self) -> None:
        share = self.share
        total = None if share is None else 1.0
        self.progress.update(self.task, total=total, completed=share or 0.0, words=self.words())

    def close(self) -> None:
        super().close()
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
        share = "" if self.share is None else f'value="{self.share:.4g}"'
        description, words = html.escape(self.description), html.escape(self.words())
        return f"{description} <progress {share}></progress> {words}"
