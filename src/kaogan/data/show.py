"""`kaogan data show`: a data set in numbers, in words, and as one picture."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from kaogan.data.dataset import Dataset
from kaogan.data.spool import Pixels
from kaogan.files import atomic_file

SHEET_PICTURES = 100


def summarize(dataset: Dataset) -> dict[str, Any]:
    """The data set in numbers, ready for JSON.

    What `dataset.json` says, the path, the smallest, median and largest shorter side of the
    originals in pixels (None where the manifest does not say), and the pictures of each source.
    """
    sides = []
    sources: Counter[str] = Counter()
    for row in dataset.manifest():
        sources[str(row.get("source", "")).split("/")[0]] += 1
        if "original_size" in row:
            sides.append(min(row["original_size"]))
    return {
        "path": str(dataset.path),
        **dataset.summary,
        "pictures_by_source": dict(sources),
        "original_side": {
            "min": int(min(sides)),
            "median": float(np.median(sides)),
            "max": int(max(sides)),
        }
        if sides
        else None,
    }


def describe(summary: dict[str, Any]) -> list[str]:
    """A summary in words, line by line."""
    colour = {1: "grey", 3: "RGB"}.get(summary["channels"], f"{summary['channels']} channels")
    lines = [
        f"{summary['path']}: {summary['train'] + summary['held_out']:,} pictures of "
        f"{summary['size']} x {summary['size']}, {colour}",
        f"  training  {summary['train']:>9,}",
        f"  held out  {summary['held_out']:>9,}",
    ]
    if summary["original_side"]:
        side = summary["original_side"]
        lines.append(
            f"  originals: shorter side {side['min']} to {side['max']} pixels, "
            f"median {side['median']:g}"
        )
    rejected = summary["rejected"]
    if rejected:
        lines.append(f"  left out  {sum(rejected.values()):>9,}  (see rejected.jsonl)")
        lines += [f"    {count:>9,}  {reason}" for reason, count in rejected.items()]
    if "filter" in summary:
        lines.append(f"  filter: {summary['filter']}")
    return [*lines, f"  fingerprint: {summary['fingerprint']}"]


def contact_sheet(dataset: Dataset, count: int = SHEET_PICTURES) -> Pixels:
    """Up to `count` training pictures, evenly spaced over the data set, on one picture."""
    from kaogan.images import grid  # brings torch with it, which the numbers do not need

    count = min(count, len(dataset))
    indices = np.linspace(0, len(dataset) - 1, count).round().astype(np.intp)
    return grid(dataset.train[indices])


def save_contact_sheet(dataset: Dataset, path: Path | str, count: int = SHEET_PICTURES) -> None:
    """Write the contact sheet as a PNG file.

    Raises:
        OSError: `path` cannot be written.

    """
    from kaogan.images import to_pil

    with atomic_file(Path(path)) as partial:
        to_pil(contact_sheet(dataset, count)).save(partial, format="PNG")
