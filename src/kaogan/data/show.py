"""`kaogan data show`: a data set as numbers, as words, and as one picture."""

from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from kaogan.data.dataset import Dataset
from kaogan.data.label_show import describe_labels, labels_in_short, summarize_labels
from kaogan.files import atomic_file
from kaogan.images import Pixels, evenly_spread, grid, to_pil

SHEET_PICTURES = 100


def summarize(dataset: Dataset) -> dict[str, Any]:
    """The data set as numbers, ready for JSON.

    The result contains `dataset.json`, the path, the number of pictures of each source, and the
    smallest, median and largest shorter side, in pixels, of the originals or of what was cut out of
    them (None if it is unknown). A data set with labels has `labels`, too.
    """
    sides = []
    sources: Counter[str] = Counter()
    for row in dataset.manifest():
        sources[str(row.get("source", "")).split("/")[0]] += 1
        if "original_size" in row:
            sides.append(min(row["original_size"] if "box" not in row else row["box"][2:]))
    side = {"min": min(sides), "median": float(median(sides)), "max": max(sides)} if sides else None
    labels = summarize_labels(dataset)
    return {
        "path": str(dataset.path),
        **dataset.summary,
        "pictures_by_source": dict(sources),
        "original_side": side,
        **({"labels": labels} if labels else {}),
    }


def describe(summary: dict[str, Any], labels: bool = True) -> list[str]:
    """A summary as lines of text; of the labels everything, or a line."""
    colour = {1: "grey", 3: "RGB"}.get(summary["channels"], f"{summary['channels']} channels")
    lines = [
        f"{summary['path']}: {summary['train'] + summary['held_out']:,} pictures of "
        f"{summary['size']} x {summary['size']}, {colour}",
        f"  training  {summary['train']:>9,}",
        f"  held out  {summary['held_out']:>9,}",
    ]
    if summary["original_side"]:
        side = summary["original_side"]
        cut = summary.get("crop", "centre") != "centre"
        lines.append(
            f"  {'cut out: side' if cut else 'originals: shorter side'} {side['min']} to "
            f"{side['max']} pixels, median {side['median']:g}"
        )
    rejected = summary["rejected"]
    if rejected:
        lines.append(f"  left out  {sum(rejected.values()):>9,}  (see rejected.jsonl)")
        lines += [f"    {count:>9,}  {reason}" for reason, count in rejected.items()]
    if "filter" in summary:
        lines.append(f"  filter: {summary['filter']}")
    lines.append(f"  fingerprint: {summary['fingerprint']}")
    if "labels" not in summary:
        return lines
    about = summary["labels"]
    return [*lines, *(describe_labels(about) if labels else labels_in_short(about))]


def contact_sheet(dataset: Dataset, count: int = SHEET_PICTURES) -> Pixels:
    """Up to `count` training pictures, evenly spaced over the data set, on one picture."""
    return grid(evenly_spread(dataset.train, count))


def save_contact_sheet(dataset: Dataset, path: Path | str, count: int = SHEET_PICTURES) -> None:
    """Write the contact sheet as a PNG file.

    Raises:
        OSError: `path` cannot be written.

    """
    with atomic_file(Path(path)) as partial:
        to_pil(contact_sheet(dataset, count)).save(partial, format="PNG")
