"""What every attack has in common: a case, how it is judged, and the table of the outcomes.

A case is a file or a message from a stranger, and what kaogan does with it in this process. It
holds if kaogan takes it, or refuses it with one line, within a minute and within 1 GB of memory,
and leaves nothing half-written.
"""

import contextlib
import faulthandler
import io
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import numpy as np
import psutil
from damage import damaged

from kaogan.cli import main
from kaogan.data.reasons import Rejected
from kaogan.errors import KaoganError

PLACE = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""In memory, where there is such a place: thousands of folders are made and flushed."""
SECONDS = 60
MEMORY = 2**30
HERE = MEMORY - 400 * 2**20
"""Bytes that a case may add to this process: kaogan with PyTorch begins with fewer than 400 MiB."""

Rng = np.random.Generator
Make = Callable[[Path, Rng, int], Iterator["Case"]]
"""Cases of a kind: from an empty folder, random numbers and how many; more or fewer may come."""


@dataclass(frozen=True)
class Case:
    """One attack. `run` may raise a KaoganError or a Rejected, which are refusals, and nothing
    else. `folder` must hold the same names afterwards, and `out` besides, if it was taken.
    """

    what: str
    run: Callable[[], int | None]
    """Returns the memory of the processes that it started, in bytes, if it started any."""
    folder: Path | None = None
    out: str = ""


@dataclass
class Tally:
    """The outcomes of a kind of case."""

    taken: int = 0
    refused: int = 0
    fell: list[str] = field(default_factory=list)
    seconds: float = 0.0
    slowest: float = 0.0
    most_memory: int = 0

    @property
    def tried(self) -> int:
        return self.taken + self.refused + len(self.fell)


class Fell(Exception):
    """kaogan did what it must not do."""


class Refused(KaoganError):
    """Another process refused, and needed so many bytes of memory."""

    def __init__(self, line: str, memory: int) -> None:
        super().__init__(line)
        self.memory = memory


def judge(cases: Iterable[Case]) -> Tally:
    """Run the cases, one after the other."""
    tally = Tally()
    begun = time.perf_counter()
    for case in cases:
        before = names(case.folder)
        reset_peak()
        held, most = peak(), HERE
        started = time.perf_counter()
        taken, memory = True, None
        try:
            with limited(SECONDS):
                memory = case.run()
                most = HERE if memory is None else MEMORY
        except Refused as refusal:
            taken, memory, most, fault = False, refusal.memory, MEMORY, ""
        except (KaoganError, Rejected) as refusal:
            taken = False
            fault = "a message of several lines" if "\n" in str(refusal) else ""
        except Fell as fell:
            fault = str(fell)
        except BaseException as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            fault = f"{type(error).__name__}: {error} ({place.name})"[:300]
            if isinstance(error, KeyboardInterrupt):
                raise
        else:
            fault = ""
        took, memory = (
            time.perf_counter() - started,
            (max(0, peak() - held) if memory is None else memory),
        )
        tally.slowest = max(tally.slowest, took)
        tally.most_memory = max(tally.most_memory, memory)
        if memory > most:
            fault = fault or f"{memory >> 20} MiB of memory"
        left = names(case.folder) - before - ({case.out} if taken else set())
        if left:
            fault = fault or f"left {', '.join(sorted(left))}"
        if fault:
            tally.fell.append(f"{case.what}: {fault}")
        elif taken:
            tally.taken += 1
        else:
            tally.refused += 1
    tally.seconds = time.perf_counter() - begun
    return tally


def names(folder: Path | None) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder else set()


def command(*words: object) -> Callable[[], None]:
    """A command line in this process. It must end with 0, or with 1 or 2 and one line that says
    why.
    """

    def run() -> None:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = main([str(word) for word in words])
            except SystemExit as leave:  # argparse leaves in this way
                status = int(leave.code or 0)
        said = [line for line in err.getvalue().splitlines() if line.startswith("error: ")]
        if status == 0 and not said:
            return
        if status not in (1, 2) or len(said) != 1:
            raise Fell(f"ended with {status} and {len(said)} lines of error")
        raise KaoganError(said[0])

    return run


def apart(*words: object) -> Callable[[], int]:
    """A command line in a process of its own, with the memory of all its processes together."""

    def run() -> int:
        line = [sys.executable, "-m", "kaogan", *map(str, words)]
        with tempfile.TemporaryFile() as said:
            process = psutil.Popen(line, stdout=subprocess.DEVNULL, stderr=said)
            memory = 0
            try:
                while process.poll() is None:
                    memory = max(memory, resident(process))
                    time.sleep(0.02)
            finally:
                with contextlib.suppress(psutil.Error):  # it has ended, as it should
                    for one in (*process.children(recursive=True), process):
                        one.kill()
                process.wait()
            said.seek(0)
            text = said.read().decode(errors="replace")
        judge_words(process.returncode, text, memory)
        return memory

    return run


def judge_words(status: int, text: str, memory: int) -> None:
    """Raise a Refused for one line of error, and a Fell for anything else but success."""
    said = [line for line in text.splitlines() if line.startswith("error: ")]
    if status in (1, 2) and len(said) == 1 and "Traceback" not in text:
        raise Refused(said[0], memory)
    if status != 0 or said:
        raise Fell(f"ended with {status}: {text[-200:]}")


def resident(process: psutil.Process) -> int:
    """Bytes of a process and of all that it started."""
    total = 0
    with contextlib.suppress(psutil.Error):
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += one.memory_info().rss
    return total


@contextlib.contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise a TimeoutError after some seconds; if compiled code hangs, end the process later."""

    def late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    faulthandler.dump_traceback_later(3 * seconds, exit=True)
    try:
        yield
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


