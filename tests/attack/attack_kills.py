"""Kills at random moments: of trainings, which evaluate, save and film, and of preparations."""

import json
import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from attack_folders import write_noise
from children import Ended, kill_after, ran, start

from attack import Case, Fell, Rng
from kaogan import recipes
from kaogan.data.dataset import open_dataset
from kaogan.data.prepare import prepare
from kaogan.training import checkpoints
from kaogan.training.recipe import Budget, Hardware, Watch
from kaogan.training.run import Run
from kaogan.training.tasks.images import train

IMAGES, BATCH = 1040, 80
KILLS = 5
"""Of one run."""


def training(data: Path, out: Path) -> int:
    recipe = recipes.dcgan(size=32, width=4, latent_dim=8, batch=BATCH)
    hardware = Hardware(device="cpu", precision="fp32", tune=False)
    watch = Watch(checkpoint_minutes=0.001, evaluate_every=480)
    train(recipe, open_dataset(data), out, Budget(images=IMAGES), hardware, watch)
    return 0


def kills(folder: Path, rng: Rng, count: int) -> Iterator[Case]:
    """Kill, go on, kill, ... and at the end compare with what was never killed: weights, log,
    evaluations, the best checkpoint, what is drawn. Nothing half-written may be left.
    """
    data, whole, log = folder / "data", folder / "whole", folder / "log"
    write_noise(data, 1100)
    began = time.perf_counter()
    ended = ran(partial(training, data, whole), log)
    if ended.status:
        raise RuntimeError(ended.said)
    took = time.perf_counter() - began
    for number in range(count // KILLS):
        run = folder / f"run-{number}"
        for attempt in range(KILLS):
            moment = float(rng.uniform(0, took))
            what = f"kill {attempt} of run {number} after {moment:.2f} s"
            yield Case(what, partial(killed, partial(training, data, run), moment, log))
        yield Case(f"the end of run {number}", partial(same, data, run, whole, log))
        shutil.rmtree(run)
    yield from preparations(folder, rng, max(1, count // 10))


def killed(work: partial[int], moment: float, log: Path) -> None:
    ended = kill_after(start(work, log), moment, log)
    if ended.status not in (0, -9):
        raise Fell(f"ended with {ended.status}: {ended.said[-300:]}")


def same(data: Path, run: Path, whole: Path, log: Path) -> None:
    finished(ran(partial(training, data, run), log))
    for what, found, wanted in zip(
        ("weights", "log", "evaluations", "best", "faces"), facts(run), facts(whole), strict=True
    ):
        if found != wanted:
            raise Fell(f"other {what} than without kills")
    nothing_left(run)


def finished(ended: Ended) -> None:
    if ended.status != 0:
        raise Fell(f"ended with {ended.status}: {ended.said[-300:]}")


def nothing_left(folder: Path) -> None:
    if left := [path.name for path in folder.rglob(".*partial*")]:
        raise Fell(f"left {', '.join(left)}")


def facts(run: Path) -> tuple[object, ...]:
    """What must not depend on kills."""
    newest = checkpoints.found(run / "checkpoints")[-1]
    rows = [json.loads(line) for line in (run / "evaluation.jsonl").read_text().splitlines()]
    best = {
        kept.name: (kept / "state.safetensors").read_bytes()
        for kept in checkpoints.found(run / "best")
    }
    return (
        (newest.name, (newest / "state.safetensors").read_bytes()),
        (run / "metrics.jsonl").read_text(),
        [row | {"seconds": 0} for row in rows],
        best,
        Run(run).sample(4).tobytes(),
    )


def preparations(folder: Path, rng: Rng, count: int) -> Iterator[Case]:
    """The same of `kaogan data prepare`."""
    source = folder / "pixels.npy"
    np.save(source, rng.integers(0, 256, (3000, 32, 32, 3), dtype=np.uint8))
    whole, log = folder / "prepared", folder / "log"

    def work(out: Path) -> int:
        prepare([source], out, size=32, workers=1, progress=False)
        return 0

    began = time.perf_counter()
    finished(ran(partial(work, whole), log))
    took = time.perf_counter() - began
    for number in range(count):
        out = folder / f"prepared-{number}"
        moment = float(rng.uniform(0, took))
        yield Case(f"kill of preparation {number} after {moment:.2f} s",
                   partial(killed, partial(work, out), moment, log))  # fmt: skip
        yield Case(f"the end of preparation {number}", partial(as_whole, work, out, whole, log))


def as_whole(work: object, out: Path, whole: Path, log: Path) -> None:
    assert callable(work)
    if not out.exists():
        finished(ran(partial(work, out), log))
    if open_dataset(out).fingerprint != open_dataset(whole).fingerprint:
        raise Fell("another data set than without kills")
    if left := [path.name for path in out.parent.glob(f".{out.name}.partial*")]:
        raise Fell(f"left {', '.join(left)}")
