"""The labels of a data set as numbers, as words, and as a sheet of examples."""

import itertools
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from kaogan.data.dataset import Dataset
from kaogan.data.label_files import Codes, LabelsRecord, read_labels_record
from kaogan.files import atomic_file
from kaogan.images import PictureArray, Pixels, check_whole
from kaogan.labels import FLAG, Attribute

EXAMPLES = 8
"""Pictures in a row of the sheet."""
SIDE, GAP, LETTERS = 64, 2, 13
"""Of the sheet, in pixels: a picture, what is around it, and the height of letters."""
MOST_ROWS = 24
"""Rows of an attribute on the sheet: its most frequent values."""
MOST_ROWS_IN_ALL = 600
"""Rows of the whole sheet."""
MOST_COUNTS = 24
"""Values whose counts are told in words: the most frequent ones."""
WIDTH = 80
"""Columns of the terminal."""
NO_BREAK = "\u00a0"
"""A space at which no line ends, between a value and its count."""

Row = tuple[str, str, npt.NDArray[np.intp]]
"""Of the sheet: a value, its count, and the indices of the examples."""

PARTS = ("lowest", "low", "high", "highest")
"""The rows of a number on the sheet: the quarters of the pictures."""


def summarize_labels(dataset: Dataset) -> dict[str, Any] | None:
    """The labels as numbers, ready for JSON; None if there are none.

    For each attribute: `name`, `kind`, `unknown` (pictures), and of numbers `quartiles` and, if
    they were scaled, `range`; of the others `counts` by value and `most`, the share of the most
    frequent value among the known ones.
    """
    about = read_labels_record(dataset.path)
    if about is None:
        return None
    later = [shard for shard in dataset.shards if shard.labels not in about.digests]
    whole = np.concatenate([dataset.train_labels[:], dataset.held_out_labels[:]])
    return {
        "sources": list(about.sources),
        "fingerprint": dataset.labels_fingerprint,
        "without": sum(shard.train + shard.held_out for shard in later),
        "command": about.command(dataset.path),
        "attributes": [
            _summary(attribute, column, about)
            for attribute, column in zip(dataset.attributes, whole.T, strict=True)
        ],
    }


def _summary(attribute: Attribute, column: Codes, about: LabelsRecord) -> dict[str, Any]:
    known = column[~np.isnan(column)]
    summary = {
        "name": attribute.name,
        "kind": attribute.kind,
        "unknown": len(column) - len(known),
    }
    if attribute.kind == "number":
        quartiles = np.quantile(known, [0.25, 0.5, 0.75]).round(4).tolist() if len(known) else []
        scaled = {"range": about.ranges[attribute.name]} if attribute.name in about.ranges else {}
        return {**summary, "quartiles": quartiles, **scaled}
    counts = np.bincount(known.astype(np.intp), minlength=attribute.entries).tolist()
    share = round(max(counts) / len(known), 4) if len(known) else None
    values = FLAG if attribute.kind == "flag" else attribute.values
    return {**summary, "counts": dict(zip(values, counts, strict=True)), "most": share}


def labels_in_short(labels: dict[str, Any]) -> list[str]:
    """The summary of labels as a line, and another one if pictures have none."""
    count = len(labels["attributes"])
    plural = "" if count == 1 else "s"
    lines = [f"  labels: {count} attribute{plural} from {', '.join(labels['sources'])}"]
    if labels["without"]:
        lines.append(
            f"    {labels['without']:,} pictures were added later and have none; label them: "
            f"{labels['command']}"
        )
    return lines


def describe_labels(labels: dict[str, Any]) -> list[str]:
    """The summary of labels as lines of text."""
    attributes = labels["attributes"]
    lines = labels_in_short(labels)
    width = max(len(each["name"]) for each in attributes)
    width = max(width, len("attribute"))
    lines.append(f"    {'attribute':<{width}}  {'unknown':>9}  most frequent, then the others")
    for each in attributes:
        start = f"    {each['name']:<{width}}  {each['unknown']:>9,}  "
        indent = " " * len(start)
        lines += textwrap.wrap(
            _in_words(each),
            max(WIDTH, len(start) + 30),
            initial_indent=start,
            subsequent_indent=indent,
            break_on_hyphens=False,
        )
    return [line.replace(NO_BREAK, " ") for line in lines]


def _in_words(each: dict[str, Any]) -> str:
    if each["kind"] == "number":
        quartiles = ", ".join(f"{quartile:.2f}" for quartile in each["quartiles"])
        scaled = (
            f"; 0 is {each['range'][0]:g}, 1 is {each['range'][1]:g}" if "range" in each else ""
        )
        return f"number, quartiles {quartiles or 'unknown'}{scaled}"
    counts = sorted(each["counts"].items(), key=lambda pair: -pair[1])
    if each["most"] is None:
        return "nothing is known"
    # A value and its count stay on one line.
    first, *others = [f"{value}{NO_BREAK}{count:,}" for value, count in counts[:MOST_COUNTS]]
    if len(counts) > MOST_COUNTS:
        others.append(f"and{NO_BREAK}{len(counts) - MOST_COUNTS}{NO_BREAK}more")
    return ", ".join([f"{first}{NO_BREAK}({each['most']:.0%})", *others])


