"""Where pictures come from. Every kind of source is in the registry `sources`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from kaogan.data.sources import archives, arrays, folder, parquet  # noqa: F401
from kaogan.data.sources.base import Item, Source, printable, source_of, sources
from kaogan.errors import KaoganError

__all__ = ["Item", "Source", "count_items", "find_source", "read_items", "sources"]


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
            ".bz2, .xz, .zst), .parquet, .npy or .npz file"
        )
    return source


def count_items(paths: Sequence[Path]) -> int | None:
    """The number of items that `read_items` will give, or None where counting is expensive."""
    counts = [find_source(path).count(path) for path in paths]
    return None if None in counts else sum(count or 0 for count in counts)


def read_items(paths: Sequence[Path]) -> Iterator[Item]:
    """The items of all sources, one source after another; names begin with the source's label.

    Raises:
        KaoganError: a source as a whole cannot be read.

    """
    for path, label in zip(paths, source_labels(paths), strict=True):
        for item in find_source(path).items(path):
            yield Item(printable(f"{label}/{item.name}".rstrip("/")), item.content)


def source_labels(paths: Sequence[Path]) -> list[str]:
    """A short and unique name for each source, without its folder."""
    labels: list[str] = []
    for path in paths:
        name = path.resolve().name or "root"
        repeats = sum(label == name or label.startswith(f"{name} (") for label in labels)
        labels.append(f"{name} ({repeats + 1})" if repeats else name)
    return labels
