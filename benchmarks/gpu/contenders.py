"""A contender of a race, in a process of its own: a plain PyTorch DCGAN, or kaogan.

The task names the contender's `kind` (see `race.CONTENDERS`), recipe, batch, width, device,
precision, data set and files.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gpu import switches
from gpu.profile import profiled
from kaogan import recipes
from kaogan.bench.timing import seconds_of
from kaogan.data.batches import ImageBatches
from kaogan.data.dataset import open_dataset
from kaogan.progress import Verbosity, set_verbosity
from kaogan.training.accelerate import Replay, capture_steps, compile_networks, cuda_graph
from kaogan.training.precision import Compute, choose_precision
from kaogan.training.recipe import Recipe
from kaogan.training.run_log import RunLog
from kaogan.training.state import TrainState
from kaogan.training.trainer import StepStats, Trainer
from plain_dcgan import PlainDCGAN, endless_batches
from worker import About, Orders, Task, serve

Step = Callable[[], object]
Speedup = Callable[[Trainer, RunLog], None]

SPEEDUPS: dict[str, Speedup] = {
    "products": switches.products,
    "padded": switches.padded,
    "joined": switches.joined,
    "drawn-inside": switches.drawn_inside,
    "together": switches.together,
    "compile": compile_networks,
    "record": partial(capture_steps, record=cuda_graph),
}
"""What makes an eager trainer faster on a GPU, by the word in a contender's `speedups`."""

WARM_UP = 4
"""Steps, with one with penalties among them (`penalty_interval` of the standard recipe)."""


@dataclass(frozen=True)
class Setup:
    """Recipe, data and arithmetic of a trainer of kaogan."""

    recipe: Recipe
    compute: Compute
    batches: ImageBatches

    @staticmethod
    def of(task: Task) -> "Setup":
        """What the task asks for, with its pictures on the device."""
        device = torch.device(task["device"])
        recipe = recipes.named(task["recipe"], batch=task["batch"], width=task["width"])
        compute = Compute(device, choose_precision(task.get("precision", "auto"), device))
        pictures = open_dataset(task["data"]).train
        return Setup(recipe, compute, ImageBatches(pictures, device, recipe.seed, resident=True))

    def trainer(self, run_log: RunLog, speedups: tuple[Speedup, ...] = ()) -> Trainer:
        """A fresh trainer with these speedups; the run log says which of them do not work here."""
        state = TrainState.fresh(self.recipe, self.compute)
        trainer = Trainer(self.recipe, state, self.batches, self.compute)
        for speedup in speedups:
            speedup(trainer, run_log)
        return trainer


