import json

import pytest

SMALL = ("--width", "4", "--batch", "4", "--seconds", "0.05", "--device", "cpu")


def test_without_data_it_measures_with_avatars(kaogan):
    outcome = kaogan("bench", "--size", "32", *SMALL, "--precision", "fp32", "--json")
    assert outcome.status == 0
    found = json.loads(outcome.out)
    assert (found["size"], found["batch"], found["epoch_images"]) == (32, 4, 63_632)
    assert found["epoch_seconds"] == pytest.approx(63_632 / found["images_per_second"])
    assert found["share_of_floor"] > 0
    assert found["settings"]["precision"] == "fp32"
    assert "training" in outcome.err


def test_with_data_the_epoch_is_its_own(kaogan, pictures, tmp_path):
    data = tmp_path / "data"
    kaogan("data", "prepare", pictures, "--size", "32", "--channels", "1", "--out", data)
    outcome = kaogan("bench", data, *SMALL)
    assert outcome.status == 0
    count = json.loads((data / "dataset.json").read_text())["train"]
    first_words = [line.split()[0] for line in outcome.out.splitlines()]
    assert first_words == ["training", "epoch", "drawing", "floor", "peak", "settings"]
    assert f"epoch        {count} pictures in" in outcome.out
    assert "device cpu" in outcome.out


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--size", "48"], "power of two"),
        (["--size", "0"], "size"),
        (["--batch", "1"], "batch"),
        (["--width", "3"], "width"),
        (["--seconds", "0"], "seconds"),
        (["--seconds", "nan"], "seconds"),
        (["--device", "gpu7"], "device"),
        (["--device", "cuda:99"], "device"),
        (["--precision", "fp16", "--device", "cpu"], "fp16"),
        (["--precision", "fp64"], "precision"),
    ],
)
def test_a_value_that_makes_no_sense(kaogan, options, word):
    outcome = kaogan("bench", *options)
    assert outcome.status == 2
    assert word in outcome.error


def test_data_that_is_not_there_or_of_another_size(kaogan, pictures, tmp_path):
    missing = kaogan("bench", tmp_path / "nothing")
    assert missing.status == 1
    assert "does not exist" in missing.error
    raw = kaogan("bench", pictures)
    assert raw.status == 1
    assert "kaogan data prepare" in raw.error
    kaogan("data", "prepare", pictures, "--size", "32", "--out", tmp_path / "data")
    other = kaogan("bench", tmp_path / "data", "--size", "64")
    assert other.status == 2
    assert "--size 32, not 64" in other.error
