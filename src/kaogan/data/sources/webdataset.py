"""WebDataset: TAR archives in which the files about one picture lie behind each other.

`000017.jpg`, `000017.json` and `000017.cls` belong together. Only the picture is an item.
"""

from collections.abc import Iterable, Iterator

from kaogan.data.sources.base import PICTURES, Item

MOST_SIDE_FILES = 16
"""Files in front of a picture of the same key; more are no side files."""


def without_side_files(items: Iterable[Item]) -> Iterator[Item]:
    """The entries of an archive, without those that only say something about a picture.

    A file is one if its name up to the first dot is that of a picture beside it.
    """
    key, pictured, waiting = None, False, list[Item]()
    for item in items:
        folder, slash, name = item.name.rpartition("/")
        if (mine := folder + slash + name.split(".")[0]) != key:
            yield from waiting
            key, pictured, waiting = mine, False, []
        if name.lower().endswith(PICTURES):
            yield item
            pictured, waiting = True, []
        elif not pictured:
            waiting.append(item)
            if len(waiting) > MOST_SIDE_FILES:
                yield from waiting
                waiting = []
    yield from waiting
