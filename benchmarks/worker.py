"""The line between speed.py and a contender in a process of its own; standard library only, so
that it runs in any Python, beside any framework.

One JSON text a line. A worker gets its task as its only argument, loads, and says what it is; then
it answers orders until there are none:

    <- {"about": {...}}                       or {"missing": "tensorflow"}
    -> ["train", 4]                           an order's name, and how often or how many
    <- {"seconds": 3.21, "peak_memory": 812345344, "result": null}
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Task = dict[str, Any]
About = dict[str, Any]
Orders = Mapping[str, Callable[[int], object]]


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


# speed.py's end


class Failed(Exception):
    """A contender that cannot take part, and why, in a line."""


class Worker:
    """A contender in a process of its own, stopped unless it has its turn.

    Those that wait must disturb nobody, neither by reading ahead nor by spinning.
    """

    def __init__(self, command: list[str], task: Task) -> None:
        """Start it, and stop it when it has loaded.

        Raises:
            Failed: it cannot be started, or lacks a library.

        """
        self._said = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        try:
            # A group of its own, with all that it starts; should this process be killed, the
            # system ends the group, stopped or not.
            self._process = subprocess.Popen(
                [*command, json.dumps(task)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                text=True,
                process_group=-1 if sys.platform == "win32" else 0,
            )
        except OSError as error:
            raise Failed(f"cannot start {command[0]}: {error.strerror}") from None
        try:
            answer = self._hear()
            if "missing" in answer:
                raise Failed(f"not installed ({answer['missing']})")
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

    def order(self, name: str, count: int) -> dict[str, Any]:
        """Have something done, and wait for the answer.

        Raises:
            Failed: it did not survive.

        """
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps([name, count]), file=self._process.stdin, flush=True)
        return self._hear()

    def end(self) -> None:
        """End it with all that it started, stopped or not."""
        self._signal("SIGKILL")
        self._process.kill()
        self._process.communicate()
        self._said.close()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._said.seek(0)
            last = [text for text in self._said.read().splitlines() if text.strip()][-1:]
            raise Failed(f"ended with {self._process.returncode}: {' '.join(last)}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _signal(self, name: str) -> None:
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, getattr(signal, name))
