"""A machine that fails: full disks, read-only ones, few files, little memory, data that is cut off,
a clock that goes back, a signal during a save. Disks of a fixed size need the right to mount.
"""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from attack_folders import material, write_noise
from attack_kills import facts, finished, nothing_left, training
from children import command, kill_after, ran, start

from attack import Case, Fell, Rng
from kaogan import weights
from kaogan.training import checkpoints

Work = Callable[[], int]


def faults(folder: Path, rng: Rng, count: int) -> Iterator[Case]:
    """Each fault once."""
    data, whole, log = folder / "data", folder / "whole", folder / "log"
    write_noise(data, 1100)
    finished(ran(partial(training, data, whole), log))
    place = folder / "material"
    place.mkdir()
    material(place)
    cases = [
        *disks(folder, data, whole, place, log),
        *limits(folder, data, place, log),
        Case("a data set that is cut off", partial(cut_off, folder, data, log)),
        Case("a clock that goes back", partial(clock, folder, data, whole, log)),
        Case("SIGTERM during a save", partial(term_in_a_save, folder, data, whole, log)),
    ]
    yield from cases[:count]


def can_mount(folder: Path) -> bool:
    with contextlib.suppress(OSError, subprocess.CalledProcessError), mounted(folder / "try", 1):
        return True
    return False


@contextlib.contextmanager
def mounted(place: Path, megabytes: int) -> Iterator[Path]:
    """A disk of this size."""
    place.mkdir(exist_ok=True)
    mount("-t", "tmpfs", "-o", f"size={megabytes}m", "kaogan-attack", place)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False)


def mount(*words: object) -> None:
    subprocess.run(["mount", *map(str, words)], check=True, capture_output=True)


def disks(folder: Path, data: Path, whole: Path, place: Path, log: Path) -> Iterator[Case]:
    if not can_mount(folder):
        return
    for megabytes in (1, 2, 3, 5):
        what = f"a training on a disk of {megabytes} MB, then with room"
        yield Case(what, partial(filled, folder / "disk", megabytes, data, whole, log))
    yield Case("a training on a disk that became read-only",
               partial(read_only, folder / "disk", data, log))  # fmt: skip
    for name in writers(place, folder):
        yield Case(f"{name} on a full disk", partial(on_full, folder / "disk", place, name, log))


def filled(disk: Path, megabytes: int, data: Path, whole: Path, log: Path) -> None:
    with mounted(disk, megabytes) as place:
        ended = ran(partial(training, data, place / "run"), log)
        if ended.status:
            ended.line()
        mount("-o", "remount,size=200m", place)
        finished(ran(partial(training, data, place / "run"), log))
        # Evaluations that could not be kept are missing in between, so only the end is the same.
        if facts(place / "run")[0] != facts(whole)[0]:
            raise Fell("other weights than on a disk with room")
        nothing_left(place / "run")


def read_only(disk: Path, data: Path, log: Path) -> None:
    with mounted(disk, 100) as place:
        number = start(partial(training, data, place / "run"), log)
        kill_after(number, 1.0, log)
        mount("-o", "remount,ro", place)
        ran(partial(training, data, place / "run"), log).line()
        mount("-o", "remount,rw", place)
        finished(ran(partial(training, data, place / "run"), log))


def writers(place: Path, disk: Path) -> dict[str, tuple[object, ...]]:
    run, net = place / "run", place / "net.safetensors"
    return {
        "sample": ("sample", run, "--out", disk / "a.png"),
        "walk": ("walk", run, "--axes", "lightness", "--out", disk / "a.mp4"),
        "export safetensors": ("export", run, "--format", "safetensors", "--out",
                               disk / "a.safetensors"),
        "export onnx": ("export", net, "--format", "onnx", "--out", disk / "a.onnx"),
        "export keras": ("export", net, "--format", "keras", "--out", disk / "a.keras"),
        "report": ("report", run, "--no-live", "--no-evaluate", "--out", disk / "a.html"),
        "bundle": ("bundle", run, "--out", disk / "a.zip"),
        "data show": ("data", "show", place / "data", "--sheet", disk / "a.png"),
        "data avatars": ("data", "avatars", "--count", 40, "--size", 32, "--out", disk / "a"),
        "data prepare": ("data", "prepare", run / "samples", "--size", 32, "--keep-duplicates",
                         "--out", disk / "a"),
    }  # fmt: skip


