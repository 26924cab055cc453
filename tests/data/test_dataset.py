import errno
import json

import numpy as np
import pytest
from helpers import make_folder, png, prepared

from kaogan.data import spool
from kaogan.data.boxes import AnyRow
from kaogan.data.dataset import json_lines, open_dataset
from kaogan.data.reasons import Reason
from kaogan.data.writing import LeftOutPicture, Picture, Repeat, write_dataset
from kaogan.errors import KaoganError


def pictures(count, size=32, attributes=False):
    rng = np.random.default_rng(0)
    for index in range(count):
        extra = {"hair": index} if attributes else None
        yield Picture(
            rng.integers(0, 256, (size, size, 3), dtype=np.uint8), {"source": f"{index}"}, extra
        )


def write(out, items, **options):
    return write_dataset(out, items, size=32, channels=3, about={"filter": "none"}, **options)


class TestWriting:
    def test_rows_and_pictures_stay_together(self, tmp_path):
        originals = {p.row["source"]: p.pixels for p in pictures(100)}
        data = write(tmp_path / "d", pictures(100, attributes=True))
        rows = list(data.manifest())
        everything = np.concatenate([data.train, data.held_out])
        assert len(rows) == len(everything) == 100
        for row, pixels in zip(rows, everything, strict=True):
            np.testing.assert_array_equal(pixels, originals[row["source"]])
        extras = list(json_lines(tmp_path / "d" / "attributes.jsonl", AnyRow))
        assert [str(extra["hair"]) for extra in extras] == [row["source"] for row in rows]

    def test_training_pictures_come_first_and_keep_their_order(self, tmp_path):
        data = write(tmp_path / "d", pictures(100))
        rows = list(data.manifest())
        splits = [row["split"] for row in rows]
        assert splits == ["train"] * len(data) + ["held_out"] * len(data.held_out)
        for part in (rows[: len(data)], rows[len(data) :]):
            numbers = [int(row["source"]) for row in part]
            assert numbers == sorted(numbers)

    def test_sizes_and_counts(self, tmp_path):
        items = [
            *pictures(30),
            LeftOutPicture("x", Reason.EMPTY),
            LeftOutPicture("y", Reason.EMPTY, "why"),
        ]
        data = write(tmp_path / "d", items, find_repeats=lambda _: [Repeat(5, 2, Reason.DUPLICATE)])
        assert len(data) == data.summary["train"]
        assert len(data) + len(data.held_out) == 29
        assert data.summary["rejected"] == {"empty file": 2, "duplicate": 1}
        assert list(data.rejected()) == [
            {"source": "x", "reason": "empty file", "detail": ""},
            {"source": "y", "reason": "empty file", "detail": "why"},
            {"source": "5", "reason": "duplicate", "repeats": "2"},
        ]
        assert sorted(p.name for p in (tmp_path / "d").iterdir()) == [
            "dataset.json",
            "images.npy",
            "manifest.jsonl",
            "rejected.jsonl",
        ]

    def test_the_fingerprint_is_of_pictures_and_split_only(self, tmp_path):
        one = write(tmp_path / "one", pictures(20)).fingerprint
        renamed = (Picture(p.pixels, {"source": "other"}) for p in pictures(20))
        assert write(tmp_path / "two", renamed).fingerprint == one
        assert write(tmp_path / "three", pictures(21)).fingerprint != one

    def test_nothing_usable(self, tmp_path):
        with pytest.raises(KaoganError, match=r"no usable picture: all were rejected \(1 empty"):
            write(tmp_path / "d", [LeftOutPicture("x", Reason.EMPTY)])
        with pytest.raises(KaoganError, match="the source is empty"):
            write(tmp_path / "d", [])
        assert list(tmp_path.iterdir()) == []

    def test_nothing_is_overwritten(self, tmp_path):
        write(tmp_path / "d", pictures(3))
        with pytest.raises(KaoganError, match="exists already; choose another name, or delete it"):
            write(tmp_path / "d", pictures(4))

    def test_an_interruption_leaves_nothing(self, tmp_path):
        def interrupted():
            yield from pictures(3)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            write(tmp_path / "d", interrupted())
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("number", "message"),
        [
            (errno.ENOSPC, "no space left while writing"),
            (errno.EACCES, "no permission to write"),
            (errno.EIO, "cannot write"),
        ],
    )
    @pytest.mark.parametrize("when", ["append", "pictures"])
    def test_the_disk_fails(self, tmp_path, monkeypatch, number, message, when):
        def fail(*_):
            raise OSError(number, "the system's words")

        monkeypatch.setattr(spool.Spool, when, fail)
        with pytest.raises(KaoganError, match=message):
            write(tmp_path / "d", pictures(3))
        assert list(tmp_path.iterdir()) == []

    def test_the_place_is_impossible(self, tmp_path):
        (tmp_path / "file").write_text("x")
        with pytest.raises(KaoganError, match="cannot write"):
            write(tmp_path / "file" / "d", pictures(3))

    def test_what_a_killed_process_left_is_removed(self, tmp_path):
        (tmp_path / ".d.partial-abc").mkdir()
        write(tmp_path / "d", pictures(3))
        assert [p.name for p in tmp_path.iterdir()] == ["d"]


