import json

import numpy as np
import pytest
from helpers import make_folder, png, prepared
from PIL import Image

from kaogan.data.show import contact_sheet, describe, save_contact_sheet, summarize
from kaogan.data.writing import Picture, write_dataset


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("show")
    files = {f"{i}.png": png(i, size=64 + i) for i in range(20)}
    files |= {"copy.png": png(3, size=67), "empty.png": b""}
    return prepared(make_folder(root / "faces", files), root / "d")


def test_numbers(data):
    summary = summarize(data)
    assert summary["train"] + summary["held_out"] == 20
    assert summary["rejected"] == {"empty file": 1, "duplicate": 1}
    assert summary["original_side"] == {"min": 64, "median": 73.5, "max": 83}
    assert summary["pictures_by_source"] == {"faces": 20}
    assert json.loads(json.dumps(summary)) == summary


def test_words(data):
    text = "\n".join(describe(summarize(data)))
    for words in (
        "20 pictures of 64 x 64, RGB",
        "empty file",
        "duplicate",
        "shorter side 64 to 83",
    ):
        assert words in text


def test_the_contact_sheet(data, tmp_path):
    save_contact_sheet(data, tmp_path / "sheet.png", count=9)
    with Image.open(tmp_path / "sheet.png") as image:
        np.testing.assert_array_equal(np.asarray(image), contact_sheet(data, 9))
        assert image.size == (3 * 66 + 2, 3 * 66 + 2)


def test_the_sheet_of_a_small_grey_set_without_originals(tmp_path):
    rng = np.random.default_rng(0)
    pictures = [
        Picture(rng.integers(0, 256, (32, 32, 1), dtype=np.uint8), {"source": str(i)})
        for i in range(2)
    ]
    data = write_dataset(tmp_path / "d", pictures, size=32, channels=1, about={})
    assert contact_sheet(data).shape == (36, 36, 3)
    assert summarize(data)["original_side"] is None
    assert "grey" in describe(summarize(data))[0]
