"""The DATASET folder: opening it, and writing it, completely or not at all.

    images.npy       uint8, N x H x W x C: the training pictures, then the held-out ones
    manifest.jsonl   one row for each picture, in the same order: source, sha256, split, ...
    rejected.jsonl   pictures that were left out, why, and what they repeat
    dataset.json     version, size, counts, how it was made, fingerprint

Some data sets have more: `attributes.jsonl`, one row for each picture, in the same order. A large
one has several shards: `images-00000.npy`, `manifest-00000.jsonl` and so on, each as above. Its
training pictures are those of all shards, one shard behind the other, and so are the held-out ones.
So the order of the pictures, and the fingerprint, do not depend on where a shard ends.
"""

import contextlib
import dataclasses
import errno
import hashlib
import itertools
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field

from kaogan.data.reasons import Reason, in_one_line
from kaogan.data.shards import (
    HELD_OUT,
    IMAGES,
    TRAIN,
    Part,
    Plan,
    Shard,
    joined,
    new_text,
    write_row,
    write_shards,
)
from kaogan.data.split import choose_held_out
from kaogan.data.spool import Spool
from kaogan.errors import KaoganError, UsageError, typed
from kaogan.files import atomic_file, atomic_folder, remove_partials, resumable_folder
from kaogan.images import PictureArray, Pixels
from kaogan.limits import LONGEST_LINE
from kaogan.records import Count, Number, Record, Text, checked, parse_json, read_json

VERSION = 2
"""Of data sets with several shards; those with one are of version 1, as they always were."""

MANIFEST, REJECTED, SUMMARY = "manifest.jsonl", "rejected.jsonl", "dataset.json"
SPOOL = "spool"


class WrittenRecord(Record):
    """`dataset.json` before its version is known."""

    model_config = ConfigDict(extra="allow")

    version: Count


class ShardRecord(Record):
    """A file of pictures in `dataset.json`."""

    images: Text
    train: Count
    held_out: Count


class BeforeRecord(Record):
    """What a data set was before pictures were added, in `dataset.json`."""

    fingerprint: Text
    shards: Annotated[int, Field(ge=1, le=10**6, strict=True)]
    rejected: dict[Text, Count]
    sources: list[Text]


class SummaryRecord(Record):
    """`dataset.json`. What else is in it is shown, and not used."""

    model_config = ConfigDict(extra="allow")

    version: Count
    size: Annotated[int, Field(ge=1, le=4096, strict=True)]
    channels: Literal[1, 3]
    train: Count
    held_out: Count
    rejected: dict[Text, Count]
    fingerprint: Text
    sources: list[Text] = Field(default_factory=list)
    filter: Text = ""
    crop: Text = ""
    margin: Number = 0.0
    fit: Text = ""
    background: Text = ""
    min_size: Count = 0
    max_pixels: Count = 0
    duplicates: Text = ""
    licence: Text = ""
    seed: Count = 0
    shards: list[ShardRecord] = Field(default_factory=list)
    before: list[BeforeRecord] = Field(default_factory=list)


Side = Annotated[int, Field(ge=1, le=2**31, strict=True)]


class PictureRecord(Record):
    """A row of the manifest."""

    model_config = ConfigDict(extra="allow")

    source: Text
    sha256: Text
    split: Literal["train", "held_out"]
    original_size: list[Side] = Field(default_factory=list, min_length=2, max_length=2)
    box: list[Count] = Field(default_factory=list, min_length=4, max_length=4)


class LeftOutRecord(Record):
    """A row of the pictures left out."""

    source: Text
    reason: Text
    detail: Text = ""
    repeats: Text = ""


@dataclass(frozen=True, eq=False)  # arrays have no simple equality; compare the fingerprints
class Dataset:
    """A prepared data set, opened. Pictures are uint8, H x W x C, and are read when they are used.

    Args:
        path: the folder.
        size: height and width of every picture, in pixels.
        channels: 1 (grey) or 3 (RGB).
        fingerprint: sha256 over all pictures and their split.
        train: the training pictures, N x H x W x C, read-only and memory-mapped.
        held_out: the pictures set aside for evaluation, likewise.
        summary: the contents of `dataset.json`.
        shards: the files that are open.
        part: what part of the data set they are; None: all of it. Then `train` and `held_out` are
            the pictures of this part, and all else is about the whole data set.

    """

    path: Path
    size: int
    channels: int
    fingerprint: str
    train: PictureArray
    held_out: PictureArray
    summary: Mapping[str, Any]
    shards: Sequence[Shard]
    part: Part | None = None

    def __len__(self) -> int:
        """The number of training pictures."""
        return len(self.train)

    def manifest(self) -> Iterator[dict[str, Any]]:
        """The rows of the manifest: one for each picture of `train`, then of `held_out`.

        Raises a KaoganError, as `rejected`, if the file is damaged.
        """
        for shard in self.shards:
            rows = json_lines(self.path / shard.manifest, PictureRecord)
            yield from itertools.islice(rows, shard.train)
        for shard in self.shards:
            rows = json_lines(self.path / shard.manifest, PictureRecord)
            yield from itertools.islice(rows, shard.train, None)

    def added_since(self, fingerprint: str) -> int | None:
        """How many pictures were added since the data set had this fingerprint, if it ever had."""
        for state in self.summary.get("before", ()):
            if state["fingerprint"] == fingerprint:
                later = self.shards[state["shards"] :]
                return sum(shard.train + shard.held_out for shard in later)
        return None

    def rejected(self) -> Iterator[dict[str, Any]]:
        """The pictures left out: rows of source, reason, and detail or the repeated picture."""
        for addition in range(1 + len(self.summary.get("before", ()))):
            yield from json_lines(self.path / rejected_name(addition), LeftOutRecord)


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