class TestOpening:
    @pytest.fixture
    def path(self, tmp_path):
        return write(tmp_path / "d", pictures(20)).path

    def test_arrays_are_mapped_and_read_only(self, path):
        data = open_dataset(str(path))
        assert isinstance(data.train, np.memmap)
        assert isinstance(data.held_out, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            data.train[0] = 0

    def test_what_is_no_data_set(self, path, tmp_path):
        with pytest.raises(KaoganError, match="does not exist"):
            open_dataset(tmp_path / "nothing")
        with pytest.raises(KaoganError, match="is a file"):
            open_dataset(path / "images.npy")
        with pytest.raises(KaoganError, match="not a prepared data set; run: kaogan data prepare"):
            open_dataset(tmp_path)

    @pytest.mark.parametrize("name", ["images.npy", "manifest.jsonl", "rejected.jsonl"])
    def test_a_missing_file(self, path, name):
        (path / name).unlink()
        with pytest.raises(KaoganError, match=r"is damaged .* delete it and prepare it again"):
            open_dataset(path)

    @pytest.mark.parametrize("keep", [0, 5, 100, -1])
    def test_torn_images(self, path, keep):
        content = (path / "images.npy").read_bytes()
        (path / "images.npy").write_bytes(content[:keep])
        with pytest.raises(KaoganError, match="is damaged"):
            open_dataset(path)

    def test_images_of_another_shape(self, path):
        np.save(path / "images.npy", np.zeros((3, 32, 32, 3), np.uint8))
        with pytest.raises(KaoganError, match="is damaged"):
            open_dataset(path)

    @pytest.mark.parametrize(
        "change",
        [
            {"version": "1"},
            {"train": -1},
            {"train": 10**9},
            {"size": None},
            {"fingerprint": 5},
            {"channels": True},
        ],
    )
    def test_a_wrong_summary(self, path, change):
        summary = json.loads((path / "dataset.json").read_text())
        (path / "dataset.json").write_text(json.dumps({**summary, **change}))
        with pytest.raises(KaoganError, match="is damaged"):
            open_dataset(path)

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", "\x00"])
    def test_a_broken_summary(self, path, text):
        (path / "dataset.json").write_text(text)
        with pytest.raises(KaoganError, match="is damaged"):
            open_dataset(path)

    def test_a_newer_version(self, path):
        summary = json.loads((path / "dataset.json").read_text())
        (path / "dataset.json").write_text(json.dumps({**summary, "version": 99}))
        with pytest.raises(KaoganError, match="made by a newer kaogan"):
            open_dataset(path)


def test_one_picture_is_a_data_set(tmp_path):
    data = prepared(make_folder(tmp_path / "in", {"1.png": png(1)}), tmp_path / "d")
    assert len(data) == 1
    assert data.held_out.shape == (0, 64, 64, 3)
