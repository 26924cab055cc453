"""Large data sets lie in several files, and nobody who reads them notices."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kaogan.data import spool
from kaogan.data.batches import ImageBatches, Rows
from kaogan.data.dataset import open_dataset
from kaogan.data.shards import Part, Shards, joined
from kaogan.data.writing import Picture, write_dataset
from kaogan.errors import KaoganError, UsageError
from kaogan.images import evenly_spread, to_pixels
from kaogan.metrics.clouds import PictureSource
from kaogan.recipes import dcgan
from kaogan.training.tasks.images import Pictures

ARRAYS = [np.random.default_rng(n).integers(0, 256, (n, 2, 3, 1), np.uint8) for n in (3, 1, 7, 2)]
WHOLE = np.concatenate(ARRAYS)
PICTURE = 32 * 32 * 3  # bytes


def pictures(count=60):
    rng = np.random.default_rng(0)
    for index in range(count):
        pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        yield Picture(pixels, {"source": f"{index}"}, {"number": index})


def written(path, monkeypatch, per_shard, count=60):
    monkeypatch.setattr(spool, "SHARD_BYTES", per_shard * PICTURE)
    return write_dataset(path, pictures(count), size=32, channels=3, about={})


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return written(tmp_path_factory.mktemp("data") / "three", patch, 25)


indices = st.integers(-len(WHOLE), len(WHOLE) - 1)
ends = st.none() | st.integers(-20, 20)


class TestReading:
    @given(indices)
    def test_a_number(self, index):
        np.testing.assert_array_equal(joined(ARRAYS)[index], WHOLE[index])

    @given(st.builds(slice, ends, ends, st.sampled_from([None, 1, 2, -1, -3])))
    def test_a_slice(self, part):
        np.testing.assert_array_equal(joined(ARRAYS)[part], WHOLE[part])

    @given(st.lists(indices, max_size=20))
    def test_an_array_of_indices(self, chosen):
        wanted = np.array(chosen, np.intp)
        np.testing.assert_array_equal(joined(ARRAYS)[wanted], WHOLE[wanted])

    def test_a_mask_and_more_axes(self):
        mask = np.arange(len(WHOLE)) % 3 == 0
        np.testing.assert_array_equal(joined(ARRAYS)[mask], WHOLE[mask])
        np.testing.assert_array_equal(joined(ARRAYS)[2:9, 1, ..., 0], WHOLE[2:9, 1, ..., 0])
        np.testing.assert_array_equal(joined(ARRAYS)[5, 1], WHOLE[5, 1])

    def test_it_describes_itself_as_an_array(self):
        found = joined(ARRAYS)
        assert (len(found), found.shape, found.dtype) == (13, WHOLE.shape, WHOLE.dtype)
        assert (found.ndim, found.size, found.nbytes) == (4, WHOLE.size, WHOLE.nbytes)
        np.testing.assert_array_equal(np.asarray(found), WHOLE)
        np.testing.assert_array_equal(np.stack(list(found)), WHOLE)

    def test_what_is_outside_is_an_error(self):
        for index in (13, -14, np.array([0, 13]), np.ones(5, np.bool_), 1.5):
            with pytest.raises(IndexError):
                joined(ARRAYS)[index]

    def test_one_shard_gives_a_view(self):
        assert np.shares_memory(joined(ARRAYS)[4:10], ARRAYS[2])
        assert joined([ARRAYS[0][:0], ARRAYS[1]]) is ARRAYS[1]


class TestDataset:
    def test_the_files(self, three):
        names = sorted(path.name for path in three.path.iterdir())
        parts = [f"-0000{n}" for n in range(3)]
        assert names == [
            *(f"attributes{part}.jsonl" for part in parts),
            "dataset.json",
            *(f"images{part}.npy" for part in parts),
            *(f"manifest{part}.jsonl" for part in parts),
            "rejected.jsonl",
        ]
        assert three.summary["version"] == 2
        assert sum(shard["train"] for shard in three.summary["shards"]) == len(three)

    def test_rows_stay_with_their_pictures(self, three):
        originals = {each.row["source"]: each.pixels for each in pictures()}
        rows, everything = list(three.manifest()), [*three.train, *three.held_out]
        assert [row["split"] for row in rows] == ["train"] * len(three) + ["held_out"] * (
            60 - len(three)
        )
        for row, pixels in zip(rows, everything, strict=True):
            np.testing.assert_array_equal(pixels, originals[row["source"]])
        attributes = (three.path / "attributes-00001.jsonl").read_text().splitlines()
        manifest = (three.path / "manifest-00001.jsonl").read_text().splitlines()
        for one, other in zip(attributes, manifest, strict=True):
            assert str(json.loads(one)["number"]) == json.loads(other)["source"]

    def test_the_size_of_shards_does_not_show(self, tmp_path, monkeypatch, three):
        """The same pictures give equal fingerprints and equal batches."""
        one = written(tmp_path / "one", monkeypatch, 1000)
        many = written(tmp_path / "many", monkeypatch, 7)
        assert (len(one.shards), len(three.shards), len(many.shards)) == (1, 3, 9)
        assert isinstance(one.train, np.memmap)
        assert isinstance(many.train, Shards)
        device = torch.device("cpu")
        batches = [ImageBatches(data.train, device, seed=3) for data in (one, three, many)]
        for start in range(0, 200, 16):
            expected = batches[0](start, 16).x
            assert torch.equal(batches[1](start, 16).x, expected)
            assert torch.equal(batches[2](start, 16).x, expected)
        for data in (three, many):
            assert data.fingerprint == one.fingerprint
            np.testing.assert_array_equal(np.asarray(data.held_out), one.held_out)
            assert [row["sha256"] for row in data.manifest()] == [
                row["sha256"] for row in one.manifest()
            ]
            np.testing.assert_array_equal(evenly_spread(data.train, 9), evenly_spread(one.train, 9))
            drawn = [PictureSource.shuffled(each.train, 1).draw(0, 20) for each in (data, one)]
            np.testing.assert_array_equal(*drawn)

    @pytest.mark.parametrize("name", ["images-00001.npy", "manifest-00002.jsonl"])
    def test_a_missing_file(self, tmp_path, monkeypatch, name):
        path = written(tmp_path / "d", monkeypatch, 25).path
        (path / name).unlink()
        with pytest.raises(KaoganError, match=f"is damaged .*{name}"):
            open_dataset(path)

    @pytest.mark.parametrize(
        "change",
        [
            {"shards": []},
            {"shards": [{"images": "../images.npy", "train": 1, "held_out": 0}]},
            {"shards": [{"images": "images.npy", "train": -1, "held_out": 1}]},
            {"shards": [{"images": "images.npy"}]},
            {"shards": 5},
            {"train": 3},
        ],
    )
    def test_shards_that_cannot_be(self, tmp_path, monkeypatch, change):
        path = written(tmp_path / "d", monkeypatch, 25).path
        summary = json.loads((path / "dataset.json").read_text())
        (path / "dataset.json").write_text(json.dumps({**summary, **change}))
        with pytest.raises(KaoganError, match="is damaged"):
            open_dataset(path)


def test_a_data_set_of_version_1_opens_as_before(tmp_path):
    """As it was written before there were shards."""
    folder = tmp_path / "old"
    folder.mkdir()
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    np.save(folder / "images.npy", images)
    splits = ["train"] * 4 + ["held_out"]
    rows = [{"source": f"{n}", "sha256": "", "split": split} for n, split in enumerate(splits)]
    (folder / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "rejected.jsonl").write_text("")
    summary = {"version": 1, "size": 32, "channels": 3, "train": 4, "held_out": 1, "rejected": {}}
    (folder / "dataset.json").write_text(json.dumps({**summary, "fingerprint": "x"}))
    data = open_dataset(folder)
    np.testing.assert_array_equal(data.train, images[:4])
    np.testing.assert_array_equal(data.held_out, images[4:])
    assert list(data.manifest()) == rows


class TestParts:
    """Each machine of several holds a part of the shards."""

    def batches(self, path, number, parts=2, batch=8):
        data = open_dataset(path, part=Part(number, parts))
        rows = Rows(data.part, batch, data.summary["train"])
        return data, ImageBatches(data.train, torch.device("cpu"), seed=3, rows=rows)

    def test_the_parts_are_the_whole(self, three):
        parts = [open_dataset(three.path, part=Part(number, 2)) for number in range(2)]
        assert [len(each.shards) for each in parts] == [2, 1]
        assert {each.fingerprint for each in parts} == {three.fingerprint}
        for split in ("train", "held_out"):
            found = [row.tobytes() for each in parts for row in getattr(each, split)]
            assert sorted(found) == sorted(row.tobytes() for row in getattr(three, split))
        assert sorted(row["sha256"] for each in parts for row in each.manifest()) == sorted(
            row["sha256"] for row in three.manifest()
        )

    def test_the_files_of_other_parts_may_be_missing(self, tmp_path, monkeypatch):
        path = written(tmp_path / "d", monkeypatch, 25).path
        (path / "images-00001.npy").unlink()
        (path / "manifest-00001.jsonl").unlink()
        assert len(open_dataset(path, part=Part(0, 2)).shards) == 2
        with pytest.raises(KaoganError, match="is damaged"):
            open_dataset(path, part=Part(1, 2))

    @pytest.mark.parametrize("number", [0, 1])
    def test_an_epoch_of_a_part_has_each_of_its_pictures_once(self, three, number):
        data, batches = self.batches(three.path, number)
        rows = [batches(start + 4 * number, 4).x for start in range(0, 8 * 40, 8)]
        stream = to_pixels(torch.cat(rows)).numpy()
        count = len(data.train)
        assert count != len(three)
        for epoch in range(2):
            seen = {picture.tobytes() for picture in stream[epoch * count : (epoch + 1) * count]}
            assert seen == {picture.tobytes() for picture in data.train}
        assert len(batches) == len(three)

    def test_a_batch_depends_on_its_position_alone(self, three):
        """However many processes a machine has, and wherever a training goes on."""
        _, batches = self.batches(three.path, 1)
        whole = batches(8 * 5 + 4, 4).x
        _, again = self.batches(three.path, 1)
        halves = [again(8 * 5 + 4, 2).x, again(8 * 5 + 6, 2).x]
        assert torch.equal(torch.cat(halves), whole)
        _, other = self.batches(three.path, 0)
        assert not torch.equal(other(8 * 5, 4).x, whole)

    @pytest.mark.parametrize(("start", "count"), [(0, 8), (4, 4), (2, 4), (12, 1)])
    def test_rows_of_another_part_are_refused(self, three, start, count):
        _, batches = self.batches(three.path, 0)
        with pytest.raises(UsageError, match="and not those of part 0 of 2; start as many"):
            batches(start, count)

    def test_too_many_parts(self, three):
        with pytest.raises(UsageError, match="has 3 shards, too few for 4 parts"):
            open_dataset(three.path, part=Part(0, 4))

    def test_a_batch_that_cannot_be_divided(self, three):
        task = Pictures(open_dataset(three.path, part=Part(0, 3)))
        with pytest.raises(UsageError, match="cannot be divided into 3 parts; use --batch 18"):
            task.check(dcgan(size=32, width=4, batch=16))

    def test_a_run_is_of_the_whole(self, three):
        data = open_dataset(three.path, part=Part(1, 2))
        task = Pictures(data)
        assert task.about == Pictures(three).about
        assert task.contents == f"{len(three)} pictures, {len(data)} of them here"
