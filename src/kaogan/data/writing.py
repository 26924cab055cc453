"""Writing a DATASET folder, completely or not at all."""

import contextlib
import dataclasses
import errno
import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kaogan.data.dataset import REJECTED, SUMMARY, VERSION, Dataset, json_lines, open_dataset
from kaogan.data.reasons import Reason
from kaogan.data.records import (
    LeftOutRecord,
)
from kaogan.data.shards import (
    HELD_OUT,
    TRAIN,
    Plan,
    new_text,
    write_row,
    write_shards,
)
from kaogan.data.split import choose_held_out
from kaogan.data.spool import Spool
from kaogan.errors import KaoganError
from kaogan.files import atomic_file, atomic_folder, remove_partials, resumable_folder
from kaogan.images import Pixels

SPOOL = "spool"


@dataclass(frozen=True)
class Picture:
    """A picture to write. All pictures of a data set have attributes, or none."""

    pixels: Pixels  # size x size x channels
    row: Mapping[str, Any]  # for the manifest: at least `source`; sha256 and split are added
    attributes: Mapping[str, Any] | None = None
    digest: bytes | None = None  # sha256 of the pixels, if it is known already
    hash: int | None = None  # the perceptual hash, likewise


@dataclass(frozen=True)
class LeftOutPicture:
    """A picture that is left out of a data set."""

    source: str
    reason: Reason
    detail: str = ""


@dataclass(frozen=True)
class Repeat:
    """The picture at `index` is left out because it repeats the one at `original`."""

    index: int
    original: int
    reason: Reason


FindRepeats = Callable[[Spool], Iterable[Repeat]]
Outcome = Picture | LeftOutPicture


class Group(NamedTuple):
    """What becomes of one item of a source, and a number that tells which items were read so far.

    An item may give several pictures, or none.
    """

    outcomes: Sequence[Outcome]
    mark: int = 0


class SourceChanged(Exception):
    """The items of a source are not those that were read before an interruption."""


@dataclass(frozen=True)
class Stream:
    """Pictures to write that can be gone on with after an interruption.

    Args:
        key: what determines the pictures, as JSON: two streams of one key are the same stream.
        begin: `begin(position, mark)` gives the groups of the items from `position` on. It raises
            `SourceChanged` if the items before it have another mark.

    """

    key: Any
    begin: Callable[[int, int], Iterator[Group]]

    @property
    def name(self) -> str:
        """The key as a short part of a file name."""
        return hashlib.sha256(json.dumps(self.key, sort_keys=True).encode()).hexdigest()[:12]


def write_dataset(
    out: Path,
    pictures: Iterable[Outcome] | Stream,
    *,
    size: int,
    channels: int,
    about: Mapping[str, Any],
    find_repeats: FindRepeats | None = None,
) -> Dataset:
    """Write a data set at `out`, which must not exist, and open it.

    It leaves out what `find_repeats` finds, chooses the held-out pictures by the hash of their
    content, puts the training pictures first, and keeps the order otherwise. The pictures are never
    all in memory. `about` becomes part of `dataset.json`.

    If the pictures are a `Stream` and this is interrupted, the finished shards stay beside `out`.
    The same call goes on from there.

    Raises:
        KaoganError: `out` exists or cannot be written, no space is left, or there is no picture.

    """
    refuse_existing(out)
    with explained(out), working_folder(out, pictures) as folder:
        with Spool(folder / SPOOL, (size, size, channels)) as spool:
            if not spool.plan.is_file():
                for older in folder.glob("images*.npy"):  # killed just before the end
                    older.unlink()
                fill(spool, pictures)
                repeats = (
                    (repeat, spool.source(repeat.index), spool.source(repeat.original))
                    for repeat in (find_repeats(spool) if find_repeats else ())
                )
                kept = judge(spool, folder / REJECTED, repeats)
                if len(kept) == 0:
                    spool.clear()
                    raise KaoganError(
                        f"no usable picture: {_in_words(count_reasons(folder / REJECTED))}"
                    )
                save_plan(spool, kept, choose_held_out(spool.digests()[kept]))
            plan = np.load(spool.plan, allow_pickle=False)
            shards = write_shards(folder, spool, plan)
            train, held_out = (int((plan == split).sum()) for split in (TRAIN, HELD_OUT))
            several = [dataclasses.asdict(shard) for shard in shards]
            summary = {
                "version": VERSION if len(shards) > 1 else 1,
                "size": size,
                "channels": channels,
                "train": train,
                "held_out": held_out,
                **({"shards": several} if len(shards) > 1 else {}),
                "rejected": count_reasons(folder / REJECTED),
                "fingerprint": fingerprint_of(spool.shape, spool.digests(), plan),
                **about,
            }
            spool.clear()
            spool.folder.rmdir()
        with new_text(folder / SUMMARY) as file:
            file.write(json.dumps(summary, indent=2) + "\n")
    return open_dataset(out)


