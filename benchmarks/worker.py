"""The line between a benchmark (speed.py, gpu.py) and a contender in a process of its own; standard
library only, so that it runs in any Python, beside any framework.

One JSON text a line. A worker gets its task as its only argument, loads, and says what it is; then
it answers orders until there are none:

    <- {"about": {...}}                       or {"missing": "tensorflow"}
    -> ["train", 4]                           an order's name, and how often or how many
    <- {"seconds": 3.21, "peak_memory": 812345344, "result": null}
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Task = dict[str, Any]
About = dict[str, Any]
Orders = Mapping[str, Callable[[int], object]]


UNTIL_DEAD = 10.0
"""Seconds to wait for a process that was killed."""

# The contender's end


def serve(load: Callable[[Task], tuple[About, Orders]]) -> None:
    """Load the contender of the task in `sys.argv`, and do as told.

    An order returns when its work is done, on the device too; its result must fit into JSON.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # whatever a framework prints goes elsewhere

    def say(what: Mapping[str, object]) -> None:
        print(json.dumps(what), file=answers)

    try:
        about, orders = load(json.loads(sys.argv[1]))
    except ModuleNotFoundError as error:
        say({"missing": error.name})
        return
    say({"about": about})
    for line in sys.stdin:
        name, count = json.loads(line)
        start = time.perf_counter()
        result = orders[name](count)
        seconds = time.perf_counter() - start
        say({"seconds": seconds, "peak_memory": peak_memory(), "result": result})


def check_parameters(width: int, generator: int, discriminator: int, latent_dim: int = 100) -> None:
    """Raise a ValueError unless both networks of a 64x64 DCGAN have the parameters they should.

    Convolutions of 4x4 without bias, and a gain and a bias for each channel that is normalised.
    """
    w, z = width, latent_dim
    expected = (
        16 * (z * 8 * w + 8 * w * 4 * w + 4 * w * 2 * w + 2 * w * w + 3 * w) + 2 * 15 * w,
        16 * (3 * w + 2 * w * w + 2 * w * 4 * w + 4 * w * 8 * w + 8 * w) + 2 * 14 * w,
    )
    if (generator, discriminator) != expected:
        raise ValueError(f"{generator} and {discriminator} parameters, not {expected}")


def peak_memory() -> int | None:
    """The most bytes that this process had in memory; None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else highest * 1024


# The benchmark's end


class Failed(Exception):
    """A contender that cannot take part, and why, in a line."""

    def __init__(self, why: str, said: str = "") -> None:
        super().__init__(why)
        self.said = said
        """All that it wrote to the standard error stream, with the tracebacks."""


class Worker:
    """A contender in a process of its own, stopped unless it has its turn.

    Those that wait must disturb nobody, neither by reading ahead nor by spinning.
    """

    def __init__(self, command: list[str], task: Task, limit: float | None = None) -> None:
        """Start it, and stop it when it has loaded, which may take `limit` seconds.

        Raises:
            Failed: it cannot be started, lacks a library, or takes longer.

        """
        # Appended to, so that reading it here does not move where the process writes.
        self._said = tempfile.TemporaryFile("a+", errors="replace")  # noqa: SIM115
        try:
            # A group of its own, with all that it starts; should this process be killed, the
            # system ends the group, stopped or not.
            self._process = subprocess.Popen(
                [*command, json.dumps(task)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                text=True,
                errors="replace",
                process_group=-1 if sys.platform == "win32" else 0,
            )
        except OSError as error:
            raise Failed(f"cannot start {command[0]}: {error.strerror}") from None
        # A thread reads, so that nobody waits for ever for a process that hangs in a driver.
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            answer = self._hear(limit)
            if "missing" in answer:
                raise Failed(f"not installed ({answer['missing']})", self.said())
        except BaseException:
            self.end()
            raise
        self.about: About = answer["about"]
        self._signal("SIGSTOP")

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Let it work meanwhile."""
        self._signal("SIGCONT")
        try:
            yield
        finally:
            self._signal("SIGSTOP")

    def order(self, name: str, count: int, limit: float | None = None) -> dict[str, Any]:
        """Have something done, and wait for the answer, at most `limit` seconds.

        Raises:
            Failed: it did not survive, gave no proper answer, or took longer, and was ended.

        """
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps([name, count]), file=self._process.stdin, flush=True)
        return self._hear(limit)

    def said(self) -> str:
        """All that it wrote to the standard error stream so far."""
        self._said.seek(0)
        return self._said.read()

    def end(self) -> None:
        """End it with all that it started, stopped or not."""
        if self._said.closed:
            return
        self._signal("SIGKILL")
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # it hangs in a driver: leave it
            self._process.wait(UNTIL_DEAD)
        self._reader.join(UNTIL_DEAD)
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()  # type: ignore[union-attr]
        if not self._reader.is_alive():
            self._process.stdout.close()  # type: ignore[union-attr]
        self._said.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def _hear(self, limit: float | None) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=limit)
        except queue.Empty:
            self._signal("SIGKILL")
            raise Failed(f"took longer than {limit:.0f} s", self.said()) from None
        if not line:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(UNTIL_DEAD)
            said = self.said()
            last = [text for text in said.splitlines() if text.strip()][-1:]
            raise Failed(f"ended with {self._process.returncode}: {' '.join(last)}", said)
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            self._signal("SIGKILL")
            raise Failed(f"answered {line.strip()[:80]!r}", self.said())
        return answer

    def _signal(self, name: str) -> None:
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, getattr(signal, name))


class Contender:
    """Who takes part, and all that it answered; from a failure on, it sits out."""

    def __init__(
        self, name: str, command: list[str], task: Task, limit: float | None = None
    ) -> None:
        self.name = name
        self.about: About = {}
        self.answers: dict[str, list[dict[str, Any]]] = {}
        """By order, round by round."""
        self.failure: Failed | None = None
        self._worker: Worker | None = None
        try:
            self._worker = Worker(command, task, limit)
            self.about = self._worker.about
        except Failed as failure:
            self.failure = failure

    def turn(self, order: str, count: int, limit: float | None = None) -> dict[str, Any] | None:
        """Let it carry out an order while all others are stopped; None if it cannot."""
        if self._worker is None or self.failure:
            return None
        try:
            with self._worker.turn():
                answer = self._worker.order(order, count, limit)
        except Failed as failure:
            self.failure = failure
            return None
        self.answers.setdefault(order, []).append(answer)
        return answer

    def rates(self, order: str, images: int) -> list[float]:
        """Images per second in each round but the first, which warms up."""
        return [images / answer["seconds"] for answer in self.answers[order][1:]]

    def said(self) -> str:
        """All that it wrote to the standard error stream."""
        if self.failure or self._worker is None:
            return self.failure.said if self.failure else ""
        return self._worker.said()

    def end(self) -> None:
        if self._worker is not None:
            self._worker.end()
