"""The DATASET folder: opening it, and writing it, completely or not at all.

    images.npy       uint8, N x H x W x C: the training pictures, then the held-out ones
    manifest.jsonl   one row for each picture, in the same order: source, sha256, split, ...
    rejected.jsonl   pictures that were left out, why, and what they repeat
    dataset.json     version, size, counts, how it was made, fingerprint

Some data sets have more: `attributes.jsonl`, one row for each picture, in the same order.
"""

import contextlib
import dataclasses
import errno
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import numpy as np
import numpy.lib.format as npy
import numpy.typing as npt
from pydantic import ConfigDict, Field

from kaogan.data.reasons import Reason, in_one_line
from kaogan.data.split import choose_held_out
from kaogan.data.spool import Spool
from kaogan.errors import KaoganError, typed
from kaogan.files import atomic_folder, remove_partials
from kaogan.images import Pixels
from kaogan.limits import LONGEST_LINE
from kaogan.records import Count, Number, Record, Text, checked, parse_json, read_json

VERSION = 1
IMAGES, MANIFEST, REJECTED = "images.npy", "manifest.jsonl", "rejected.jsonl"
ATTRIBUTES, SUMMARY = "attributes.jsonl", "dataset.json"


class WrittenRecord(Record):
    """`dataset.json` before its version is known."""

    model_config = ConfigDict(extra="allow")

    version: Count


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

    """

    path: Path
    size: int
    channels: int
    fingerprint: str
    train: Pixels
    held_out: Pixels
    summary: Mapping[str, Any]

    def __len__(self) -> int:
        """The number of training pictures."""
        return len(self.train)

    def manifest(self) -> Iterator[dict[str, Any]]:
        """The rows of the manifest: one for each picture of `train`, then of `held_out`.

        Raises a KaoganError, as `rejected`, if the file is damaged.
        """
        return json_lines(self.path / MANIFEST, PictureRecord)

    def rejected(self) -> Iterator[dict[str, Any]]:
        """The pictures left out: rows of source, reason, and detail or the repeated picture."""
        return json_lines(self.path / REJECTED, LeftOutRecord)


@dataclass(frozen=True)
class Picture:
    """A picture to write. All pictures of a data set have attributes, or none."""

    pixels: Pixels  # size x size x channels
    row: Mapping[str, Any]  # for the manifest: at least `source`; sha256 and split are added
    attributes: Mapping[str, Any] | None = None


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


FindRepeats = Callable[[Spool], Sequence[Repeat]]


def open_dataset(path: Path | str) -> Dataset:
    """Open a data set.

    Raises:
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
    size, channels, train = about.size, about.channels, about.train
    with _reading(path, IMAGES):
        images = np.load(path / IMAGES, mmap_mode="r", allow_pickle=False)
        wanted = (train + about.held_out, size, size, channels)
        if images.dtype != np.uint8 or images.shape != wanted:
            raise ValueError(f"{images.dtype} {images.shape}")
    for name in (MANIFEST, REJECTED):
        with _reading(path, name):
            if not (path / name).is_file():
                raise ValueError("it is missing")
    summary = about.model_dump(exclude_unset=True)
    return Dataset(path, size, channels, about.fingerprint, images[:train], images[train:], summary)


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
            yield parse_json(line, kind).model_dump(exclude_unset=True)


def write_dataset(
    out: Path,
    pictures: Iterable[Picture | LeftOutPicture],
    *,
    size: int,
    channels: int,
    about: Mapping[str, Any],
    find_repeats: FindRepeats | None = None,
) -> Dataset:
    """Write a data set at `out`, which must not exist, and open it.

    This is the only writer. It leaves out what `find_repeats` finds, chooses the held-out pictures
    by the hash of their content, puts the training pictures first, and keeps the order otherwise.
    The pictures are never all in memory. `about` becomes part of `dataset.json`.

    Raises:
        KaoganError: `out` exists or cannot be written, no space is left, or there is no picture.

    """
    refuse_existing(out)
    with _explained(out):
        remove_partials(out)
        with atomic_folder(out) as folder:
            with (
                Spool(folder, (size, size, channels)) as spool,
                _create(folder, REJECTED) as rejected,
            ):
                kept, counts = _collect(pictures, spool, rejected, find_repeats)
                if len(kept) == 0:
                    raise KaoganError(f"no usable picture: {_in_words(counts)}")
                held_out = choose_held_out(spool.digests()[kept])
                train = int((~held_out).sum())
                order = np.concatenate([kept[~held_out], kept[held_out]])
                fingerprint = _write_pictures(folder, spool, order, train)
            summary = {
                "version": VERSION,
                "size": size,
                "channels": channels,
                "train": train,
                "held_out": len(kept) - train,
                "rejected": {str(reason): counts[reason] for reason in Reason if counts[reason]},
                "fingerprint": fingerprint,
                **about,
            }
            with _create(folder, SUMMARY) as file:
                file.write(json.dumps(summary, indent=2) + "\n")
    return open_dataset(out)


