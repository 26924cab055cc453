"""The wall-clock of `kaogan train`, split by what it was spent on.

The real command runs in this process, with clocks around its parts: the trainer's step and each
callback. The host runs ahead of a GPU. So what a callback takes while the GPU is still at work on
the last step is time of training, not of the callback: an event marks the end of each step on the
GPU's clock. Nothing is made to wait.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

STARTED = time.perf_counter()

import torch  # noqa: E402

from kaogan.cli import main  # noqa: E402
from kaogan.training import fit  # noqa: E402
from kaogan.training.tasks import images  # noqa: E402
from kaogan.training.tasks.images import Pictures  # noqa: E402
from kaogan.training.trainer import Callback, StepStats, Trainer  # noqa: E402
from worker import About, Orders, Task, serve  # noqa: E402

IMPORTED = time.perf_counter()

LONG = 1e-3
"""Seconds from which on a call of a callback is work, and may have waited for the GPU."""

NAMES = {
    "MetricsLog": "log",
    "TensorBoard": "log",
    "Curves": "log",
    "Samples": "samples",
    "SideBySide": "samples",
    "Evaluation": "evaluation",
    "Checkpoints": "checkpoints",
    "Timelapse": "film",
}
"""What a callback's time is called; that of the others is "other callbacks"."""


class Clock:
    """Seconds by what they were spent on."""

    def __init__(self, device: torch.device) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.left_out: list[str] = []
        """What was not done, because a package is missing here."""
        self.end_of_step: torch.cuda.Event | None = None
        if device.type == "cuda":
            self._zero = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
            self.end_of_step = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
            torch.cuda.synchronize(device)
            self._zero.record()
            torch.cuda.synchronize(device)
        self._zero_of_host = time.perf_counter()

    @contextmanager
    def spent_on(self, name: str, may_wait: bool = False) -> Iterator[None]:
        """Add the seconds of the block; if it `may_wait`, those of the GPU's last step apart."""
        start = time.perf_counter()
        try:
            yield
        finally:
            taken = time.perf_counter() - start
            waited = self._waited(start, taken) if may_wait and taken > LONG else 0.0
            self.seconds["training steps"] += waited
            self.seconds[name] += taken - waited

    def step_ends(self) -> None:
        """Mark this place in the GPU's work."""
        if self.end_of_step is not None:
            self.end_of_step.record()

    def _waited(self, start: float, taken: float) -> float:
        """How much of this time the GPU was still at work on the last step."""
        if self.end_of_step is None:
            return 0.0
        if not self.end_of_step.query():  # type: ignore[no-untyped-call]
            return taken
        end = self._zero_of_host + self._zero.elapsed_time(self.end_of_step) / 1000
        return float(min(max(end - start, 0.0), taken))


class Timed(Callback):
    """A callback beside a clock. One that lacks a package sits out."""

    def __init__(self, callback: Callback, clock: Clock) -> None:
        self.callback, self.clock, self.sits_out = callback, clock, False
        self.name = NAMES.get(type(callback).__name__, "other callbacks")

    def start(self, trainer: Trainer) -> None:
        self._call(self.callback.start, trainer)

    def after_step(self, trainer: Trainer, stats: StepStats) -> None:
        self._call(self.callback.after_step, trainer, stats)

    def finish(self, trainer: Trainer) -> None:
        self._call(self.callback.finish, trainer)

    def _call(self, method: Callable[..., None], *arguments: Any) -> None:
        if self.sits_out:
            return
        with self.clock.spent_on(self.name, may_wait=True):
            try:
                method(*arguments)
            except ModuleNotFoundError as error:
                self.sits_out = True
                self.clock.left_out.append(f"{self.name} (needs {error.name})")


class NoTensorBoard(Callback):
    """In the place of TensorBoard's callback, to which the log writes its rows."""

    def __init__(self, folder: Path) -> None:
        pass

    def listen(self, trainer: Trainer, row: object) -> None:
        pass


def load(task: Task) -> tuple[About, Orders]:
    """Offer to train for so many images, or until the task's seconds are over."""

    def train(count: int) -> dict[str, Any]:
        start = time.perf_counter()
        clock = Clock(torch.device(task["device"]))
        watched = watch(clock, task["seconds"])
        run = Path(task["folder"]) / "run"
        command = ["train", task["data"], "--out", str(run), "--images", str(count)]
        command += ["--device", task["device"], "--recipe", task["recipe"]]
        status = main([*command, *task["options"]])
        if status:
            raise RuntimeError(f"kaogan train ended with {status}")
        whole = time.perf_counter() - start
        spent = dict(clock.seconds)
        spent["set-up and the rest"] = whole - sum(spent.values())
        return {
            "command": " ".join(
                ["kaogan", *command[:1], "DATASET", *command[4:], *task["options"]]
            ),
            "images": watched[0].state.images_seen if watched else 0,
            "seconds": whole + IMPORTED - STARTED,
            "split": {"importing": IMPORTED - STARTED, **spent},
            "left_out": clock.left_out,
        }

    return {}, {"train": train}


def watch(clock: Clock, seconds: float) -> list[Trainer]:
    """Put clocks into the program, and stop its training after so many seconds.

    The trainer is in the list as soon as it is made.
    """
    trainers: list[Trainer] = []
    step, run = Trainer.step, Trainer.run
    callbacks, accelerate = Pictures.callbacks, fit.accelerate  # type: ignore[attr-defined]
    if find_spec("tensorboard") is None:
        images.TensorBoard = NoTensorBoard  # type: ignore[assignment, attr-defined]
        clock.left_out.append("TensorBoard (needs tensorboard)")

    def timed_step(trainer: Trainer) -> StepStats:
        with clock.spent_on("training steps"):
            stats = step(trainer)
            clock.step_ends()
        return stats

    def timed_callbacks(task: Pictures, context: Any) -> Sequence[Callback]:
        return [Timed(callback, clock) for callback in callbacks(task, context)]

    def timed_accelerate(*arguments: Any) -> None:
        with clock.spent_on("recording and compiling"):
            accelerate(*arguments)

    def noted_run(trainer: Trainer, *arguments: Any) -> None:
        trainers.append(trainer)
        timer = threading.Timer(seconds, lambda: setattr(trainer, "stop_requested", True))
        timer.daemon = True
        timer.start()
        try:
            run(trainer, *arguments)
        finally:
            timer.cancel()

    for place, name, replacement in (
        (Trainer, "step", timed_step),
        (Trainer, "run", noted_run),
        (Pictures, "callbacks", timed_callbacks),
        (fit, "accelerate", timed_accelerate),
    ):
        setattr(place, name, replacement)
    return trainers


if __name__ == "__main__":
    serve(load)
