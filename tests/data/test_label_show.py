"""Labels in numbers, in words, and as a sheet of examples."""

import json

import numpy as np
import pytest
from PIL import Image

from kaogan.data import label_show
from kaogan.data.dataset import open_dataset
from kaogan.data.label_files import Labels, Origin, write_labels
from kaogan.data.label_show import (
    EXAMPLES,
    GAP,
    LETTERS,
    SIDE,
    describe_labels,
    labels_sheet,
    save_labels_sheet,
    summarize_labels,
)
from kaogan.data.show import describe, summarize
from kaogan.data.writing import Picture, write_dataset
from kaogan.labels import Attribute

HAIR = Attribute(name="hair-colour", kind="categories", values=("pink", "blue", "grey"))
SMILE = Attribute(name="smile", kind="flag")
AGE = Attribute(name="age", kind="number")
GREY = [10, 120, 230]
"""The pictures of each hair have their own grey."""


@pytest.fixture
def data(tmp_path):
    """40 pictures: of each four, two are pink, one blue and one unknown; number 0 smiles."""
    rng = np.random.default_rng(0)
    hair = [(0, 0, 1, np.nan)[number % 4] for number in range(40)]
    pictures = []
    for number in range(40):
        grey = 255 if np.isnan(hair[number]) else GREY[int(hair[number])]
        pixels = np.full((32, 32, 1), grey, np.uint8)
        pixels[0] = rng.integers(0, 256, (32, 1))
        pictures.append(Picture(pixels, {"source": str(number)}))
    data = write_dataset(tmp_path / "d", pictures, size=32, channels=1, about={})
    order = [int(row["source"]) for row in data.manifest()]
    codes = np.array([[hair[n], n == 0, n / 39] for n in order], np.float32)
    labels = Labels((HAIR, SMILE, AGE), codes, {"age": (3.0, 99.0)})
    write_labels(data.path, data.shards, labels, Origin(sources=("t.csv",)))
    return open_dataset(data.path)


def test_numbers(data):
    summary = summarize_labels(data)
    hair, smile, age = summary["attributes"]
    assert hair == {
        "name": "hair-colour",
        "kind": "categories",
        "unknown": 10,
        "counts": {"pink": 20, "blue": 10, "grey": 0},
        "most": 0.6667,
    }
    assert smile["counts"] == {"no": 39, "yes": 1}
    assert age["quartiles"] == pytest.approx([0.25, 0.5, 0.75])
    assert age["range"] == (3.0, 99.0)
    assert summary["without"] == 0
    assert json.loads(json.dumps(summary))


def test_words(data):
    text = "\n".join(describe(summarize(data)))
    assert "labels: 3 attributes from t.csv" in text
    assert "pink 20 (67%), blue 10, grey 0" in text
    assert "quartiles 0.25, 0.50, 0.75; 0 is 3, 1 is 99" in text
    names = [line for line in text.splitlines() if line.startswith("    ") and "," in line]
    assert max(map(len, names)) <= 80


def test_many_values_fill_few_lines():
    counts = {f"value-{number:03}": 200 - number for number in range(200)}
    one = {"name": "artist", "kind": "categories", "unknown": 3, "counts": counts, "most": 0.01}
    lines = describe_labels({"sources": ["t"], "without": 0, "command": "", "attributes": [one]})
    assert len(lines) < 20
    assert lines[-1].endswith("and 176 more")


def test_pictures_that_were_added_later_are_told(data):
    summary = summarize_labels(data) | {"without": 7}
    assert (
        "7 pictures were added later and have none; label them: "
        f"kaogan data label {data.path} --labels t.csv"
    ) in "\n".join(describe_labels(summary))


def test_without_labels_there_is_nothing_to_tell(tmp_path, data):
    (data.path / "labels.json").unlink()
    plain = open_dataset(data.path)
    assert summarize_labels(plain) is None
    assert "labels" not in summarize(plain)
    with pytest.raises(ValueError, match="no labels"):
        labels_sheet(plain)


def test_the_sheet_has_a_row_of_examples_for_each_value(data, tmp_path):
    save_labels_sheet(data, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as opened:
        sheet = np.asarray(opened.convert("RGB"))
    # The right end of the first block; its rows are pink, blue and grey.
    for row, (grey, count) in enumerate([(10, EXAMPLES), (120, EXAMPLES), (230, 0)]):
        middle = sheet[2 * LETTERS + row * (SIDE + GAP) + SIDE // 2, :, 0].astype(int)
        first = middle[: middle.size // (2 if sheet.shape[1] > sheet.shape[0] else 1)]
        shown = (np.abs(first - grey) < 3).sum()
        assert shown == pytest.approx(min(count, EXAMPLES) * SIDE, abs=SIDE // 2)


def test_a_sheet_of_very_many_values_stays_small(data, monkeypatch, capsys):
    whole = labels_sheet(data).size
    monkeypatch.setattr(label_show, "MOST_ROWS_IN_ALL", 5)
    first = labels_sheet(data).size
    assert first[0] * first[1] < whole[0] * whole[1]
    assert "the sheet has the first 2 of 3 attributes" in capsys.readouterr().err


def test_labels_of_which_nothing_is_known(data):
    codes = np.full((40, 3), np.nan, np.float32)
    write_labels(data.path, data.shards, Labels((HAIR, SMILE, AGE), codes), Origin())
    unknown = open_dataset(data.path)
    assert labels_sheet(unknown).width > 0
    text = "\n".join(describe(summarize(unknown)))
    assert text.count("nothing is known") == 2
    assert "quartiles unknown" in text
