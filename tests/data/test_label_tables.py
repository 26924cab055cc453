"""Tables of labels: kinds of columns, names of pictures, and mistakes in one line."""

import csv
import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaogan.data import label_tables
from kaogan.data.label_tables import Table, names_of, word
from kaogan.data.writing import Picture, write_dataset
from kaogan.errors import KaoganError, UsageError
from kaogan.labels import WORD

SOURCES = [f"in.zip/set/{number}.png" for number in range(12)]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    rng = np.random.default_rng(0)
    pictures = (
        Picture(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8), {"source": source})
        for source in SOURCES
    )
    out = tmp_path_factory.mktemp("tables") / "d"
    return write_dataset(out, pictures, size=32, channels=3, about={})


def write(file, rows):
    """The same rows in the format of the file's suffix."""
    if file.suffix == ".csv":
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    elif file.suffix == ".jsonl":
        file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    else:
        pq.write_table(pa.Table.from_pylist(rows), file)
    return file


def read(file, data, **options):
    """What a table says of each picture, by source, in words."""
    labels = Table(file).labels(data, **options)
    return {
        row["source"]: {
            attribute.name: attribute.value(float(code))
            for attribute, code in zip(labels.attributes, codes, strict=True)
        }
        for row, codes in zip(data.manifest(), labels.codes, strict=True)
    }


def column(tmp_path, data, values):
    """The attribute and the codes of a column of these texts, of the first pictures."""
    rows = [{"file": source, "it": value} for source, value in zip(SOURCES, values, strict=False)]
    labels = Table(write(tmp_path / "t.csv", rows)).labels(data)
    order = [row["source"] for row in data.manifest()]
    places = [order.index(row["file"]) for row in rows]
    return labels.attributes[0], labels.codes[places, 0].tolist(), labels


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_every_format_says_the_same(tmp_path, data, suffix):
    rows = [
        {
            "file_name": source,
            "Hair Colour": ["Light Blue", "pink", None][number % 3],
            "smile": number % 2 == 0,
            "age": 10 + number,
            "share": number / 12,
        }
        for number, source in enumerate(SOURCES[:9])
    ]
    found = read(write(tmp_path / f"t{suffix}", rows), data)
    assert found[SOURCES[0]] == {
        "hair-colour": "light-blue", "smile": "yes", "age": "0.00", "share": "0.00"
    }  # fmt: skip
    assert found[SOURCES[7]] == {
        "hair-colour": "pink", "smile": "no", "age": "0.88", "share": "0.58"
    }  # fmt: skip
    assert found[SOURCES[2]]["hair-colour"] == "unknown"
    assert set(found[SOURCES[11]].values()) == {"unknown"}


@pytest.mark.parametrize(
    ("values", "kind", "codes"),
    [
        (["yes", "No", "TRUE", "false", "", "?"], "flag", [1, 0, 1, 0, None, None]),
        (["1", "0", "1.0", "unknown"], "flag", [1, 0, 1, None]),
        (["0.25", "1", "0", "nan"], "number", [0.25, 1, 0, None]),
        (["-10", "30", "10", "null"], "number", [0, 1, 0.5, None]),
        (["b", "A", "a", "B c"], "categories", [1, 0, 0, 2]),
    ],
)
def test_kinds_are_found(tmp_path, data, values, kind, codes):
    attribute, found, _ = column(tmp_path, data, values)
    assert attribute.kind == kind
    assert [None if math.isnan(code) else code for code in found] == codes


def test_the_range_of_scaled_numbers_is_kept_and_said(tmp_path, data, capsys):
    _, _, labels = column(tmp_path, data, ["5", "25", "10"])
    assert labels.ranges == {"it": (5.0, 25.0)}
    assert "it is scaled: 5 becomes 0, 25 becomes 1" in capsys.readouterr().err


def test_a_column_with_one_value_is_left_out(tmp_path, data, capsys):
    rows = [{"file": s, "a": "x", "b": i, "c": ""} for i, s in enumerate(SOURCES)]
    labels = Table(write(tmp_path / "t.csv", rows)).labels(data)
    assert [attribute.name for attribute in labels.attributes] == ["b"]
    said = capsys.readouterr().err
    assert "a is left out; its only value is x" in said
    assert "c is left out; it has no value" in said


@given(st.lists(st.sampled_from(["pink", "dark blue", "Green", "?", ""]), min_size=12, max_size=12))
def test_a_table_comes_back(tmp_path_factory, data, values):
    file = tmp_path_factory.mktemp("t") / "t.csv"
    known = {word(value) for value in values if value not in ("?", "")}
    rows = [{"file": source, "it": value} for source, value in zip(SOURCES, values, strict=True)]
    write(file, rows)
    if len(known) < 2:
        with pytest.raises(KaoganError, match="tells nothing"):
            read(file, data)
        return
    found = read(file, data)
    for source, value in zip(SOURCES, values, strict=True):
        expected = "unknown" if value in ("?", "") else word(value)
        assert found[source] == {"it": expected}


@given(st.text(max_size=80))
def test_words_can_be_typed(text):
    try:
        found = word(text)
    except ValueError:
        return
    assert WORD.fullmatch(found)
    assert found.isprintable()
    assert word(found) == found


def test_names_of_pictures():
    assert list(names_of("in.zip/set/1.PNG")) == [
        *("in.zip/set/1.PNG", "set/1.PNG", "1.PNG"),
        *("in.zip/set/1", "set/1", "1"),
    ]
    assert "avatar 3 of seed 0" in list(names_of("avatar 3 of seed 0"))
    assert list(names_of("a/v1.2")) == ["a/v1.2", "v1.2", "v1.2"]


