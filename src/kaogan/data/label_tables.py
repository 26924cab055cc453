"""Labels from a table: a row for each picture, a column for each attribute.

The kind of a column is found by its values: yes and no, numbers, or else categories.
"""

import csv
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kaogan.data.boxes import AnyRow
from kaogan.data.dataset import Dataset
from kaogan.data.label_files import Labels
from kaogan.data.sources.base import PICTURES
from kaogan.data.sources.parquet import plain_rows
from kaogan.errors import KaoganError, UsageError
from kaogan.labels import MOST_VALUES, WORD, Attribute
from kaogan.limits import LARGEST_LABELS
from kaogan.records import parse_json

NAMES = ("file", "source", "file_name")
"""Columns with the name of the picture; else it is the first one."""
UNKNOWN = frozenset({"", "?", "unknown", "null", "nan"})
YES_OR_NO = {"no": 0.0, "false": 0.0, "yes": 1.0, "true": 1.0, "0": 0.0, "1": 1.0}
MOST_COLUMNS = 1000


def word(text: str) -> str:
    """A name or a value as one types it: in lower case, in one word. "Blue Eyes" is blue-eyes.

    Raises a ValueError if nothing is left, or it is too long.
    """
    found = re.sub(r"[\s_=,]+", "-", text.strip().lower()).strip("-")
    if not WORD.fullmatch(found) or not found.isprintable():
        raise ValueError(f"{text[:60]!r} is no word of 1 to 60 letters; write another")
    return found


