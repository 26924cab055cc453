"""The DATASET folder: opening it.

    images.npy       uint8, N x H x W x C: the training pictures, then the held-out ones
    manifest.jsonl   one row for each picture, in the same order: source, sha256, split, ...
    rejected.jsonl   pictures that were left out, why, and what they repeat
    dataset.json     version, size, counts, how it was made, fingerprint

Some data sets have more: `attributes.jsonl`, one row for each picture, in the same order. A large
one has several shards: `images-00000.npy`, `manifest-00000.jsonl` and so on, each as above. Its
training pictures are those of all shards, one shard behind the other, and so are the held-out ones.
So the order of the pictures, and the fingerprint, do not depend on where a shard ends.

What is known of the pictures is in the files of `kaogan.data.label_files`, if anything is.
"""

import contextlib
import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kaogan.data.label_files import LabelArray, open_labels, read_labels_record
from kaogan.data.reasons import in_one_line
from kaogan.data.records import (
    LeftOutRecord,
    PictureRecord,
    SummaryRecord,
    WrittenRecord,
)
from kaogan.data.shards import (
    IMAGES,
    Part,
    Shard,
    joined,
)
from kaogan.errors import KaoganError, UsageError, typed
from kaogan.images import PictureArray
from kaogan.labels import Attribute
from kaogan.limits import LONGEST_LINE
from kaogan.records import Record, checked, parse_json, read_json

VERSION = 2
"""Of data sets with several shards; those with one are of version 1, as they always were."""

MANIFEST, REJECTED, SUMMARY = "manifest.jsonl", "rejected.jsonl", "dataset.json"


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
        train_labels: the codes of the training pictures, N x A, float32, read-only and
            memory-mapped; NaN where a value is unknown (see `kaogan.labels`).
        held_out_labels: those of the held-out pictures, likewise.
        attributes: what the A columns of labels are about; none of a data set without labels.
        labels_fingerprint: sha256 over the attributes and codes; None without labels.
        part: what part of the data set they are; None: all of it. Then `train` and `held_out` are
            the pictures of this part, and so are their labels; all else is about the whole data
            set.

    """

    path: Path
    size: int
    channels: int
    fingerprint: str
    train: PictureArray
    held_out: PictureArray
    summary: Mapping[str, Any]
    shards: Sequence[Shard]
    train_labels: LabelArray
    held_out_labels: LabelArray
    attributes: tuple[Attribute, ...] = ()
    labels_fingerprint: str | None = None
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


def open_dataset(
    path: Path | str,
    fingerprint: str | None = None,
    part: Part | None = None,
    labels: bool = True,
) -> Dataset:
    """Open a data set.

    Args:
        path: the folder.
        fingerprint: of an earlier state: then the pictures that were added later are left out. By
            default, and if it has no such state, all are there.
        part: the shards to open. The files of the others may be missing.
        labels: read the labels, too. Without, it is opened as one that has none.

    Raises:
        UsageError: it has fewer shards than there shall be parts.
        KaoganError: there is none at `path`, it or its labels are damaged, or a newer kaogan made
            it.

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
    known = read_labels_record(path) if labels else None
    labels_fingerprint = known.fingerprint(shards) if known else None
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
    train_labels, held_out_labels = open_labels(path, known, shards)
    return Dataset(
        path,
        size,
        channels,
        summary["fingerprint"],
        train,
        held_out,
        summary,
        shards,
        train_labels,
        held_out_labels,
        known.attributes if known else (),
        labels_fingerprint,
        part,
    )


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
