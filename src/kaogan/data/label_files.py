"""The labels of a DATASET on the disk.

    labels.json   the attributes, where their values came from, and a digest of each file of codes
    labels.npy    float32, N x A: a row of codes for each picture of `images.npy`, in its order

Each shard has a file of codes: `labels-00000.npy` beside `images-00000.npy`. `kaogan.labels` tells
what codes are. Pictures that were added after the labels have no file: nothing is known of them.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, cast

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from kaogan.data.reasons import in_one_line
from kaogan.data.shards import Shard, Shards, joined, mapped
from kaogan.errors import KaoganError, typed
from kaogan.files import atomic_file, fsync, remove_all_partials
from kaogan.labels import MOST_ATTRIBUTES, Attribute
from kaogan.records import Number, Record, Text, Versioned, checked, read_json
from kaogan.version import __version__

FORMAT = 1
LABELS = "labels.json"

CHUNK = 65_536
"""Rows of codes that are checked at a time."""

Codes = npt.NDArray[np.float32]
LabelArray = Codes | Shards
"""Rows of codes to read, N x A, float32: an array, or several files that read like one."""


@dataclass(frozen=True)
class Labels:
    """What is known of the pictures of a data set.

    Args:
        attributes: what is known.
        codes: N x A, float32: of the training pictures, then of the held-out ones.
        ranges: of numbers that were scaled: what became 0, and what became 1.
        left_out: names of other attributes that could have been kept.

    """

    attributes: tuple[Attribute, ...]
    codes: Codes
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def kept(self, names: Iterable[str]) -> "Labels":
        """Only the attributes of these names, in the order of this."""
        wanted = set(names)
        places = [i for i, each in enumerate(self.attributes) if each.name in wanted]
        return Labels(
            tuple(self.attributes[place] for place in places),
            self.codes[:, places],
            {name: span for name, span in self.ranges.items() if name in wanted},
        )


class Origin(Record):
    """Where labels came from: the options of `kaogan data label`."""

    sources: tuple[Text, ...] = ()
    keep: tuple[Text, ...] = ()
    folder: Text = ""

    def command(self, path: Path) -> str:
        """The command that makes the labels again."""
        words = ["kaogan data label", typed(path)]
        words += [f"--labels {typed(source)}" for source in self.sources]
        words += [f"--keep {typed(','.join(self.keep))}"] if self.keep else []
        words += [f"--from {typed(self.folder)}"] if self.folder else []
        return " ".join(words)


class LabelsRecord(Origin):
    """`labels.json`."""

    attributes: Annotated[tuple[Attribute, ...], Field(min_length=1, max_length=MOST_ATTRIBUTES)]
    ranges: dict[Text, tuple[Number, Number]] = Field(default_factory=dict)
    digests: dict[Text, Text]
    """sha256 of the codes in each file."""

    @model_validator(mode="after")
    def _fits(self) -> "LabelsRecord":
        names = [attribute.name for attribute in self.attributes]
        if len(set(names)) < len(names):
            raise ValueError("two attributes have one name")
        return self

    def fingerprint(self, shards: Sequence[Shard]) -> str:
        """sha256 over the attributes and the codes of these shards.

        It is that of an earlier state for the shards that a data set had then.
        """
        known = [self.digests.get(shard.labels, "unknown") for shard in shards]
        counts = [[shard.train, shard.held_out] for shard in shards]
        schema = [attribute.model_dump() for attribute in self.attributes]
        return hashlib.sha256(json.dumps([schema, counts, known]).encode()).hexdigest()


def read_labels_record(path: Path) -> LabelsRecord | None:
    """`labels.json` of the data set at `path`; None if it has no labels.

    Raises:
        KaoganError: it is damaged, or a newer kaogan wrote it.

    """
    if not (path / LABELS).is_file():
        return None
    with _reading(path, LABELS):
        written = read_json(path / LABELS, Versioned)
        if written.format > FORMAT:
            raise KaoganError(f"a newer kaogan wrote the labels of {path}; upgrade kaogan")
        return checked(written.model_dump(), LabelsRecord)


def open_labels(
    path: Path, about: LabelsRecord | None, shards: Sequence[Shard]
) -> tuple[LabelArray, LabelArray]:
    """The codes of the training and of the held-out pictures of these shards, memory-mapped.

    Raises:
        KaoganError: a file is missing or damaged.

    """
    found = [_open(path, about, shard) for shard in shards]
    train = joined([codes[: shard.train] for codes, shard in zip(found, shards, strict=True)])
    held_out = joined([codes[shard.train :] for codes, shard in zip(found, shards, strict=True)])
    return cast(LabelArray, train), cast(LabelArray, held_out)


def _open(path: Path, about: LabelsRecord | None, shard: Shard) -> Codes:
    shape = (shard.train + shard.held_out, len(about.attributes) if about else 0)
    if about is None or shard.labels not in about.digests:
        return np.broadcast_to(np.float32(np.nan), shape)  # without memory
    with _reading(path, shard.labels):
        codes: Codes = mapped(path / shard.labels)
        if codes.dtype != np.float32 or codes.shape != shape:
            raise ValueError(f"{codes.dtype} {codes.shape}")
        if _digest(codes) != about.digests[shard.labels]:
            raise ValueError(f"not the codes that {LABELS} is about")
        check_codes(about.attributes, codes)
        return codes


def check_codes(attributes: Sequence[Attribute], codes: Codes) -> None:
    """Raise a ValueError if a code is none of its attribute."""
    for rows in _chunks(codes):
        for attribute, column in zip(attributes, rows.T, strict=True):
            known = column[~np.isnan(column)]
            most = 1 if attribute.kind == "number" else attribute.entries - 1
            whole = attribute.kind == "number" or (known == np.floor(known)).all()
            if not whole or (known < 0).any() or (known > most).any():
                raise ValueError(f"impossible values of {attribute.name}")


def write_labels(path: Path, shards: Sequence[Shard], labels: Labels, origin: Origin) -> None:
    """Write the labels of a data set; those that it had are replaced, all at once.

    If the process is killed at the worst moment, there are none.

    Raises:
        OSError: they cannot be written.

    """
    check_codes(labels.attributes, labels.codes)
    files = {shard.labels: codes for shard, codes in _by_shard(labels.codes, shards)}
    digests = {name: _digest(codes) for name, codes in files.items()}
    about = LabelsRecord(
        **origin.model_dump(),
        attributes=labels.attributes,
        ranges=dict(labels.ranges),
        digests=digests,
    )
    content = {
        "format": FORMAT,
        "kaogan": __version__,
        **about.model_dump(mode="json"),
        "fingerprint": about.fingerprint(shards),
    }
    remove_all_partials(path)
    with contextlib.ExitStack() as stack:  # what is opened first is renamed last
        summary = stack.enter_context(atomic_file(path / LABELS))
        summary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8", newline="\n")
        for name, codes in files.items():
            partial = stack.enter_context(atomic_file(path / name))
            with partial.open("wb") as file:
                np.save(file, codes, allow_pickle=False)
            fsync(partial)  # here already, so that the renaming takes no time
        (path / LABELS).unlink(missing_ok=True)  # it is not about the new codes


def _by_shard(codes: Codes, shards: Sequence[Shard]) -> Iterator[tuple[Shard, Codes]]:
    train, held_out = 0, sum(shard.train for shard in shards)
    for shard in shards:
        parts = codes[train : train + shard.train], codes[held_out : held_out + shard.held_out]
        yield shard, np.ascontiguousarray(np.concatenate(parts), np.dtype("<f4"))
        train, held_out = train + shard.train, held_out + shard.held_out


def _digest(codes: Codes) -> str:
    digest = hashlib.sha256()
    for rows in _chunks(codes):
        digest.update(np.ascontiguousarray(rows).data)
    return digest.hexdigest()


def _chunks(codes: Codes) -> Iterator[Codes]:
    for start in range(0, len(codes), CHUNK):
        yield codes[start : start + CHUNK]


@contextlib.contextmanager
def _reading(path: Path, name: str) -> Iterator[None]:
    """Explain in one line why the file `name` of the labels cannot be read."""
    try:
        yield
    except PermissionError:
        raise KaoganError(f"no permission to read {path / name}") from None
    except (OSError, ValueError) as error:
        raise KaoganError(
            f"the labels of {path} are damaged ({name}: {in_one_line(error)}); make them again: "
            f"kaogan data label {typed(path)} --labels SOURCE"
        ) from None