class Table:
    """A table of labels, read from a file.

    Args:
        file: .csv with a head line, .jsonl, or .parquet.

    Raises:
        UsageError: the file is of no such kind.
        KaoganError: it cannot be read, or a row makes no sense.

    """

    def __init__(self, file: Path) -> None:
        self.file = file
        read = _READERS.get(file.suffix.lower())
        if read is None:
            raise UsageError(
                f"{file} is no table of labels; give a .csv, .jsonl or .parquet file, folders, "
                "tags, avatars or measured"
            )
        columns: dict[str, list[str]] = {}
        self.rows: list[int] = []  # numbers, as people count them
        try:
            if file.stat().st_size > LARGEST_LABELS and read is not _parquet_rows:
                raise KaoganError(f"{file} has more than {LARGEST_LABELS >> 20} MB; split it")
            self._fill(columns, read(file))
        except FileNotFoundError:
            raise KaoganError(f"{file} does not exist; check the path") from None
        except PermissionError:
            raise KaoganError(f"no permission to read {file}") from None
        except (OSError, ValueError, csv.Error) as error:
            raise KaoganError(f"{file} cannot be read ({error}); write it as UTF-8") from None
        if not self.rows or len(columns) < 2:
            raise KaoganError(
                f"{file} has no labels; it needs a column with the names of the pictures, and "
                "one for each attribute"
            )
        key = next((name for name in NAMES if name in columns), next(iter(columns)))
        self.pictures = self._names(columns.pop(key), key)
        self.columns = self._named(columns)

    def labels(self, dataset: Dataset, keep: Sequence[str] = ()) -> Labels:
        """The labels of a data set's pictures, of the columns to `keep`; of all by default.

        Raises:
            KaoganError: no picture is in the table, or a value makes no sense.

        """
        places = self._places(dataset)
        found = places[places >= 0].tolist()
        attributes, codes = [], []
        ranges: dict[str, tuple[float, float]] = {}
        for name, column in self.columns.items():
            if keep and name not in keep:
                continue
            read = self._column(name, column, found)
            if isinstance(read, str):
                _note(f"{self.file}: {name} is left out; {read}")
                continue
            attribute, values, span = read
            attributes.append(attribute)
            all_codes = np.array(
                [*(values.get(text, math.nan) for text in column), math.nan], np.float32
            )
            codes.append(all_codes[places])  # place -1 is the last: unknown
            ranges |= {name: span} if span else {}
        if not attributes and not keep:
            raise KaoganError(f"{self.file} tells nothing of the pictures of {dataset.path}")
        stacked = np.stack(codes, 1) if codes else np.empty((len(places), 0), np.float32)
        names = {attribute.name for attribute in attributes}
        left_out = tuple(name for name in self.columns if name not in names)
        return Labels(tuple(attributes), stacked, ranges, left_out)

    def _fill(
        self, columns: dict[str, list[str]], rows: Iterator[tuple[int, Mapping[str, str]]]
    ) -> None:
        texts: dict[str, str] = {}  # equal values are in memory once
        letters = 0
        for number, row in rows:
            for name in row:
                if name not in columns:
                    letters += len(name)
                    columns[name] = [""] * len(self.rows)
            self.rows.append(number)
            for name, column in columns.items():
                text = row.get(name, "")
                letters += len(text)
                column.append(texts.setdefault(text, text))
            if len(columns) > MOST_COLUMNS:
                raise KaoganError(
                    f"{self.file} has more than {MOST_COLUMNS:,} columns; remove some"
                )
            if max(letters, len(self.rows) * len(columns)) > LARGEST_LABELS:
                raise KaoganError(f"{self.file} is too large; remove columns, or split it")

    def _names(self, column: Sequence[str], key: str) -> dict[str, int]:
        """The place of each picture's row, by its name."""
        places: dict[str, int] = {}
        for place, text in enumerate(column):
            name = text.strip().replace("\\", "/").removeprefix("./")
            where = f"{self.file}, row {self.rows[place]}"
            if not name:
                raise KaoganError(f"{where}: {key} is empty; write the name of the picture")
            if name in places:
                first = self.rows[places[name]]
                raise KaoganError(f"{where}: {name} is in row {first} already; keep one of them")
            places[name] = place
        return places

    def _places(self, dataset: Dataset) -> npt.NDArray[np.intp]:
        """The place of each picture's row, in the order of the data set; -1 if it has none."""
        places = np.full(len(dataset.train) + len(dataset.held_out), -1, np.intp)
        sources: dict[int, str] = {}
        for index, row in enumerate(dataset.manifest()):
            source = str(row["source"])
            name = next((name for name in names_of(source) if name in self.pictures), None)
            if name is None:
                continue
            place = places[index] = self.pictures[name]
            if sources.setdefault(place, source) != source:
                raise KaoganError(
                    f"{self.file}, row {self.rows[place]}: {name} may be {sources[place]} or "
                    f"{source}; write the folder as well"
                )
        missing = int((places < 0).sum())
        unused = len(self.rows) - len(sources)
        if not sources:
            first, second = next(iter(self.pictures)), next(dataset.manifest())["source"]
            raise KaoganError(
                f"{self.file} names no picture of {dataset.path}: it has {first!r} for example, "
                f"and the data set {second!r}; write the names of the files"
            )
        if unused:
            used = set(sources)
            example = next(name for name, place in self.pictures.items() if place not in used)
            _note(
                f"{self.file}: {unused:,} of {len(self.rows):,} rows name no picture of the data "
                f"set, {example!r} for example"
            )
        if missing:
            _note(f"{self.file}: {missing:,} of {len(places):,} pictures have no row")
        return places

    def _named(self, columns: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """The columns by the names of their attributes."""
        named: dict[str, list[str]] = {}
        for column, texts in columns.items():
            try:
                name = word(column)
            except ValueError as error:
                raise KaoganError(f"{self.file}: the column {error}") from None
            if name in named:
                raise KaoganError(f"{self.file} has two columns {name}; rename one")
            named[name] = texts
        return named

    def _column(
        self, name: str, column: Sequence[str], found: Sequence[int]
    ) -> tuple[Attribute, dict[str, float], tuple[float, float] | None] | str:
        """The attribute of a column and the code of each text, judged by the rows `found`.

        Or, as text, why the column is left out.
        """
        counts = Counter(column[place] for place in found)
        known = [text for text in counts if text.strip().lower() not in UNKNOWN]
        numbers = {text: _number(text) for text in known}
        flags = {text: YES_OR_NO.get(text.strip().lower(), numbers[text]) for text in known}
        if set(flags.values()) <= {0.0, 1.0}:
            values = {text: float(flag) for text, flag in flags.items() if flag is not None}
            if len(set(values.values())) < 2:
                return _too_few(known)
            return Attribute(name=name, kind="flag"), values, None
        numeric = sum(counts[text] for text in known if numbers[text] is not None)
        if 2 * numeric > sum(counts[text] for text in known):
            return self._numbers(name, column, found, numbers)
        return self._categories(name, column, found, known)

    def _numbers(
        self,
        name: str,
        column: Sequence[str],
        found: Sequence[int],
        numbers: Mapping[str, float | None],
    ) -> tuple[Attribute, dict[str, float], tuple[float, float] | None] | str:
        wrong = {
            text: f"{text[:60]!r} is no number, and most values are; correct it, or leave it empty"
            for text, number in numbers.items()
            if number is None
        }
        self._refuse(wrong, name, column, found)
        values = {text: number for text, number in numbers.items() if number is not None}
        low, high = min(values.values()), max(values.values())
        if low == high:
            return _too_few(list(numbers))
        attribute = Attribute(name=name, kind="number")
        if low >= 0 and high <= 1:
            return attribute, values, None
        _note(f"{self.file}: {name} is scaled: {low:g} becomes 0, {high:g} becomes 1")
        return attribute, {t: (v - low) / (high - low) for t, v in values.items()}, (low, high)

    def _categories(
        self, name: str, column: Sequence[str], found: Sequence[int], known: Sequence[str]
    ) -> tuple[Attribute, dict[str, float], tuple[float, float] | None] | str:
        words, wrong = {}, {}
        for text in known:
            try:
                words[text] = word(text)
            except ValueError as error:
                wrong[text] = str(error)
        self._refuse(wrong, name, column, found)
        values = tuple(sorted(set(words.values())))
        if len(values) > MOST_VALUES:
            raise KaoganError(
                f"{self.file}, column {name}: {len(values):,} different values, at most "
                f"{MOST_VALUES}; choose other columns with --keep NAME,..."
            )
        if len(values) < 2:
            return _too_few(values)
        codes = {text: float(values.index(each)) for text, each in words.items()}
        return Attribute(name=name, kind="categories", values=values), codes, None

    def _refuse(
        self, wrong: Mapping[str, str], name: str, column: Sequence[str], found: Sequence[int]
    ) -> None:
        """Raise a KaoganError about the first row with a wrong text, if there is one."""
        if wrong:
            place = min(place for place in found if column[place] in wrong)
            where = f"{self.file}, row {self.rows[place]}, column {name}"
            raise KaoganError(f"{where}: {wrong[column[place]]}")


def _note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


def names_of(source: str) -> Iterator[str]:
    """The names under which a table may have a picture: the whole source, without the archive or
    folder in front, or only the file; then the same without ending.
    """
    whole = [source, source.partition("/")[2], source.rpartition("/")[2]]
    names = [name for name in whole if name]
    yield from names
    for name in names:
        stem = without_ending(name)
        if stem != name:
            yield stem


def without_ending(name: str) -> str:
    """The name of a picture's file without .png and the like."""
    stem, dot, ending = name.rpartition(".")
    return stem if dot and f".{ending.lower()}" in PICTURES else name


def _too_few(known: Sequence[str]) -> str:
    return f"its only value is {known[0]}" if known else "it has no value"


def _number(text: str) -> float | None:
    """The number that a text is; None if it is none, or not finite."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def _csv_rows(file: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Rows are counted as in a spreadsheet: the head line is row 1."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        head = lines.readline()
        lines.seek(0)
        reader = csv.reader(lines, delimiter=max(",;\t", key=head.count))
        columns = [name.strip() for name in next(reader, [])]
        if len(set(columns)) < len(columns):
            twice = next(name for name in columns if columns.count(name) > 1)
            raise KaoganError(f"{file} has two columns {twice!r}; rename one")
        for number, cells in enumerate(reader, 2):
            if not any(cells):
                continue
            if len(cells) != len(columns):
                raise KaoganError(
                    f"{file}, row {number}: {len(cells)} cells, and the head line has "
                    f"{len(columns)}; put texts with commas into quotes"
                )
            yield number, dict(zip(columns, cells, strict=True))


def _jsonl_rows(file: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    with file.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = parse_json(line, AnyRow).model_dump()
            except ValueError:
                raise KaoganError(f"{file}, row {number}: this is no JSON object") from None
            yield number, _texts(row, f"{file}, row {number}")


def _parquet_rows(file: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    for number, row in enumerate(plain_rows(file), 1):
        yield number, _texts(row, f"{file}, row {number}")


def _texts(row: Mapping[str, Any], where: str) -> dict[str, str]:
    return {name: _text(value, f"{where}, column {name}") for name, value in row.items()}


def _text(value: Any, where: str) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
    raise KaoganError(f"{where}: this is no text, number, true or false; write one of these")


Reader = Callable[[Path], Iterator[tuple[int, Mapping[str, str]]]]
_READERS: dict[str, Reader] = {
    ".csv": _csv_rows,
    ".jsonl": _jsonl_rows,
    ".parquet": _parquet_rows,
    ".pq": _parquet_rows,
}
