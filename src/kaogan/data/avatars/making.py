"""A data set of avatars, drawn on every processor."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path

from kaogan.data.avatars.attributes import Avatar, sample_avatar
from kaogan.data.avatars.canvas import Pixels
from kaogan.data.avatars.drawing import check_size, draw
from kaogan.data.dataset import Dataset, Picture, refuse_existing, write_dataset
from kaogan.errors import UsageError
from kaogan.machine import usable_cores
from kaogan.progress import Silent, Tracker, track

CHUNK = 32  # avatars that a worker draws between two messages


def draw_avatars(
    out: Path | str,
    *,
    count: int = 8192,
    size: int = 64,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = False,
) -> Dataset:
    """Draw `count` avatars and write them, with their attributes, as a data set at `out`.

    Row i of `attributes.jsonl` says what picture i of `images.npy` shows; which avatar it is
    stands in the manifest's `source`. Number i of a seed is the same picture whatever the count
    and the number of workers.

    With more than one worker a script that calls this needs the usual
    `if __name__ == "__main__":`, since each worker imports the script.

    Args:
        out: the folder to make; it must not exist.
        count: how many, at least 1.
        size: height and width in pixels: 32, 64, 128, 256 or 512.
        seed: at least 0.
        workers: processes; as many as there are usable cores unless told.
        progress: whether to show how far it has come.

    Raises:
        UsageError: a number makes no sense.
        KaoganError: `out` exists or cannot be written.

    """
    check_size(size)
    if count < 1 or seed < 0 or (workers is not None and workers < 1):
        raise UsageError("count and workers must be at least 1, and the seed at least 0")
    refuse_existing(Path(out))
    workers = min(workers or usable_cores(), -(-count // CHUNK))
    about = {"sources": ["kaogan avatars"], "seed": seed, "licence": "CC0-1.0"}
    with track(count, "drawing", "avatars") if progress else nullcontext(Silent()) as tracker:
        pictures = _pictures(count, size, seed, workers, tracker)
        return write_dataset(Path(out), pictures, size=size, channels=3, about=about)


def _pictures(
    count: int, size: int, seed: int, workers: int, tracker: Tracker
) -> Iterator[Picture]:
    chunks = [range(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]
    draw_some = partial(_draw_chunk, seed, size)
    # Spawned, not forked: the parent may have threads (progress, torch), which do not survive.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
    with pool if workers > 1 else nullcontext():
        drawn = pool.map(draw_some, chunks) if workers > 1 else map(draw_some, chunks)
        for chunk, results in zip(chunks, drawn, strict=True):
            for index, (avatar, pixels) in zip(chunk, results, strict=True):
                row = {"source": f"avatar {index} of seed {seed}"}
                yield Picture(pixels, row, asdict(avatar))
            tracker.advance(len(chunk))


def _draw_chunk(seed: int, size: int, indices: range) -> list[tuple[Avatar, Pixels]]:
    avatars = [sample_avatar(seed, index) for index in indices]
    return [(avatar, draw(avatar, size)) for avatar in avatars]