def open_dataset(
    path: Path | str, fingerprint: str | None = None, part: Part | None = None
) -> Dataset:
    """Open a data set.

    Args:
        path: the folder.
        fingerprint: of an earlier state: then the pictures that were added later are left out. By
            default, and if it has no such state, all are there.
        part: the shards to open. The files of the others may be missing.

    Raises:
        UsageError: it has fewer shards than there shall be parts.
        KaoganError: there is none at `path`, it is damaged, or a newer kaogan made it.

    """
    path = Path(path)
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise KaoganError(
            f"{path} {what}; a data set is a folder that this makes: "
            f"kaogan data prepare SOURCE --out {typed(path)}"
        )
    if not is_dataset(path):
        raise KaoganError(
            f"{path} is not a prepared data set; run: "
            f"kaogan data prepare {typed(path)} --out DATASET"
        )
    with _reading(path, SUMMARY):
        written = read_json(path / SUMMARY, WrittenRecord)
        if written.version > VERSION:
            raise KaoganError(f"{path} was made by a newer kaogan; upgrade, or prepare it again")
        about = checked(written.model_dump(), SummaryRecord)
        summary: Mapping[str, Any] = about.model_dump(exclude_unset=True)
        shards = _shards_of(summary)
        summary = _as_it_was(summary, shards, fingerprint)
        shards = shards[: len(summary.get("shards", "1"))]
    size, channels = about.size, about.channels
    if part is not None:
        if part.parts > len(shards):
            raise UsageError(
                f"{path} has {len(shards)} shards, too few for {part.parts} parts; use fewer parts"
            )
        shards = part.of(shards)
    images = []
    for shard in shards:
        with _reading(path, shard.images):
            images.append(shard.open(path, (size, size, channels)))
    additions = len(summary.get("before", ()))
    rejected = [rejected_name(addition) for addition in range(1 + additions)]
    for name in (*(shard.manifest for shard in shards), *rejected):
        with _reading(path, name):
            if not (path / name).is_file():
                raise ValueError("it is missing")
    train = joined([each[: shard.train] for each, shard in zip(images, shards, strict=True)])
    held_out = joined([each[shard.train :] for each, shard in zip(images, shards, strict=True)])
    fingerprint = summary["fingerprint"]
    return Dataset(path, size, channels, fingerprint, train, held_out, summary, shards, part)


def _shards_of(summary: Mapping[str, Any]) -> list[Shard]:
    """The shards that `dataset.json` names. A data set of version 1 has one."""
    counts = {"train": summary["train"], "held_out": summary["held_out"]}
    rows = summary.get("shards", [{"images": IMAGES, **counts}])
    shards = [Shard(row["images"], row["train"], row["held_out"]) for row in rows]
    totals = {name: sum(getattr(shard, name) for shard in shards) for name in counts}
    if not shards or totals != counts or len({shard.images for shard in shards}) < len(shards):
        raise ValueError("its shards do not fit its counts")
    return shards


def _as_it_was(
    summary: Mapping[str, Any], shards: Sequence[Shard], fingerprint: str | None
) -> Mapping[str, Any]:
    """The summary at the time of a fingerprint, before pictures were added."""
    before = summary.get("before", [])
    for number, state in enumerate(before):
        if state["fingerprint"] == fingerprint:
            if not 0 < state["shards"] <= len(shards):
                raise ValueError("impossible values")
            kept = shards[: state["shards"]]
            return {
                **summary,
                "fingerprint": fingerprint,
                "shards": [dataclasses.asdict(shard) for shard in kept],
                "train": sum(shard.train for shard in kept),
                "held_out": sum(shard.held_out for shard in kept),
                "rejected": state["rejected"],
                "sources": state["sources"],
                "before": before[:number],
            }
    return summary


def rejected_name(addition: int) -> str:
    """The file with the pictures left out of the first sources, or of addition 1, 2, ..."""
    return f"rejected-{addition:05}.jsonl" if addition else REJECTED


@contextlib.contextmanager
def _reading(path: Path, name: str) -> Iterator[None]:
    """Explain in one line why the file `name` of a data set cannot be read."""
    try:
        yield
    except PermissionError:
        raise KaoganError(f"no permission to read {path}") from None
    except (OSError, ValueError, EOFError) as error:
        raise KaoganError(
            f"the data set {path} is damaged ({name}: {in_one_line(error)}); "
            "delete it and prepare it again"
        ) from None


def is_dataset(path: Path | str) -> bool:
    """Is there a prepared data set at `path`, even a damaged one?"""
    return (Path(path) / SUMMARY).is_file()


def json_lines(path: Path, kind: type[Record]) -> Iterator[dict[str, Any]]:
    """The rows of a data set's .jsonl file, one at a time.

    Raises a KaoganError if the file is damaged.
    """
    with _reading(path.parent, path.name), path.open("rb") as lines:
        while line := lines.readline(LONGEST_LINE):
            yield parse_json(line, kind).model_dump(mode="json", exclude_unset=True)


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