@contextlib.contextmanager
def working_folder(out: Path, pictures: Iterable[Outcome] | Stream) -> Iterator[Path]:
    """A folder that becomes `out`. After a failure it stays if finished shards of a stream are
    there.
    """
    if not isinstance(pictures, Stream):
        remove_partials(out)
        with atomic_folder(out) as folder:
            yield folder
        return
    from filelock import Timeout  # slow to import

    remove_partials(out, but=pictures.name)
    try:
        with resumable_folder(out, pictures.name, _has_shards) as folder:
            yield folder
    except Timeout:
        raise KaoganError(
            f"another process makes {out}; wait for it, or choose another name"
        ) from None
    except BaseException:
        if _has_shards(out.with_name(f".{out.name}.partial-{pictures.name}")):
            print("note: the finished shards are kept; the same command goes on", file=sys.stderr)
        raise


def _has_shards(folder: Path) -> bool:
    return next((folder / SPOOL).glob("*.json"), None) is not None


def refuse_existing(out: Path) -> None:
    """Raise a KaoganError if there is something at `out`."""
    if os.path.lexists(out):
        raise KaoganError(f"{out} exists already; choose another name, or delete it first")


def fill(spool: Spool, pictures: Iterable[Outcome] | Stream) -> None:
    """Store all pictures, from where the spool ends."""
    if not isinstance(pictures, Stream):
        groups = (Group((outcome,)) for outcome in pictures)
        _store(spool, groups)
        return
    if spool.position:
        print(f"note: going on after {len(spool):,} pictures", file=sys.stderr)
    try:
        _store(spool, pictures.begin(spool.position, spool.mark))
    except SourceChanged:
        print("note: the sources have changed since; starting anew", file=sys.stderr)
        spool.clear()
        _store(spool, pictures.begin(0, 0))


def _store(spool: Spool, groups: Iterable[Group]) -> None:
    position, mark = spool.position, spool.mark
    for outcomes, mark in groups:
        position += 1
        for one in outcomes:
            if isinstance(one, Picture):
                entry = {"row": one.row, "attributes": one.attributes}
                spool.append(one.pixels, entry, one.digest, one.hash)
            else:
                spool.leave_out(dataclasses.asdict(one))
        spool.reached(position, mark)
    spool.finish(position, mark)


def judge(
    spool: Spool, rejected: Path, repeats: Iterable[tuple[Repeat, str, str]]
) -> npt.NDArray[np.intp]:
    """Write the file of the pictures left out; return the indices of those to keep.

    The repeats come with the names of the picture and of what it repeats.
    """
    kept = np.ones(len(spool), np.bool_)
    with new_text(rejected) as file:
        file.writelines(spool.rejected())
        for repeat, source, original in repeats:
            kept[repeat.index] = False
            write_row(file, {"source": source, "reason": repeat.reason, "repeats": original})
    return np.flatnonzero(kept)


def save_plan(spool: Spool, kept: npt.NDArray[np.intp], held_out: npt.NDArray[np.bool_]) -> None:
    """Keep what becomes of each picture, so that an interruption does not lose it."""
    plan = np.zeros(len(spool), np.int8)
    plan[kept] = np.where(held_out, HELD_OUT, TRAIN)
    with atomic_file(spool.plan) as partial, partial.open("wb") as file:
        np.save(file, plan)


def count_reasons(rejected: Path) -> dict[str, int]:
    """How many pictures were left out, by reason, in the order of the reasons."""
    counts = Counter(row["reason"] for row in json_lines(rejected, LeftOutRecord))
    return {str(reason): counts[reason] for reason in Reason if counts[reason]}


def fingerprint_of(shape: Sequence[int], digests: npt.NDArray[np.uint8], plan: Plan) -> str:
    """sha256 over the sha256 of all pictures and their split: the training pictures first."""
    fingerprint = hashlib.sha256(json.dumps(shape).encode())
    for number, split in ((TRAIN, b"train"), (HELD_OUT, b"held_out")):
        for index in np.flatnonzero(plan == number):
            fingerprint.update(digests[index].tobytes() + split)
    return fingerprint.hexdigest()


def _in_words(counts: Mapping[str, int]) -> str:
    if not counts:
        return "the source is empty"
    most = sorted(counts.items(), key=lambda each: -each[1])
    parts = ", ".join(f"{count:,} {reason}" for reason, count in most)
    return f"all were rejected ({parts})"


@contextlib.contextmanager
def explained(out: Path, otherwise: str = "choose another place with --out") -> Iterator[None]:
    """Explain in one line why `out` could not be written, and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EEXIST:
            refuse_existing(out)  # another process has made it meanwhile
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            problem = f"no space left while writing {out}; make room, or {otherwise}"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            problem = f"no permission to write {out}; {otherwise}"
        else:
            problem = f"cannot write {out}: {error.strerror or error}"
        raise KaoganError(problem) from None