class Runner:
    """The orders that a contender carries out. Seconds are those of one step."""

    def __init__(self, task: Task) -> None:
        self.task, self.kind = task, task["kind"]
        self.device = torch.device(task["device"])
        self.setup = Setup.of(task)
        self.recordings: list[Replay] = []
        """Of a step with penalties, if there is one, and of one without."""
        self.step: Step
        self.untimed = 0
        """Steps of a turn that are not timed: their batches were read before the turn."""

    def build(self, _: int) -> dict[str, Any]:
        """Make it and warm it up; the memory that it takes, and the graph breaks by reason."""
        on_gpu = self.device.type == "cuda"
        before, tensors = reserved(self.device), torch.cuda.memory_allocated() if on_gpu else 0
        start = time.perf_counter()
        self.step = self._peer() if "peer" in self.kind else self._kaogan()
        self._run(WARM_UP)
        seconds = time.perf_counter() - start
        if on_gpu:
            torch.cuda.empty_cache()  # what was needed for building, and is not for a step
            torch.cuda.reset_peak_memory_stats(self.device)
        self._run(WARM_UP)
        built: dict[str, Any] = {"build_seconds": seconds}
        if on_gpu:
            built["memory"] = torch.cuda.max_memory_reserved(self.device) - before
            built["tensors"] = torch.cuda.max_memory_allocated(self.device) - tensors
        if "compile" in self.kind.get("speedups", ()):
            built["graph_breaks"] = dict(torch._dynamo.utils.counters["graph_break"])
        return built

    def steps(self, count: int) -> float:
        """So many steps, until the device is done."""
        self._run(self.untimed)
        return seconds_of(partial(self._run, count), self.device) / count

    def host(self, count: int) -> float:
        """The host's part: until a step returns, when the device was idle before it."""
        times = []
        for _ in range(count):
            seconds_of(lambda: None, self.device)  # waits
            start = time.perf_counter()
            self.step()
            times.append(time.perf_counter() - start)
        return statistics.mean(times)  # of steps with penalties and without, in their proportion

    def replay(self, count: int) -> float | None:
        """The recording alone, without drawing its inputs; None if there is none."""
        if not self.recordings:
            return None
        times = [
            seconds_of(partial(_repeat, replay, count), self.device) / count
            for replay in self.recordings
        ]
        share = 1 / self.setup.recipe.penalty_interval  # of the steps with penalties
        return share * times[0] + (1 - share) * times[-1]

    def profile(self, count: int) -> dict[str, Any]:
        """So many steps under the profiler."""
        return profiled(partial(self._run, count), count, self.device)

    def losses(self, count: int) -> list[float]:
        """The mean of each number of a step (`StepStats`) over so many steps."""
        trainer = self.setup.trainer(RunLog(self._log()))
        total = torch.stack([torch.stack(trainer.step()) for _ in range(count)]).mean(0)
        return [float(mean) for mean in total]

    def _run(self, count: int) -> None:
        _repeat(self.step, count)

    def _kaogan(self) -> Step:
        wanted, log = self.kind["speedups"], self._log()
        record: Speedup = partial(capture_steps, record=self._record)
        speedups = {**SPEEDUPS, "record": record}
        trainer = self.setup.trainer(RunLog(log), tuple(speedups[name] for name in wanted))
        if log.exists():  # it would go on without what it is to show
            complaint = log.read_text(encoding="utf-8").strip().splitlines()[0]
            raise RuntimeError(complaint.split(" ", 1)[1].removeprefix("note: "))
        return trainer.step

    def _record(self, step: Callable[[], StepStats]) -> tuple[StepStats, Replay]:
        stats, replay = cuda_graph(step)
        self.recordings.append(replay)
        return stats, replay

    def _peer(self) -> Step:
        """A step of the example: as it is, with its data on the device, or tuned as well."""
        torch.manual_seed(0)
        torch.backends.cudnn.benchmark = True  # as the example sets it
        model = PlainDCGAN(self.task["width"], self.device)
        if self.kind["peer"] == "loader":
            loaders = self.kind["loaders"]
            files = endless_batches(Path(self.task["files"]), self.task["batch"], loaders)
            self.untimed = 3 * loaders  # each is two batches ahead, and at work on the next
            return lambda: model.step(next(files).to(self.device))
        seen = 0

        def batch() -> torch.Tensor:
            nonlocal seen
            seen += self.task["batch"]
            return self.setup.batches(seen, self.task["batch"]).x

        if self.kind["peer"] == "resident":
            return lambda: model.step(batch().contiguous())
        # Under autocast, binary cross entropy must be that of logits.
        model.discriminator = nn.Sequential(*list(model.discriminator)[:-1])
        model.criterion = nn.BCEWithLogitsLoss()
        for network in (model.generator, model.discriminator):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

        def tuned() -> None:
            with torch.autocast(self.device.type, torch.bfloat16):
                model.step(batch())

        return tuned

    def _log(self) -> Path:
        return Path(tempfile.mkdtemp()) / "log.txt"


def _repeat(work: Callable[[], object], count: int) -> None:
    for _ in range(count):
        work()


def reserved(device: torch.device) -> int:
    """Bytes of the GPU's memory that this process holds; 0 on a CPU, which keeps no count."""
    return torch.cuda.memory_reserved(device) if device.type == "cuda" else 0


def load(task: Task) -> tuple[About, Orders]:
    """Everything that may be done beside others: importing, the device's context, the pictures."""
    set_verbosity(Verbosity.VERBOSE)  # tracebacks of speedups that do not work
    runner = Runner(task)
    orders = ("build", "steps", "host", "replay", "profile", "losses")
    about = {"precision": runner.setup.compute.precision}
    return about, {name: getattr(runner, name) for name in orders}


if __name__ == "__main__":
    serve(load)
