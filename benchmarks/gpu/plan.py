"""The plan of `benchmarks/gpu.py`: its parts, in the order of their value."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from gpu import table
from gpu.race import (
    COMPILING,
    ON_A_CPU,
    ON_A_GPU,
    Entry,
    Stage,
    TimeIsOver,
    is_compiled,
    race,
)
from worker import Contender, Task

RECIPES = ("standard", "dcgan")
CHECKED_BATCH = 128
LIGHT_BATCH = 256
"""Of the target for an epoch: a shorter race, without the profiler."""
LIGHT = ("example", "example-resident", "recorded", "compiled-recorded")
"""Its contenders."""
TRAINED_IMAGES = 1_000_000
MOST_OF_TRAINING = 100.0
"""Seconds after which `kaogan train` is stopped, as by Ctrl-C."""
COMPARED_STEPS = 200
PARTS = ("checks", "race", "losses", "convolutions", "train", "floor")


def command(module: str) -> list[str]:
    """Runs a module of this package in a process of its own."""
    return [sys.executable, "-m", f"gpu.{module}"]


class Bench:
    """All parts, one after the other, as far as the time goes."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options, self.folder = options, folder
        self.on_gpu = options.device != "cpu"
        self.end: float = time.monotonic() + 60 * options.minutes
        self.wrong = 0
        self.lines: list[dict[str, Any]] = []
        self.file: TextIO | None = None
        self.stack = ExitStack()
        self.host: Contender
        """The process that knows the machine."""
        self.stage = Stage(command, self.say, self.left)
        names = options.only or (ON_A_GPU if self.on_gpu else ON_A_CPU)
        self.entries = Entry.all(names, options.recipe)
        compiling = any(map(is_compiled, names)) and {"race", "checks"} & {*options.parts}
        self.compiling = Entry.all(["compiled"], options.recipe) if compiling else []
        self.compiled: set[tuple[str | None, int]] = set()
        """Recipe and batch of what could be compiled."""
        self.large_races = [batch for batch in options.batches if batch != LIGHT_BATCH]
        self.checked_batch = min(options.batches, key=lambda batch: abs(batch - CHECKED_BATCH))
        self.shared: Task = {"width": options.width, "device": options.device}

    def left(self) -> float:
        """Seconds until the end."""
        return self.end - time.monotonic()

    def say(self, kind: str, **facts: Any) -> None:
        """Write a line at once, so that a run that is ended leaves what it knows."""
        line = {"kind": kind, **facts}
        self.lines.append(line)
        if self.file is None:
            self.options.out.parent.mkdir(parents=True, exist_ok=True)
            self.file = self.options.out.open("w", encoding="utf-8")
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()
        if kind in ("failure", "skipped"):
            self.wrong += kind == "failure"
            self.tell(f"{kind}: {table.name_of(line)}: {line['why']}")

    def tell(self, text: str) -> None:
        print(f"{60 * self.options.minutes - self.left():4.0f} s  {text}", file=sys.stderr)
        sys.stderr.flush()

    def run(self) -> None:
        try:
            with self.stack:
                self.machine()
                for name, seconds, part in self.plan():
                    self.part(name, seconds, part)
        except TimeIsOver:
            raise SystemExit("error: no time was left to measure; give more --minutes") from None
        finally:
            if self.file is not None:
                self.file.close()
                self.options.markdown.write_text(table.markdown(self.lines), encoding="utf-8")
        print(table.markdown(self.lines, profiles=False))
        print(f"all of it: {self.options.markdown}, {self.options.out}", file=sys.stderr)

    def part(self, name: str, seconds: float, part: Callable[[], None]) -> None:
        """Run a part, if so many seconds are left for it."""
        if self.left() < (0 if self.options.quick else seconds):
            self.say(
                "skipped",
                part=name,
                why=f"needs {seconds:.0f} s, {max(self.left(), 0):.0f} are left",
            )
            return
        self.tell(name)
        start = time.monotonic()
        try:
            part()
        except TimeIsOver:
            self.say("skipped", part=name, why="the time was over in the middle of it")
        self.say("part", part=name, seconds=time.monotonic() - start)
        self.options.markdown.write_text(table.markdown(self.lines), encoding="utf-8")

    def plan(self) -> list[tuple[str, float, Callable[[], None]]]:
        """Parts, the most valuable first, each with the least seconds that are worth beginning it.

        All of them are meant to fit into 9 minutes on a large GPU.
        """
        recorded, compiled = self.checked("recorded"), self.checked("compiled-recorded")
        races = [
            (f"race {batch}", 30.0 if batch == LIGHT_BATCH else 45.0, partial(self.race, batch))
            for batch in self.options.batches
        ]
        parts: list[tuple[str, float, Callable[[], None]]] = []
        if recorded:
            parts.append(("checks recorded", 20.0, partial(self.checks, recorded)))
        if self.compiling:
            parts.append(("compiling", 60.0, self.compile))
        parts += races[:2]
        parts += [("train", 40.0, self.train), ("losses", 15.0, self.losses)]
        parts += [("convolutions", 10.0, self.convolutions), ("floor", 5.0, self.floor)]
        parts += races[2:3]
        if compiled:
            parts.append(("checks compiled", 30.0, partial(self.checks, compiled)))
        parts += races[3:]
        wanted = (*self.options.parts, "compiling")
        return [part for part in parts if part[0].split()[0] in wanted]

    def checked(self, name: str) -> list[Entry]:
        """Whom to check: on a CPU an eager trainer, which must equal itself."""
        if not self.on_gpu:
            name = "eager" if name == "recorded" else ""
        return [entry for entry in self.entries if entry.name == name]

    # The parts

    def machine(self) -> None:
        """Versions, limits and pictures, without which there is nothing to measure."""
        options = self.options
        self.tell("machine and pictures")
        shared = {"folder": str(self.folder), "data": options.data, "quick": options.quick}
        task = {**self.shared, **shared, "recipes": options.recipe}
        (host,) = self.stage.start(self.stack, "machine", [({"part": "machine"}, task)])
        if host.about.get("no_gpu"):
            raise SystemExit(
                "error: there is no CUDA GPU here, or this build of torch cannot use it; "
                "to see whether the script works: --device cpu --quick"
            )
        started = datetime.now(UTC).isoformat(timespec="seconds")
        self.say("run", argv=sys.argv[1:], started=started)
        self.say("machine", **host.about)
        about = {"part": "pictures"}
        pictures = self.stage.order(host, about, "pictures", options.count, 120)
        if pictures is None:
            raise SystemExit(f"error: no pictures to train on: {host.failure}")
        if pictures["count"] < max(options.batches):
            raise SystemExit(
                f"error: {pictures['count']} pictures make no batch of {max(options.batches)}"
            )
        self.say("pictures", count=pictures["count"], drawn=options.data is None)
        self.shared |= {"data": pictures["data"], "files": pictures["files"]}
        self.one(host, {"part": "limits"}, "limits", 0, 60)
        self.host = host

    def one(
        self, process: Contender, about: dict[str, Any], order: str, count: int, limit: float
    ) -> None:
        """Give an order, and write its result as a line of that kind."""
        result = self.stage.order(process, about, order, count, limit)
        if result is not None:
            self.say(order, **about, **(result if isinstance(result, dict) else {"rows": result}))

    def checks(self, entries: list[Entry]) -> None:
        """Do fast steps train as eager ones do?"""
        batch = self.checked_batch
        tasks = [
            (entry.facts(), entry.task(self.shared, batch=batch))
            for entry in self.ready(entries, batch)
        ]
        with ExitStack() as stack:
            for process, (about, _) in zip(
                self.stage.start(stack, "checks", tasks), tasks, strict=True
            ):
                found = self.stage.order(process, about, "check", 0, COMPILING)
                for check in found or ():
                    self.say("check", **about, batch=batch, **check)
                failed = [check for check in found or () if not check["passed"]]
                if failed:
                    why = "; ".join(f"{check['name']} ({check['detail']})" for check in failed)
                    said = process.said()[-20_000:]
                    self.say("failure", **about, order="check", why=why, said=said)

    def compile(self) -> None:
        """Compile for all batches and recipes side by side; contenders find the kernels on the
        disk. Compiling is work of the host, and done one after the other it takes minutes.
        """
        checked = self.checked_batch
        tasks = [
            ({**entry.facts(), "batch": batch}, entry.task(self.shared, batch=batch))
            for batch in (self.options.batches if "race" in self.options.parts else [checked])
            for entry in self.compiling
        ]
        with ExitStack() as stack:
            started = self.stage.start(stack, "contenders", tasks)
            with ThreadPoolExecutor(len(tasks)) as pool:
                orders = [
                    pool.submit(self.stage.order, process, about, "build", 0, COMPILING)
                    for process, (about, _) in zip(started, tasks, strict=True)
                ]
            for (about, _), order in zip(tasks, orders, strict=True):
                if order.result() is not None:
                    self.compiled.add((about["recipe"], about["batch"]))

    def race(self, batch: int) -> None:
        """All contenders with this batch, or few; profiles of one recipe, at first of both."""
        options = self.options
        light, first = batch == LIGHT_BATCH, batch == options.batches[0]
        entries = [entry for entry in self.entries if not light or entry.name in LIGHT]
        profiled = [] if light else options.recipe if first else options.recipe[:1]
        race(
            self.stage,
            batch,
            self.ready(entries, batch),
            self.shared,
            options.rounds,
            options.seconds,
            profiled,
        )

    def ready(self, entries: list[Entry], batch: int) -> list[Entry]:
        """Those that can be built soon: all, but for what could not be compiled."""
        found = []
        for entry in entries:
            if not is_compiled(entry.name) or (entry.recipe, batch) in self.compiled:
                found.append(entry)
            else:
                self.say("skipped", **entry.facts(), batch=batch, why="it was not compiled before")
        return found

    def losses(self) -> None:
        """Means of an eager training in each number format, from the same seed."""
        steps = 8 if self.options.quick else COMPARED_STEPS
        batch = self.checked_batch
        formats = ("fp32", "bf16", "fp16") if self.on_gpu else ("fp32", "bf16")
        tasks = [
            (
                {"recipe": recipe, "precision": precision, "steps": steps, "batch": batch},
                Entry("eager", recipe).task(self.shared, batch=batch, precision=precision),
            )
            for recipe in self.options.recipe
            for precision in formats
        ]
        with ExitStack() as stack:
            started = self.stage.start(stack, "contenders", tasks)
            for process, (about, _) in zip(started, tasks, strict=True):
                self.one(process, about, "losses", steps, 60)

    def convolutions(self) -> None:
        """Operations per second of each layer."""
        recipe = self.options.recipe[0]
        with ExitStack() as stack:
            about = {"recipe": recipe}
            task = {**self.shared, **about}
            (process,) = self.stage.start(stack, "convolutions", [(about, task)])
            for batch in self.large_races:
                facts = {**about, "batch": batch, **process.about}
                result = self.stage.order(process, facts, "measure", batch, 60)
                if result is not None:
                    self.say("convolutions", **facts, rows=result)

    def train(self) -> None:
        """`kaogan train` with the first recipe, and what its time went into."""
        options, about = self.options, {"recipe": self.options.recipe[0]}
        small = ["--width", "4", "--batch", "4", "--no-tune"] if options.quick else []
        seconds = min(MOST_OF_TRAINING, 0.5 * self.left())
        shared = {"folder": str(self.folder), "seconds": seconds, "options": small}
        with ExitStack() as stack:
            task = {**self.shared, **about, **shared}
            (process,) = self.stage.start(stack, "training", [(about, task)])
            self.one(process, about, "train", options.images, self.left())

    def floor(self) -> None:
        """The least work of a step of each recipe with each batch."""
        for batch in self.options.batches:
            self.one(self.host, {"batch": batch}, "work", batch, 60)