def on_full(disk: Path, place: Path, name: str, log: Path) -> None:
    with mounted(disk, 1) as full:
        with (full / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(bytes(4096)):
                pass
        ended = ran(command(*writers(place, full)[name]), log)
        ended.line()
        if {path.name for path in full.iterdir()} - {"filler"}:
            raise Fell(f"left {[path.name for path in full.iterdir()]}")


def limits(folder: Path, data: Path, place: Path, log: Path) -> Iterator[Case]:
    def limited(kind: int, most: int, words: tuple[object, ...]) -> None:
        def work() -> int:
            resource.setrlimit(kind, (most, most))
            return command(*words)()

        ended = ran(work, log)
        if ended.status:
            ended.line()

    out = folder / "limited"
    train = ("train", data, "--out", out / "run", "--size", 32, "--width", 4, "--images", 200,
             "--device", "cpu", "--no-tune")  # fmt: skip
    many = ("data", "prepare", place / "run" / "samples", "--size", 32, "--workers", 2)
    for name, words in (("train", train), ("data prepare", (*many, "--out", out / "d"))):
        yield Case(f"{name} with 64 open files",
                   partial(limited, resource.RLIMIT_NOFILE, 64, words))  # fmt: skip
        for more in (20, 100, 400):
            most = address_space() + (more << 20)
            yield Case(f"{name} with {more} MB more memory",
                       partial(limited, resource.RLIMIT_AS, most, words))  # fmt: skip


def address_space() -> int:
    """Bytes of addresses that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def cut_off(folder: Path, data: Path, log: Path) -> None:
    """The pictures are made shorter while they are read."""
    copy, run = folder / "cut", folder / "of-cut"
    shutil.copytree(data, copy)
    number = start(partial(training, copy, run), log)
    deadline = time.monotonic() + 60
    while not checkpoints.found(run / "checkpoints") and time.monotonic() < deadline:
        time.sleep(0.02)
    os.truncate(copy / "images.npy", 4096)
    ended = kill_after(number, 60, log)
    if "data set" not in ended.line():
        raise Fell(ended.line())
    finished(ran(partial(training, data, run), log))


def clock(folder: Path, data: Path, whole: Path, log: Path) -> None:
    """Every look at the clock is a minute earlier than the one before."""
    run, now = folder / "of-clock", [time.time()]

    def back() -> float:
        now[0] -= 60
        return now[0]

    def work() -> int:
        time.time = back
        return training(data, run)

    finished(ran(work, log))
    if facts(run) != facts(whole):
        raise Fell("another run than with a good clock")


def term_in_a_save(folder: Path, data: Path, whole: Path, log: Path) -> None:
    """Go on after a signal came while a checkpoint was written."""
    run = folder / "of-term"
    write = weights.write_weights

    def interrupted(*arguments: object, **options: object) -> None:
        checkpoints.write_weights = write  # a second signal would end it at once
        os.kill(os.getpid(), signal.SIGTERM)
        write(*arguments, **options)  # type: ignore[arg-type]

    def work() -> int:
        checkpoints.write_weights = interrupted  # type: ignore[assignment]
        return training(data, run)

    ended = ran(work, log)
    finished(ended)
    if "everything is saved" not in ended.said:
        raise Fell(ended.said[-300:])
    finished(ran(partial(training, data, run), log))
    if facts(run)[0] != facts(whole)[0]:
        raise Fell("other weights than without the signal")
    nothing_left(run)
