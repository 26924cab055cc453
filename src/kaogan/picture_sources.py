"""The pictures that `kaogan evaluate` measures: a generator's, a folder's or a data set's."""

from pathlib import Path

import numpy as np
import torch

from kaogan.data.dataset import Dataset, is_dataset, open_dataset
from kaogan.data.decode import FILTER, Preparation, decode
from kaogan.data.reasons import Rejected
from kaogan.data.sources import count_items, read_items
from kaogan.errors import KaoganError, UsageError, typed
from kaogan.generators import (
    TrainedGenerator,
    kind_of,
    note_taken,
    open_generator,
    run_of,
    suggestion,
)
from kaogan.images import Pixels
from kaogan.metrics.clouds import PictureSource
from kaogan.progress import track
from kaogan.rng import seed_of
from kaogan.training.run import Weights
from kaogan.zoo import names

About = dict[str, str | int | float]
"""What the pictures depend on, for the report."""


def picture_source(
    what: str,
    dataset: Dataset,
    count: int,
    seed: int,
    device: torch.device,
    weights: Weights | None = None,
    truncation: float | None = None,
    checkpoint: str | None = None,
) -> tuple[PictureSource, About]:
    """The pictures that `what` names.

    Args:
        what: a generator, as `open_generator` takes it; or a data set, folder or archive.
        dataset: pictures of other sizes are resized to its size and channels.
        count: the most pictures that are needed.
        seed: of the first picture that a generator draws, or of the choice among pictures.
        device: where a generator draws.
        weights: of a generator; see `open_generator`.
        truncation: of a generator; None: 1.
        checkpoint: of a RUN; see `open_generator`.

    Raises:
        UsageError: something was asked for that only a generator or a RUN has.
        KaoganError: there is no such thing, or it cannot be read.

    """
    path = Path(what)
    if kind_of(what) is not None:
        generator = open_generator(what, checkpoint, weights)
        generator.sampler.generator.to(device)
        return _of_generator(generator, what, seed, 1.0 if truncation is None else truncation)
    note_taken(what)
    if checkpoint is not None:
        raise UsageError(f"{what} is no RUN; --checkpoint chooses one of a RUN's")
    if weights is not None or truncation is not None:
        raise UsageError(f"{what} are pictures; --weights and --truncation are for generators")
    if is_dataset(path):
        return _of_dataset(open_dataset(path), what, seed)
    if not path.exists():
        hint = suggestion(what) or (
            "; WHAT is a RUN, a checkpoint, an exported generator, a folder or archive of "
            f"pictures, a DATASET, or {' or '.join(names())}"
        )
        raise KaoganError(f"there is nothing at {what}{hint}")
    return _of_source(path, dataset, count, seed)


def _of_generator(
    generator: TrainedGenerator, what: str, seed: int, truncation: float
) -> tuple[PictureSource, About]:
    about: About = {"what": what}
    if generator.images_seen is not None:
        about["images seen"] = generator.images_seen
    if generator.weights is not None:
        about["weights"] = generator.weights

    def draw(start: int, count: int) -> Pixels:
        return generator.sample(count, seed + start, truncation)

    return PictureSource(draw), about | {"truncation": truncation, "first seed": seed}


def real_pictures(what: str, data: str | Path | None) -> Dataset:
    """The data set to compare with: the one that `data` names, or that of the RUN.

    Raises:
        UsageError: none is named, and `what` is no RUN.
        KaoganError: there is no data set, or the RUN's is not where it was.

    """
    if data is not None:
        return open_dataset(data)
    run = run_of(what)
    if run is None:
        raise UsageError(f"--data is missing: {what} is no RUN, which would name its data set")
    return run.dataset()


def _of_dataset(dataset: Dataset, what: str, seed: int) -> tuple[PictureSource, About]:
    """Pictures of both splits, shuffled."""
    train, held_out = dataset.train, dataset.held_out
    rng = torch.Generator().manual_seed(seed_of(seed, len(train), len(held_out)))
    order = torch.randperm(len(train) + len(held_out), generator=rng).tolist()

    def draw(start: int, count: int) -> Pixels:
        places = order[start : start + count]
        return np.stack([train[p] if p < len(train) else held_out[p - len(train)] for p in places])

    about: About = {"what": what, "fingerprint": dataset.fingerprint[:12], "chosen with seed": seed}
    return PictureSource(draw, len(order)), about


def _of_source(path: Path, dataset: Dataset, count: int, seed: int) -> tuple[PictureSource, About]:
    """At most `count` pictures, chosen at random, decoded and held in memory."""
    there = count_items([path]) or sum(1 for _ in read_items([path]))
    rng = torch.Generator().manual_seed(seed_of(seed, there))
    chosen = set(torch.randperm(there, generator=rng)[:count].tolist())
    preparation = Preparation(dataset.size, dataset.channels, min_size=1)
    pictures, resized, unusable = [], 0, 0
    with track(len(chosen), "reading", "pictures") as tracker:
        for place, item in enumerate(read_items([path])):
            if place not in chosen:
                continue
            tracker.advance(1)
            try:
                decoded = decode(item.content, preparation)
            except Rejected:
                unusable += 1
                continue
            pictures.append(decoded.pixels)
            resized += decoded.original_size != (dataset.size, dataset.size)
    if not pictures:
        raise KaoganError(
            f"no usable picture in {path}; see: kaogan data prepare {typed(path)} --out NEW"
        )
    about: About = {
        "what": str(path),
        "chosen with seed": seed,
        "resized": f"{resized:,} by {FILTER}" if resized else "none",
    }
    if unusable:
        about["unusable"] = unusable
    # Neighbours in the source may be alike.
    return PictureSource.shuffled(np.stack(pictures), seed), about
