"""`kaogan data add`: new shards behind those of a data set, which stay as they are.

The new files are written first. Then `dataset.json` is replaced, which makes them a part of the
data set, all at once. Files that it does not name, of an addition that was interrupted, are written
again by the next one.
"""

import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kaogan.data.dataset import SUMMARY, VERSION, Dataset, open_dataset, rejected_name
from kaogan.data.hashes import Hashes, perceptual_hash
from kaogan.data.shards import HELD_OUT, TRAIN, joined, write_shards
from kaogan.data.split import choose_held_out
from kaogan.data.spool import Spool
from kaogan.data.writing import (
    Repeat,
    Stream,
    count_reasons,
    explained,
    fill,
    fingerprint_of,
    judge,
    save_plan,
)
from kaogan.errors import KaoganError
from kaogan.files import kept_folder, write_text
from kaogan.images import Pixels

ADDING = "adding"
"""The key of the folder in which an addition is prepared: one at a time."""

FindMore = Callable[["Both", int], Iterable[Repeat]]


def grow(
    old: Dataset,
    stream: Stream,
    sources: Sequence[str],
    find_repeats: FindMore | None = None,
) -> Dataset:
    """Add the pictures of a stream to a data set, and open it.

    Args:
        old: the data set.
        stream: the pictures; they become the last ones.
        sources: their names, for `dataset.json`.
        find_repeats: as of `write_dataset`, with the number of pictures that are kept anyway.

    Raises:
        KaoganError: the data set cannot be written, or another process adds to it.

    """
    with (
        explained(old.path, "give the same command again"),
        _alone(old.path),
        kept_folder(old.path, ADDING, _has_shards) as folder,
    ):
        old = open_dataset(old.path)  # another process may have added something meanwhile
        stream = dataclasses.replace(stream, key=[stream.key, old.fingerprint])
        for other in folder.iterdir():
            if other.name != stream.name:
                Spool(other, (old.size, old.size, old.channels)).clear()
                other.rmdir()
        with Spool(folder / stream.name, (old.size, old.size, old.channels)) as spool:
            _add(old, spool, stream, sources, find_repeats)
            spool.clear()
    return open_dataset(old.path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Explain that another process is at work, or what is left after an interruption."""
    from filelock import Timeout  # slow to import

    try:
        yield
    except Timeout:
        raise KaoganError(f"another process adds pictures to {path}; wait for it") from None
    except BaseException:
        if _has_shards(path.with_name(f".{path.name}.partial-{ADDING}")):
            print("note: the finished shards are kept; the same command goes on", file=sys.stderr)
        raise


def _has_shards(folder: Path) -> bool:
    return next(folder.glob("*/*.json"), None) is not None


def _add(
    old: Dataset,
    spool: Spool,
    stream: Stream,
    sources: Sequence[str],
    find_repeats: FindMore | None,
) -> None:
    """Write the new files into the folder of the data set, and make them a part of it."""
    first, addition = len(old.shards), 1 + len(old.summary.get("before", ()))
    rejected = old.path / rejected_name(addition)
    both = Both(old, spool)
    if not spool.plan.is_file():
        _remove_unnamed(old)
        fill(spool, stream)
        repeats = list(find_repeats(both, len(both.old)) if find_repeats else ())
        kept = judge(spool, rejected, both.rows_about(repeats))
        digests = spool.digests()[kept]
        save_plan(
            spool, kept, choose_held_out(digests, train=len(old.train), held_out=len(old.held_out))
        )
    plan = np.load(spool.plan, allow_pickle=False)
    if not plan.any():
        left_out = sum(count_reasons(rejected).values())
        print(f"note: nothing is new; {left_out:,} pictures were left out", file=sys.stderr)
        rejected.unlink()
        return
    shards = [*old.shards, *write_shards(old.path, spool, plan, first)]
    whole = np.concatenate([both.plan_of_old(), plan])
    counts = Counter(old.summary["rejected"]) + Counter(count_reasons(rejected))
    state = {
        "fingerprint": old.fingerprint,
        "rejected": old.summary["rejected"],
        "sources": old.summary.get("sources", []),
    }
    summary = {
        **old.summary,
        "version": VERSION,
        "train": sum(shard.train for shard in shards),
        "held_out": sum(shard.held_out for shard in shards),
        "shards": [dataclasses.asdict(shard) for shard in shards],
        "rejected": dict(counts),
        "fingerprint": fingerprint_of(spool.shape, both.digests(), whole),
        "sources": [*state["sources"], *sources],
        "before": [*old.summary.get("before", ()), {**state, "shards": first}],
    }
    write_text(old.path / SUMMARY, json.dumps(summary, indent=2) + "\n")


def _remove_unnamed(old: Dataset) -> None:
    """Remove what an addition that was given up has left in the folder."""
    named = {name for shard in old.shards for name in (shard.images, shard.manifest)}
    named |= {shard.attributes for shard in old.shards} | {SUMMARY}
    named |= {rejected_name(addition) for addition in range(1 + len(old.summary.get("before", ())))}
    for what in ("images", "manifest", "attributes", "rejected"):
        for file in old.path.glob(f"{what}-[0-9]*"):
            if file.name not in named:
                file.unlink()


class Both:
    """The pictures of a data set, and behind them those of a spool."""

    def __init__(self, dataset: Dataset, spool: Spool) -> None:
        self.dataset, self.spool, self.chunk = dataset, spool, spool.chunk
        self.old = joined([dataset.train, dataset.held_out])

    def __len__(self) -> int:
        return len(self.old) + len(self.spool)

    def digests(self) -> npt.NDArray[np.uint8]:
        """The sha256 of every picture's pixels: N x 32."""
        known = bytearray()
        for row in self.dataset.manifest():
            known += bytes.fromhex(row["sha256"])
        old = np.frombuffer(bytes(known), np.uint8)
        return np.concatenate([old.reshape(len(self.old), 32), self.spool.digests()])

    def hashes(self) -> Hashes:
        """The perceptual hash of every picture."""
        starts = range(0, len(self.old), self.chunk)
        parts = [perceptual_hash(self.old[start : start + self.chunk]) for start in starts]
        return np.concatenate([*parts, self.spool.hashes()])

    def pictures(self, indices: npt.NDArray[np.intp]) -> Pixels:
        """The pictures at `indices`: uint8, len(indices) x H x W x C."""
        result = np.empty((len(indices), *self.spool.shape), np.uint8)
        old = indices < len(self.old)
        result[old] = self.old[indices[old]]
        result[~old] = self.spool.pictures(indices[~old] - len(self.old))
        return result

    def plan_of_old(self) -> npt.NDArray[np.int8]:
        """The splits of the data set's pictures."""
        return np.repeat(
            np.array([TRAIN, HELD_OUT], np.int8),
            [len(self.dataset.train), len(self.dataset.held_out)],
        )

    def rows_about(self, repeats: Sequence[Repeat]) -> Iterator[tuple[Repeat, str, str]]:
        """Repeats within the spool, with the names of the picture and of what it repeats."""
        wanted = {repeat.original for repeat in repeats}
        names = {
            index: str(row["source"])
            for index, row in enumerate(self.dataset.manifest())
            if index in wanted
        }
        for repeat in repeats:
            index, original = repeat.index - len(self.old), repeat.original
            name = names.get(original) or self.spool.source(original - len(self.old))
            yield dataclasses.replace(repeat, index=index), self.spool.source(index), name
