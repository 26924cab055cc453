"""All metrics of a set of pictures against real ones, with their floors and conditions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from kaogan.data.dataset import Dataset
from kaogan.errors import KaoganError, UsageError
from kaogan.images import PictureArray
from kaogan.metrics.clouds import Cloud, PictureSource, gather
from kaogan.metrics.comparisons import metrics
from kaogan.metrics.copying import LEAST_HELD_OUT, find_copies
from kaogan.metrics.features import Extractor, load_extractor
from kaogan.metrics.report import (
    SPLITS,
    Data,
    EvaluationReport,
    Features,
    MetricResult,
    SkippedMetric,
    Split,
)
from kaogan.progress import track
from kaogan.version import __version__

DEFAULT_COUNT = 5000
SEARCHED = 20_000
"""Training pictures that are searched for copies, at most."""


def evaluate(
    pictures: PictureSource,
    about: Mapping[str, str | int | float],
    dataset: Dataset,
    extractor: Extractor | None = None,
    splits: Sequence[Split] = SPLITS,
    count: int | None = None,
    seed: int = 0,
    picture: Path | None = None,
) -> EvaluationReport:
    """Compare pictures with a data set: the same number of them and of each split.

    Args:
        pictures: what is evaluated, of the data set's size and channels.
        about: their description (`what` and all they depend on), stored in the report.
        dataset: the real pictures.
        extractor: of features; the one without a download if None.
        splits: what to compare with.
        count: pictures of each side; see `common_count`.
        seed: of the choice of pictures, and of every metric with random numbers.
        picture: where to draw generated pictures beside the nearest training pictures.

    Raises:
        UsageError: pictures of another shape than the data set's, or a count below 2.
        KaoganError: there are fewer than 2 pictures on a side.

    """
    extractor = extractor or load_extractor()
    wanted, notes = common_count(dataset, splits, count, pictures.count)
    check_shape(pictures, dataset)
    shuffled = {split: PictureSource.shuffled(_side(dataset, split), seed) for split in SPLITS}
    counts = {split: min(wanted, len(_side(dataset, split))) for split in SPLITS}
    search = min(SEARCHED, len(dataset.train))
    work = wanted + max(counts["train"], search) + counts["held-out"]
    with track(work, "looking", "pictures") as tracker:
        fake = gather(pictures, wanted, extractor, tracker)
        train = gather(shuffled["train"], counts["train"], extractor, tracker, search)
        held_out = gather(shuffled["held-out"], counts["held-out"], extractor, tracker)
    results, skipped = _compare(fake, {"train": train, "held-out": held_out}, splits, seed)
    if held_out.count < LEAST_HELD_OUT:
        copies = None
        skipped.append(_too_few("copies", LEAST_HELD_OUT, held_out.count))
    else:
        copies = find_copies(fake, held_out, train, shuffled["train"], picture)
    return EvaluationReport(
        kaogan=__version__,
        torch=torch.__version__,
        device=str(extractor.device),
        subject=dict(about),
        data=Data(
            path=str(dataset.path),
            fingerprint=dataset.fingerprint,
            size=dataset.size,
            channels=dataset.channels,
            train=len(dataset.train),
            held_out=len(dataset.held_out),
            filter=dataset.summary.get("filter"),
        ),
        features=Features.model_validate(extractor, from_attributes=True),
        count=wanted,
        seed=seed,
        splits=tuple(splits),
        figures=tuple(results),
        left_out=tuple(skipped),
        copies=copies,
        notes=(*notes, *_warnings(wanted, counts, extractor)),
    )


def common_count(
    dataset: Dataset, splits: Sequence[Split], asked: int | None, there: int | None
) -> tuple[int, list[str]]:
    """The number of pictures of all sides, with notes on why it is not higher.

    The sides always have equal numbers, because the Fréchet distance falls with the number and
    coverage rises. They have at most 5,000 pictures, or the number that was `asked` for.
    `there` is the number of pictures to evaluate; None: any number.

    Raises:
        UsageError: fewer than 2 were asked for.
        KaoganError: there are fewer than 2.

    """
    if asked is not None and asked < 2:
        raise UsageError(f"cannot compare {asked} pictures; ask for at least 2")
    sides = {f"{split} pictures": len(_side(dataset, split)) for split in splits}
    if there is not None:
        sides["pictures to evaluate"] = there
    fewest = min(sides, key=lambda side: sides[side])
    if sides[fewest] < 2:
        raise KaoganError(f"there are only {sides[fewest]} {fewest}; at least 2 are needed")
    if sides[fewest] >= (asked or DEFAULT_COUNT):
        return asked or DEFAULT_COUNT, []
    lowered = f", not {asked:,}" if asked else ""
    return sides[fewest], [
        f"{sides[fewest]:,} pictures of each{lowered}: there are no more {fewest}"
    ]


def _side(dataset: Dataset, split: Split) -> PictureArray:
    return dataset.train if split == "train" else dataset.held_out


def check_shape(pictures: PictureSource, dataset: Dataset) -> None:
    """Raise a UsageError if size or channels of the pictures are not those of the data set."""
    shape, wanted = pictures.draw(0, 1).shape[1:], dataset.train.shape[1:]
    if shape != wanted:
        raise UsageError(
            f"the pictures are {shape[0]} x {shape[1]} with {shape[2]} channels, those of "
            f"{dataset.path} {wanted[0]} x {wanted[1]} with {wanted[2]}; prepare the data with "
            f"--size {shape[0]} --channels {shape[2]}"
        )


def _compare(
    fake: Cloud, real: Mapping[Split, Cloud], splits: Sequence[Split], seed: int
) -> tuple[list[MetricResult], list[SkippedMetric]]:
    """The results of all metrics, and the skipped metrics."""
    results: list[MetricResult] = []
    skipped: list[SkippedMetric] = []
    with track(len(metrics), "comparing", "metrics") as tracker:
        for name in metrics:
            if fake.count < metrics[name].least:
                skipped.append(_too_few(name, metrics[name].least, fake.count))
            else:
                results += _results(name, fake, real, splits, seed)
            tracker.advance(1, name)
    return results, skipped


def _results(
    name: str, fake: Cloud, real: Mapping[Split, Cloud], splits: Sequence[Split], seed: int
) -> list[MetricResult]:
    """The results of one metric, one for each label."""
    metric, floor = metrics[name], {}
    against = {split: metric.compare(real[split], fake, seed) for split in splits}
    if all(cloud.count == fake.count for cloud in real.values()):
        floor = metric.compare(real["train"], real["held-out"], seed)
    return [
        MetricResult(
            metric=name,
            label=label,
            better=metric.better,
            count=min(fake.count, metric.most or fake.count),
            against={split: against[split][label] for split in splits},
            floor=floor.get(label),
        )
        for label in against[splits[0]]
    ]


def _too_few(metric: str, least: int, there: int) -> SkippedMetric:
    return SkippedMetric(metric=metric, reason=f"needs {least:,} pictures, there are {there:,}")


def _warnings(wanted: int, counts: Mapping[Split, int], extractor: Extractor) -> list[str]:
    """Notes that are needed to read the results."""
    notes = [
        f"no floor: there are only {count:,} {split} pictures"
        for split, count in counts.items()
        if count < wanted
    ]
    if wanted <= extractor.dim:
        notes.append(
            f"{wanted:,} pictures are few for {extractor.dim:,} features: the Fréchet distance "
            "comes out too large; look at its floor"
        )
    return notes
