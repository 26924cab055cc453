"""kaogan in a child process that is forked, so that it starts at once, and can be killed."""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from attack import Fell
from kaogan.cli import main
from kaogan.errors import KaoganError


@dataclass(frozen=True)
class Ended:
    """How a child ended: its status, negative for a signal, and what it said."""

    status: int
    said: str

    def line(self) -> str:
        """The one line of error of a command that failed as it should."""
        lines = [line for line in self.said.splitlines() if line.startswith("error: ")]
        if self.status not in (1, 2) or len(lines) != 1 or "Traceback" in self.said:
            raise Fell(f"ended with {self.status}: {self.said[-300:]}")
        if ":;" in lines[0]:
            raise Fell(lines[0])
        return lines[0]


def start(work: Callable[[], int], log: Path) -> int:
    """Fork a child that does this work; returns its number."""
    number = os.fork()
    if number:
        return number
    status = 99
    try:
        os.setsid()
        signal.alarm(0)
        words = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(words, 1)
        os.dup2(words, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
        status = work()
    except (KaoganError, OSError) as error:  # as the command line does
        print(f"error: {error}", file=sys.stderr)
        status = 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)
    return 0


def wait(number: int, log: Path) -> Ended:
    status = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
    return Ended(status, log.read_text(encoding="utf-8", errors="replace"))


def kill_after(number: int, seconds: float, log: Path) -> Ended:
    """Kill a child after some seconds, with everything it started, unless it has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found, status = os.waitpid(number, os.WNOHANG)
        if found:
            said = log.read_text(encoding="utf-8", errors="replace")
            return Ended(os.waitstatus_to_exitcode(status), said)
        time.sleep(0.005)
    os.killpg(number, signal.SIGKILL)
    return wait(number, log)


def command(*words: object) -> Callable[[], int]:
    """A command line as the work of a child."""
    return lambda: main([str(word) for word in words])


def ran(work: Callable[[], int], log: Path) -> Ended:
    return wait(start(work, log), log)