def refuse_existing(out: Path) -> None:
    """Raise a KaoganError if there is something at `out`."""
    if os.path.lexists(out):
        raise KaoganError(f"{out} exists already; choose another name, or delete it first")


def _collect(
    pictures: Iterable[Picture | LeftOutPicture],
    spool: Spool,
    rejected: IO[str],
    find_repeats: FindRepeats | None,
) -> tuple[npt.NDArray[np.intp], Counter[Reason]]:
    """Fill the spool and write the rejected rows; return the indices to keep, and the counts."""
    counts: Counter[Reason] = Counter()
    for picture in pictures:
        if isinstance(picture, Picture):
            spool.append(picture.pixels, {"row": picture.row, "attributes": picture.attributes})
        else:
            counts[picture.reason] += 1
            _write_row(rejected, dataclasses.asdict(picture))
    repeats = find_repeats(spool) if find_repeats else ()
    for repeat in repeats:
        counts[repeat.reason] += 1
        source, original = (spool.row(i)["row"]["source"] for i in (repeat.index, repeat.original))
        _write_row(rejected, {"source": source, "reason": repeat.reason, "repeats": original})
    return np.delete(np.arange(len(spool)), [repeat.index for repeat in repeats]), counts


def _create(folder: Path, name: str) -> IO[str]:
    """A new text file, the same on every system."""
    return (folder / name).open("w", encoding="utf-8", newline="\n")


def _write_row(file: IO[str], row: Mapping[str, Any]) -> None:
    file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _write_pictures(folder: Path, spool: Spool, order: npt.NDArray[np.intp], train: int) -> str:
    """Write images, manifest and attributes in this order; return the fingerprint."""
    digests = spool.digests()
    fingerprint = hashlib.sha256(json.dumps(spool.shape).encode())
    with contextlib.ExitStack() as stack:
        images = stack.enter_context((folder / IMAGES).open("wb"))
        header = {"descr": "|u1", "fortran_order": False, "shape": (len(order), *spool.shape)}
        npy.write_array_header_1_0(images, header)
        manifest = stack.enter_context(_create(folder, MANIFEST))
        attributes = None
        for place, index in enumerate(order):
            split = "train" if place < train else "held_out"
            digest = digests[index].tobytes()
            fingerprint.update(digest + split.encode())
            images.write(spool.pictures([index]).data)
            entry = spool.row(index)
            _write_row(manifest, {**entry["row"], "sha256": digest.hex(), "split": split})
            if entry["attributes"] is not None:
                attributes = attributes or stack.enter_context(_create(folder, ATTRIBUTES))
                _write_row(attributes, entry["attributes"])
    return fingerprint.hexdigest()


def _in_words(counts: Counter[Reason]) -> str:
    if not counts:
        return "the source is empty"
    parts = ", ".join(f"{count:,} {reason}" for reason, count in counts.most_common())
    return f"all were rejected ({parts})"


@contextlib.contextmanager
def _explained(out: Path) -> Iterator[None]:
    """Explain in one line why `out` could not be written."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EEXIST:
            refuse_existing(out)  # another process has made it meanwhile
        elsewhere = "choose another place with --out"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            problem = f"no space left while writing {out}; make room, or {elsewhere}"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            problem = f"no permission to write {out}; {elsewhere}"
        else:
            problem = f"cannot write {out}: {error.strerror or error}"
        raise KaoganError(problem) from None
