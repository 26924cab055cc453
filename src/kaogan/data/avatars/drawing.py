"""From avatars to pictures: the order of the layers, and a data set drawn on every processor."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path

from kaogan.data.avatars import extras, hair, head
from kaogan.data.avatars.attributes import Avatar, sample_avatar
from kaogan.data.avatars.canvas import Canvas
from kaogan.data.avatars.labels import write_avatar_labels
from kaogan.data.avatars.palette import cloth_tones, hair_tones, skin_tones
from kaogan.data.dataset import Dataset
from kaogan.data.decode import SIZES
from kaogan.data.writing import Group, Picture, Stream, refuse_existing, write_dataset
from kaogan.errors import UsageError
from kaogan.images import Pixels
from kaogan.machine import usable_cores
from kaogan.progress import Silent, Tracker, track
from kaogan.version import __version__

CHUNK = 32  # avatars that a worker draws between two messages


def draw(avatar: Avatar, size: int) -> Pixels:
    """Draw one avatar: uint8, `size` x `size` x 3. The same avatar gives the same pixels.

    Raises:
        UsageError: `size` is not a power of two from 32 to 512.

    """
    _check_size(size)
    locks, skin, tie = hair_tones(avatar), skin_tones(avatar), cloth_tones(avatar.accessory_hue)
    canvas = Canvas(size, avatar)
    extras.draw_background(canvas, avatar)
    hair.draw_back(canvas, avatar, locks, tie)
    head.draw_body(canvas, skin)
    extras.draw_outfit(canvas, avatar)
    hair.draw_braids(canvas, avatar, locks)
    extras.draw_ears(canvas, avatar, locks)
    fringe = hair.fringe(avatar.hair_front, avatar.parting, avatar.light)
    head.draw_face(canvas, avatar, skin, fringe.outline)
    head.draw_mouth(canvas, avatar, skin)
    head.draw_eyes(canvas, avatar, skin)
    hair.draw_front(canvas, avatar, locks)
    head.draw_brows(canvas, avatar, locks)
    extras.draw_accessory(canvas, avatar, fringe.outline)
    return canvas.finish(size)


def _check_size(size: int) -> None:
    if size not in SIZES:
        raise UsageError(f"avatars are drawn at {', '.join(map(str, SIZES))} pixels, not {size}")


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

    Row i of `attributes.jsonl` describes picture i of `images.npy`, and so does row i of
    `labels.npy`, in the words of labels; the manifest's `source` tells
    the number of the avatar. An avatar depends on its number and the seed, not on the count or the
    number of workers.

    With more than one worker, a script that calls this needs the usual
    `if __name__ == "__main__":`, because each worker imports the script.

    Args:
        out: the folder to make; it must not exist.
        count: number of avatars, at least 1.
        size: height and width in pixels: 32, 64, 128, 256 or 512.
        seed: at least 0.
        workers: number of processes; the number of usable cores by default.
        progress: show a bar or lines on the standard error stream.

    Raises:
        UsageError: an argument is outside its range.
        KaoganError: `out` exists or cannot be written.

    """
    _check_size(size)
    if count < 1 or seed < 0 or (workers is not None and workers < 1):
        raise UsageError("count and workers must be at least 1, and the seed at least 0")
    refuse_existing(Path(out))
    workers = min(workers or usable_cores(), -(-count // CHUNK))
    about = {"sources": ["kaogan avatars"], "seed": seed, "licence": "CC0-1.0"}
    with track(count, "drawing", "avatars") if progress else nullcontext(Silent()) as tracker:
        key = {**about, "count": count, "size": size, "version": __version__}
        begin = partial(_pictures, count, size, seed, workers, tracker)
        drawn = write_dataset(Path(out), Stream(key, begin), size=size, channels=3, about=about)
    return write_avatar_labels(drawn)


def _pictures(
    count: int, size: int, seed: int, workers: int, tracker: Tracker, position: int, _mark: int
) -> Iterator[Group]:
    tracker.advance(position)
    # Spawned, not forked: the parent may have threads (progress, torch), which do not survive.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
    with pool if workers > 1 else nullcontext():
        run = partial(pool.map, chunksize=CHUNK) if workers > 1 else map
        for picture in run(partial(_picture, size, seed), range(position, count)):
            yield Group((picture,))
            tracker.advance(1)


def _picture(size: int, seed: int, index: int) -> Picture:
    avatar = sample_avatar(seed, index)
    return Picture(draw(avatar, size), {"source": f"avatar {index} of seed {seed}"}, asdict(avatar))
