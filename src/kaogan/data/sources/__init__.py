"""Where pictures come from. Every kind of source is in the registry `sources`."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

# The order is that in which kinds are asked: folders claim every folder, so they come last.
from kaogan.data.sources import archives, arrays, arrow, folder, parquet  # noqa: F401
from kaogan.data.sources.base import Item, Source, printable, source_of, sources
from kaogan.data.sources.remote import Address, Remote
from kaogan.errors import KaoganError, UsageError

__all__ = [
    "Address",
    "Item",
    "Place",
    "Source",
    "check_place",
    "count_items",
    "find_source",
    "places",
    "read_items",
    "source_labels",
    "sources",
]

Place = Path | Address
"""Where a source is."""

MOST_PLACES = 100_000
"""Places that one pattern may stand for."""


def places(names: Sequence[Path | str]) -> list[Place]:
    """The places that names stand for. `shards-{000..009}.tar` stands for ten, `{a,b}.zip` for two.

    Raises:
        UsageError: a pattern stands for too many, or an address is of an unknown kind.

    """
    found: list[Place] = []
    for name in names:
        if isinstance(name, Path) or os.path.lexists(name):
            found.append(Path(name))
        else:
            found += [Address(one) if "://" in one else Path(one) for one in _braces(name)]
    return found


def _braces(pattern: str) -> list[str]:
    """A pattern with braces, expanded as a shell does it, from left to right."""
    match = re.search(r"\{(?:([0-9]+)\.\.([0-9]+)|([^{}]*,[^{}]*))\}", pattern)
    if match is None:
        return [pattern]
    first, last, listed = match.groups()
    if listed is None:
        numbers = range(int(first), int(last) + 1)
        if len(numbers) > MOST_PLACES:
            raise UsageError(f"{pattern} stands for more than {MOST_PLACES:,} files; use a folder")
        width = len(first) if first.startswith("0") else 0
        inside = [f"{number:0{width}}" for number in numbers]
    else:
        inside = listed.split(",")
    rest = _braces(pattern[match.end() :])
    if len(inside) * len(rest) > MOST_PLACES:
        raise UsageError(f"{pattern} stands for more than {MOST_PLACES:,} files; use a folder")
    return [f"{pattern[: match.start()]}{one}{end}" for one in inside for end in rest]


def find_source(path: Path) -> Source:
    """The kind of source that `path` is.

    Raises:
        KaoganError: `path` does not exist, or is no source.

    """
    try:
        exists = path.exists()
    except OSError as error:
        raise KaoganError(f"cannot read {path}: {error.strerror}") from None
    if not exists:
        raise KaoganError(f"{path} does not exist; check the path")
    source = source_of(path)
    if source is None:
        raise KaoganError(
            f"{path} is no source of pictures; give a folder, a picture, or a .zip, .tar (.gz, "
            ".bz2, .xz, .zst), .parquet, .arrow, .npy or .npz file"
        )
    return source


def check_place(place: Place) -> None:
    """Raise a KaoganError if there is no source at `place`."""
    if isinstance(place, Address):
        Remote(place)
    else:
        find_source(place)


def count_items(places: Sequence[Place]) -> int | None:
    """The number of items that `read_items` will give, or None where counting is expensive."""
    counts = [
        None if isinstance(place, Address) else find_source(place).count(place) for place in places
    ]
    return None if None in counts else sum(count or 0 for count in counts)


def read_items(places: Sequence[Place]) -> Iterator[Item]:
    """The items of all sources, one source after another; names begin with the source's label.

    Raises:
        KaoganError: a source as a whole cannot be read.

    """
    for place, label in zip(places, source_labels(places), strict=True):
        for item in _items(place):
            yield Item(printable(f"{label}/{item.name}".rstrip("/")), item.content)


def _items(place: Place) -> Iterator[Item]:
    if isinstance(place, Address):
        return Remote(place).items()
    return find_source(place).items(place)


def source_labels(places: Sequence[Place]) -> list[str]:
    """A short and unique name for each source, without its folder."""
    labels: dict[str, None] = {}
    counts: Counter[str] = Counter()
    for place in places:
        name = (place if isinstance(place, Address) else place.resolve()).name or "root"
        label = name
        while label in labels:
            counts[name] += 1
            label = f"{name} ({counts[name] + 1})"
        labels[label] = None
    return list(labels)