@pytest.mark.parametrize("form", ["{}", "in.zip/set/{}.png", "./set/{}.png", "set\\{}", "{}.png"])
def test_pictures_are_found_by_parts_of_their_names(tmp_path, data, form):
    rows = [{"name": form.format(number), "it": number} for number in range(12)]
    found = read(write(tmp_path / "t.csv", rows), data)
    assert found[SOURCES[11]] == {"it": "1.00"}


def test_rows_and_pictures_without_a_partner_are_counted(tmp_path, data, capsys):
    rows = [{"file": f"{number}.png", "it": number} for number in range(8, 20)]
    Table(write(tmp_path / "t.csv", rows)).labels(data)
    said = capsys.readouterr().err
    assert "8 of 12 rows name no picture of the data set, '12.png' for example" in said
    assert "8 of 12 pictures have no row" in said


def test_columns_can_be_chosen(tmp_path, data):
    rows = [{"file": s, "artist": f"name {i}" * 30, "it": i} for i, s in enumerate(SOURCES)]
    file = write(tmp_path / "t.csv", rows)
    assert read(file, data, keep=["it"])[SOURCES[0]] == {"it": "0.00"}
    with pytest.raises(KaoganError, match=r"row 2, column artist: .* is no word"):
        read(file, data)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("file,a\n1.png,1,2\n", "row 2: 3 cells, and the head line has 2"),
        ("file,a\n1.png,5\n2.png,7\n3.png,old\n", "row 4, column a: 'old' is no number"),
        ("file,a\n1.png,5\n2.png,7\n3.png,inf\n", "row 4, column a: 'inf' is no number"),
        ("file,a\n1.png,5\n1.png,7\n", "row 3: 1.png is in row 2 already"),
        ("file,a\n,5\n", "row 2: file is empty"),
        ("file,a\nx.png,5\n", "names no picture of"),
        ("file,A b,a_b\n1.png,5,6\n2.png,6,7\n", "has two columns a-b"),
        ("file,a,a\n1.png,5,6\n", "has two columns 'a'"),
        ("file,a\n", "has no labels"),
        ("file\n1.png\n", "has no labels"),
        ("", "has no labels"),
        ("file,=\n1.png,5\n2.png,6\n", "the column '=' is no word"),
    ],
)
def test_mistakes_in_a_table(tmp_path, data, text, says):
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(KaoganError) as error:
        read(tmp_path / "t.csv", data)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("[1]", "row 1: this is no JSON object"),
        ('{"file": "1.png", "a": [1]}', "row 1, column a: this is no text"),
        ('{"file": "1.png", "a": {"b": 1}}', "row 1, column a: this is no text"),
    ],
)
def test_mistakes_in_lines_of_json(tmp_path, line, says):
    (tmp_path / "t.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(KaoganError, match=says):
        Table(tmp_path / "t.jsonl")


def test_a_name_of_two_pictures_is_refused(tmp_path):
    rng = np.random.default_rng(0)
    pictures = (
        Picture(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8), {"source": source})
        for source in ("in/a/1.png", "in/b/1.png", "in/b/2.png")
    )
    data = write_dataset(tmp_path / "d", pictures, size=32, channels=3, about={})
    file = write(tmp_path / "t.csv", [{"file": "1.png", "it": 1}, {"file": "2.png", "it": 2}])
    with pytest.raises(KaoganError, match=r"row 2: 1.png may be in/./1.png or in/./1.png; write"):
        read(file, data)
    rows = [{"file": "a/1.png", "it": 1}, {"file": "b/1.png", "it": 2}]
    assert read(write(tmp_path / "t.csv", rows), data)["in/b/1.png"] == {"it": "1.00"}


def test_too_many_values(tmp_path, data, monkeypatch):
    monkeypatch.setattr(label_tables, "MOST_VALUES", 3)
    with pytest.raises(KaoganError, match="column it: 4 different values, at most 3"):
        column(tmp_path, data, ["a", "b", "c", "d"])


def test_what_is_no_table(tmp_path):
    with pytest.raises(UsageError, match="is no table of labels"):
        Table(tmp_path / "t.txt")
    with pytest.raises(KaoganError, match="does not exist"):
        Table(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_bytes(b"file,a\n\xff\xfe")
    with pytest.raises(KaoganError, match="write it as UTF-8"):
        Table(tmp_path / "t.csv")
    (tmp_path / "t.parquet").write_bytes(b"nothing")
    with pytest.raises(KaoganError, match="not a Parquet file"):
        Table(tmp_path / "t.parquet")


def test_a_table_that_fills_the_memory_is_refused(tmp_path, monkeypatch):
    """Few bytes can be many cells: a new column in every line."""
    monkeypatch.setattr(label_tables, "LARGEST_LABELS", 100_000)
    lines = [json.dumps({"file": str(n), f"c{n}": 1}) for n in range(900)]
    (tmp_path / "t.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(KaoganError, match="is too large; remove columns"):
        Table(tmp_path / "t.jsonl")
    pq.write_table(pa.table({"file": ["x" * 1000] * 200}), tmp_path / "t.parquet")
    with pytest.raises(KaoganError, match="is too large"):
        Table(tmp_path / "t.parquet")


def test_the_pictures_in_a_parquet_file_are_not_read(tmp_path, data):
    rows = [{"image": b"no picture", "file": s, "it": i} for i, s in enumerate(SOURCES)]
    assert read(write(tmp_path / "t.parquet", rows), data)[SOURCES[11]] == {"it": "1.00"}


def test_semicolons_and_tabs(tmp_path, data):
    for number, mark in enumerate(";\t"):
        file = tmp_path / f"{number}.csv"
        file.write_text(f"file{mark}it\n1.png{mark}a\n2.png{mark}b\n", encoding="utf-8-sig")
        assert read(file, data)[SOURCES[2]] == {"it": "b"}