def reset_peak() -> None:
    with contextlib.suppress(OSError):  # Linux has it
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak() -> int:
    """Bytes: the most memory of this process since `reset_peak`; 0 if it is not known."""
    with contextlib.suppress(OSError):
        status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return sum(int(line.split()[1]) for line in status if line.startswith("VmHWM")) << 10
    return 0


WAYS: dict[str, Callable[[bytes, Rng], bytes]] = {
    "a bit": lambda content, rng: flipped(content, rng),
    "cut": lambda content, rng: content[: len(content) // 2 + 7],
    "empty": lambda content, rng: b"",
    "noise": lambda content, rng: rng.bytes(500),
    "nonsense": lambda content, rng: b'[1, "x", null]\n{"a": 1}\nnull\n3\n\xff\xfe\n',
    "brackets": lambda content, rng: b"[" * 100_000 + b"]" * 100_000,
    "damaged": lambda content, rng: damaged(content, rng),
}
"""How a file is damaged."""


def flipped(content: bytes, rng: Rng) -> bytes:
    data = bytearray(content)
    if data:
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
    return bytes(data)


def table(tallies: dict[str, Tally]) -> str:
    """The outcomes as a table in Markdown."""
    lines = ["| attack | tried | taken | refused in a line | fell | slowest | memory |"]
    lines.append("|---|--:|--:|--:|--:|--:|--:|")
    for name, tally in tallies.items():
        memory = f"{tally.most_memory >> 20} MiB" if tally.most_memory else "–"
        slowest = f"{tally.slowest:.1f} s" if tally.slowest else "–"
        counts = f"{tally.tried:,} | {tally.taken:,} | {tally.refused:,} | {len(tally.fell):,}"
        lines.append(f"| {name} | {counts} | {slowest} | {memory} |")
    total = Counter[str]()
    for tally in tallies.values():
        total.update(tried=tally.tried, taken=tally.taken, refused=tally.refused)
        total.update(fell=len(tally.fell))
    counts = " | ".join(f"{total[key]:,}" for key in ("tried", "taken", "refused", "fell"))
    return "\n".join([*lines, f"| **all** | {counts} | | |", ""])