def save_labels_sheet(dataset: Dataset, path: Path | str) -> None:
    """Write a sheet of examples as a PNG file: a row of training pictures for each value.

    Raises:
        OSError: `path` cannot be written.
        ValueError: the data set has no labels.

    """
    sheet = labels_sheet(dataset)
    with atomic_file(Path(path)) as partial:
        sheet.save(partial, format="PNG")


def labels_sheet(dataset: Dataset) -> Image.Image:
    """The sheet: a block for each attribute, in columns of about the same height.

    If there are very many, only the first ones are on it.

    Raises a ValueError if the data set has no labels.
    """
    if not dataset.attributes:
        raise ValueError("the data set has no labels")
    check_whole(dataset.train)
    codes = dataset.train_labels[:]
    rows: dict[str, list[Row]] = {}
    for attribute, column in zip(dataset.attributes, codes.T, strict=True):
        found = list(_rows(attribute, column))
        if sum(map(len, rows.values())) + len(found) > MOST_ROWS_IN_ALL:
            print(
                f"note: the sheet has the first {len(rows)} of {len(dataset.attributes)} "
                "attributes; choose fewer with kaogan data label --keep",
                file=sys.stderr,
            )
            break
        rows[attribute.name] = found
    words = [word for each in rows.values() for row in each for word in row[:2]]
    label = int(max(map(_font().getlength, words), default=0)) + 6 * GAP
    blocks = [_block(name, each, label, dataset.train) for name, each in rows.items()]
    columns = _columns(blocks)
    width = sum(max(block.width for block in column) for column in columns)
    height = max(sum(block.height for block in column) for column in columns)
    sheet = Image.new("RGB", (width, height), "white")
    left = 0
    for column in columns:
        top = 0
        for block in column:
            sheet.paste(block, (left, top))
            top += block.height
        left += max(block.width for block in column)
    return sheet


def _columns(blocks: list[Image.Image]) -> list[list[Image.Image]]:
    """The blocks in their order, in as many columns as make the sheet about as wide as high."""
    total, width = sum(block.height for block in blocks), max(block.width for block in blocks)
    count = max(1, min(len(blocks), round((total / width) ** 0.5)))
    columns: list[list[Image.Image]] = [[]]
    filled = 0
    for block in blocks:
        if columns[-1] and filled + block.height / 2 > len(columns) * total / count:
            columns.append([])
        columns[-1].append(block)
        filled += block.height
    return columns


def _block(title: str, rows: Sequence[Row], label: int, pictures: PictureArray) -> Image.Image:
    """The name of an attribute, and a row of examples for each of its values, after labels of this
    width.
    """
    step = SIDE + GAP
    head = 2 * LETTERS
    size = (label + EXAMPLES * step + 2 * LETTERS, head + len(rows) * step + LETTERS)
    block = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(block)
    draw.text((label, LETTERS // 2), title, fill="black", font=_font())
    for number, (name, count, indices) in enumerate(rows):
        top = head + number * step
        middle = top + SIDE // 2
        draw.text((label - 3 * GAP, middle), name, fill="black", font=_font(), anchor="rb")
        draw.text((label - 3 * GAP, middle + GAP), count, fill="grey", font=_font(), anchor="rt")
        for place, index in enumerate(indices.tolist()):
            block.paste(_small(pictures[index]), (label + place * step, top))
    return block


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(LETTERS)


def _rows(attribute: Attribute, column: Codes) -> Iterator[Row]:
    if attribute.kind == "number":
        order = np.argsort(column, kind="stable")[: int((~np.isnan(column)).sum())]
        edges = np.linspace(0, len(order), len(PARTS) + 1).round().astype(np.intp)
        for name, (begin, end) in zip(PARTS, itertools.pairwise(edges), strict=True):
            part = np.sort(order[begin:end])
            if len(part):
                low, high = column[order[begin]], column[order[end - 1]]
                yield name, f"{low:.2f} to {high:.2f}", _spread(part)
        return
    values = FLAG if attribute.kind == "flag" else attribute.values
    found = {value: np.flatnonzero(column == code) for code, value in enumerate(values)}
    frequent = sorted(found, key=lambda value: -len(found[value]))[:MOST_ROWS]
    for value in found:
        if value in frequent:
            yield value, f"{len(found[value]):,}", _spread(found[value])


def _spread(indices: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Examples, evenly spaced over the data set."""
    count = min(EXAMPLES, len(indices))
    return indices[np.linspace(0, len(indices) - 1, count).round().astype(np.intp)]


def _small(picture: Pixels) -> Image.Image:
    channels = np.broadcast_to(picture, (*picture.shape[:2], 3))
    return Image.fromarray(np.ascontiguousarray(channels)).resize((SIDE, SIDE))
