"""Labels from what lies beside the pictures: their folders, and files of tags."""

import itertools
import math
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from kaogan.data.dataset import Dataset
from kaogan.data.label_files import Labels
from kaogan.data.label_tables import without_ending, word
from kaogan.errors import KaoganError
from kaogan.labels import MOST_VALUES, Attribute
from kaogan.limits import LARGEST_TAGS
from kaogan.progress import track

MOST_TAGS = 40
"""Tags that become attributes without `--keep`."""
RAREST, MOST_COMMON = 0.01, 0.99
"""As shares of the pictures; without `--keep`, other tags are left out."""


def folder_labels(dataset: Dataset) -> Labels:
    """The attribute `class`: the first folder in which the pictures differ.

    Raises:
        KaoganError: all pictures are in one folder, or in too many.

    """
    folders = [PurePosixPath(str(row["source"])).parent.parts for row in dataset.manifest()]
    shortest, longest = min(folders), max(folders)  # what these two share, all share
    depth = next(
        (i for i, (a, b) in enumerate(zip(shortest, longest, strict=False)) if a != b),
        min(len(shortest), len(longest)),
    )
    names = [parts[depth] if len(parts) > depth else None for parts in folders]
    try:
        words = {name: word(name) for name in set(names) if name is not None}
    except ValueError as error:
        raise KaoganError(f"a folder of {dataset.path}: {error}") from None
    values = tuple(sorted(set(words.values())))
    if not 2 <= len(values) <= MOST_VALUES:
        raise KaoganError(
            f"the pictures of {dataset.path} come from {len(values) or 'no'} sub-folders; labels "
            f"need 2 to {MOST_VALUES}, one for each class"
        )
    codes = [math.nan if name is None else values.index(words[name]) for name in names]
    attribute = Attribute(name="class", kind="categories", values=values)
    return Labels((attribute,), np.array(codes, np.float32)[:, None])


def tag_labels(dataset: Dataset, folder: Path, keep: Sequence[str] = ()) -> Labels:
    """A flag for each tag: yes if it is in the picture's file of tags, no if only others are.

    Args:
        dataset: a picture `a/1.png` has its tags in `folder`/a/1.txt or a/1.png.txt, with commas or
            line breaks between them, or else spaces.
        folder: from which the pictures were prepared.
        keep: tags; by default the 40 most frequent ones of 1% to 99% of the pictures.

    Raises:
        KaoganError: no picture has a file of tags, or none is left.

    """
    if not folder.is_dir():
        raise KaoganError(f"{folder} is no folder; give the folder of the pictures with --from")
    count = len(dataset.train) + len(dataset.held_out)
    seen: Counter[str] = Counter()
    tagged = 0
    with track(count, "counting tags", "pictures") as tracker:
        for tags in _tags(dataset, folder):
            seen.update(sorted(tags or ()))
            tagged += tags is not None
            tracker.advance(1)
    common = (tag for tag, n in seen.most_common() if RAREST <= n / tagged <= MOST_COMMON)
    usual = list(itertools.islice(common, MOST_TAGS))
    kept = [tag for tag in dict.fromkeys(keep or usual) if tag in seen]
    places = {tag: place for place, tag in enumerate(kept)}
    if not places and not keep:
        raise KaoganError(
            f"{folder} has no files of tags with a tag of 1% to 99% of the pictures; a picture "
            "a/1.png has its tags in a/1.txt"
        )
    codes = np.full((count, len(places)), math.nan, np.float32)
    with track(count, "reading tags", "pictures") as tracker:
        for index, tags in enumerate(_tags(dataset, folder)):
            if tags is not None:
                codes[index] = 0
                codes[index, [places[tag] for tag in tags if tag in places]] = 1
            tracker.advance(1)
    if tagged < count:
        print(
            f"note: {count - tagged:,} of {count:,} pictures have no file of tags", file=sys.stderr
        )
    if not keep:
        print(
            f"note: {len(places)} tags are kept, the most frequent ones of 1% to 99% of the "
            f"pictures: {', '.join(places)}; choose others with --keep",
            file=sys.stderr,
        )
    attributes = tuple(Attribute(name=tag, kind="flag") for tag in places)
    left_out = tuple(tag for tag in usual if tag not in places)
    return Labels(attributes, codes, left_out=left_out)


def _tags(dataset: Dataset, folder: Path) -> Iterator[set[str] | None]:
    """The tags of each picture; None of one without a file."""
    for row in dataset.manifest():
        source = PurePosixPath(str(row["source"]))
        if ".." in source.parts or source.is_absolute():  # it would lead out of the folder
            yield None
            continue
        names = ["/".join(source.parts[1:]), str(source), source.name]
        files = (
            folder / f"{each}.txt"
            for name in names
            if name
            for each in dict.fromkeys((without_ending(name), name))
        )
        file = next((file for file in files if os.path.isfile(file)), None)
        yield _read_tags(file) if file else None


def _read_tags(file: Path) -> set[str]:
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST_TAGS + 1)
        if len(content) > LARGEST_TAGS:
            raise ValueError(f"more than {LARGEST_TAGS // 1024} KB")
        text = content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise KaoganError(f"{file} is no list of tags ({error}); correct or remove it") from None
    pieces = re.split(r"[,\n]" if re.search(r"[,\n]", text.strip()) else r"\s", text)
    tags = set()
    for piece in pieces:
        try:
            tags.add(word(piece))
        except ValueError:
            continue  # a tag such as "=_=" cannot be written on a command line
    return tags
