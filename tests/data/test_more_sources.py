"""Sources of large data sets: WebDataset, folders of Hugging Face's datasets, many files."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers import make_folder, make_tar, make_zip, png, prepared

from kaogan.data.prepare import prepare
from kaogan.data.reasons import Rejected
from kaogan.data.sources import places, read_items, source_labels
from kaogan.errors import KaoganError, UsageError

FILES = {f"{i:06}.png": png(i) for i in range(6)}


def names(*sources):
    return [item.name for item in read_items(places(sources))]


class TestPatterns:
    def test_numbers_keep_their_width(self, tmp_path):
        found = places([str(tmp_path / "a-{008..011}.tar"), "b{8..10}", "{x,y}-{0..1}.zip"])
        assert [path.name for path in found] == [
            *("a-008.tar", "a-009.tar", "a-010.tar", "a-011.tar"),
            *("b8", "b9", "b10"),
            *("x-0.zip", "x-1.zip", "y-0.zip", "y-1.zip"),
        ]

    def test_a_file_of_this_name_is_a_file(self, tmp_path):
        (tmp_path / "{1..3}.png").write_bytes(png(1))
        assert places([str(tmp_path / "{1..3}.png")]) == [tmp_path / "{1..3}.png"]

    @pytest.mark.parametrize("pattern", ["{0..100000}", "{0..999}{0..999}"])
    def test_too_many(self, pattern):
        with pytest.raises(UsageError, match="stands for more than 100,000 files; use a folder"):
            places([pattern])

    def test_other_braces_are_plain(self):
        assert [path.name for path in places(["{a}", "{}", "{1..b}"])] == ["{a}", "{}", "{1..b}"]

    def test_a_missing_one_is_an_error(self, tmp_path):
        make_tar(tmp_path / "s-0.tar", FILES)
        with pytest.raises(KaoganError, match=r"s-1\.tar does not exist"):
            prepare([str(tmp_path / "s-{0..1}.tar")], tmp_path / "d", progress=False)

    def test_labels_are_unique(self, tmp_path):
        paths = [
            tmp_path / "1" / "a",
            tmp_path / "2" / "a",
            tmp_path / "a (2)",
            tmp_path / "3" / "a",
        ]
        assert source_labels(paths) == ["a", "a (2)", "a (2) (2)", "a (3)"]


class TestWebDataset:
    def test_shards_are_read_one_after_another(self, tmp_path):
        for shard in range(3):
            entries = {}
            for key in range(shard * 2, shard * 2 + 2):
                entries |= {
                    f"{key:06}.cls": b"7",
                    f"{key:06}.png": png(key),
                    f"{key:06}.json": b"{}",
                    f"{key:06}.txt": b"a face",
                }
            make_tar(tmp_path / f"shard-{shard:03}.tar", entries)
        data = prepare(
            [str(tmp_path / "shard-{000..002}.tar")], tmp_path / "d", workers=1, progress=False
        )
        assert (
            data.fingerprint
            == prepared(make_folder(tmp_path / "in", FILES), tmp_path / "e").fingerprint
        )
        assert list(data.rejected()) == []
        assert data.summary["sources"] == [f"shard-00{n}.tar" for n in range(3)]

    def test_a_file_without_a_picture_is_still_named(self, tmp_path):
        entries = {"a/1.txt": b"?", "a/2.json": b"", "a/2.png": png(2), "b/2.txt": b"other folder"}
        make_tar(tmp_path / "f.tar", entries)
        assert names(tmp_path / "f.tar") == ["f.tar/a/1.txt", "f.tar/a/2.png", "f.tar/b/2.txt"]

    def test_several_pictures_of_a_key_are_several_items(self, tmp_path):
        make_tar(tmp_path / "f.tar", {"1.in.png": png(1), "1.meta": b"", "1.out.png": png(2)})
        assert names(tmp_path / "f.tar") == ["f.tar/1.in.png", "f.tar/1.out.png"]

    def test_files_of_one_key_without_end_are_not_kept_in_memory(self, tmp_path):
        entries = {f"1.{n}": b"?" for n in range(100)}
        make_tar(tmp_path / "f.tar", entries)
        assert len(names(tmp_path / "f.tar")) == 100


def write_arrow(file, columns, compression=None):
    table, options = pa.table(columns), pa.ipc.IpcWriteOptions(compression=compression)
    with (
        pa.OSFile(str(file), "wb") as sink,
        pa.ipc.new_stream(sink, table.schema, options=options) as out,
    ):
        out.write_table(table, max_chunksize=2)


def save_to_disk(folder, rows, files=2):
    """As `datasets.Dataset.save_to_disk` writes it."""
    folder.mkdir(parents=True)
    listed = []
    for number in range(files):
        name = f"data-{number:05}-of-{files:05}.arrow"
        table = pa.table(
            {"image": rows[number::files], "label": list(range(len(rows[number::files])))}
        )
        with (
            pa.OSFile(str(folder / name), "wb") as sink,
            pa.ipc.new_stream(sink, table.schema) as out,
        ):
            out.write_table(table, max_chunksize=2)
        listed.append({"filename": name})
    (folder / "state.json").write_text(json.dumps({"_data_files": listed, "_split": None}))
    (folder / "dataset_info.json").write_text(json.dumps({"features": {}}))
    (folder / "cache-0123.arrow").write_bytes(b"not a part of it")


ROWS = [{"bytes": content, "path": name} for name, content in FILES.items()]


class TestDatasets:
    def test_a_dataset(self, tmp_path):
        save_to_disk(tmp_path / "in", ROWS)
        data = prepared(tmp_path / "in", tmp_path / "d")
        assert len(data) + len(data.held_out) == 6
        assert list(data.rejected()) == []
        assert names(tmp_path / "in")[:2] == [
            "in/data-00000-of-00002.arrow/row 0 000000.png",
            "in/data-00000-of-00002.arrow/row 1 000002.png",
        ]

    def test_all_splits_of_a_dictionary(self, tmp_path):
        save_to_disk(tmp_path / "in" / "train", ROWS[:4])
        save_to_disk(tmp_path / "in" / "test", ROWS[4:], files=1)
        (tmp_path / "in" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
        found = names(tmp_path / "in")
        assert [name.split("/")[1] for name in found] == ["train"] * 4 + ["test"] * 2

    def test_it_may_lie_in_a_folder_or_alone(self, tmp_path):
        save_to_disk(tmp_path / "in", ROWS, files=1)
        file = tmp_path / "in" / "data-00000-of-00001.arrow"
        assert len(names(file)) == 6

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("state.json", "{"),
            ("state.json", "[]"),
            ("state.json", '{"_data_files": [{"filename": "../x.arrow"}]}'),
            ("state.json", '{"_data_files": [{"filename": "gone.arrow"}]}'),
            ("dataset_dict.json", '{"splits": [".."]}'),
            ("dataset_dict.json", '{"splits": ["gone"]}'),
        ],
    )
    def test_a_damaged_list(self, tmp_path, name, text):
        save_to_disk(tmp_path / "in", ROWS)
        (tmp_path / "in" / name).write_text(text)
        with pytest.raises(KaoganError) as caught:
            names(tmp_path / "in")
        assert "\n" not in str(caught.value)

    def test_columns(self, tmp_path):
        for number, columns in enumerate(({"n": [1]}, {"a": [b"x"], "b": [b"y"]})):
            file = tmp_path / f"{number}.arrow"
            write_arrow(file, columns)
            with pytest.raises(KaoganError, match="columns of pictures among"):
                names(file)

    def test_a_broken_file(self, tmp_path):
        (tmp_path / "f.arrow").write_bytes(b"broken")
        with pytest.raises(KaoganError, match="is not an Arrow file, or a damaged one"):
            names(tmp_path / "f.arrow")

    @pytest.mark.parametrize("compression", ["lz4", "zstd"])
    def test_a_compressed_file_is_not_unpacked(self, tmp_path, compression):
        """A small one could hold gigabytes."""
        columns = {"image": [bytes(10**6)] * 3, "kind": pa.array(["a"] * 3).dictionary_encode()}
        write_arrow(tmp_path / "f.arrow", columns, compression)
        with pytest.raises(KaoganError, match="is compressed; write it without compression"):
            names(tmp_path / "f.arrow")
        write_arrow(tmp_path / "g.arrow", columns)
        assert len(names(tmp_path / "g.arrow")) == 3


def test_parquet_shards(tmp_path):
    """As a data set on the Hugging Face hub, cloned."""
    (tmp_path / "hub" / "data").mkdir(parents=True)
    for shard in range(2):
        table = pa.table({"image": ROWS[3 * shard : 3 * shard + 3]})
        pq.write_table(table, tmp_path / "hub" / "data" / f"train-0000{shard}-of-00002.parquet")
    assert len(names(tmp_path / "hub")) == 6
    assert names(str(tmp_path / "hub" / "data" / "train-{00000..00001}-of-00002.parquet")) == [
        f"train-0000{n // 3}-of-00002.parquet/row {n % 3} {name}" for n, name in enumerate(FILES)
    ]


class TestAddresses:
    @pytest.fixture(autouse=True)
    def fsspec(self):
        return pytest.importorskip("fsspec")

    def fill(self, files, base):
        for name, content in FILES.items():
            files.pipe_file(f"{base}/{name[-5]}/{name}", content)
        files.pipe_file(f"{base}/.hidden/x.png", png(9))
        files.pipe_file(f"{base}/9/notes.txt", b"no picture")

    def test_a_folder_in_memory_and_in_files(self, fsspec, tmp_path):
        self.fill(fsspec.filesystem("memory"), "/faces")
        self.fill(fsspec.filesystem("file", auto_mkdir=True), str(tmp_path / "faces"))
        local = prepared(tmp_path / "faces", tmp_path / "local")
        for number, address in enumerate(["memory://faces", f"file://{tmp_path / 'faces'}"]):
            data = prepare([address], tmp_path / f"{number}", workers=1, progress=False)
            assert data.fingerprint == local.fingerprint
            assert list(data.manifest()) == list(local.manifest())
            assert list(data.rejected()) == list(local.rejected())

    def test_archives_are_read_where_they_are(self, fsspec, tmp_path):
        files = fsspec.filesystem("memory")
        for number in range(2):
            path = make_tar(tmp_path / f"{number}.tar", dict(list(FILES.items())[number::2]))
            files.pipe_file(f"/shards/s-{number}.tar", path.read_bytes())
        files.pipe_file(
            "/shards/x.zip", make_zip(tmp_path / "x.zip", {"a.png": png(7)}).read_bytes()
        )
        files.pipe_file("/shards/broken.zip", b"broken")
        assert names("memory://shards/s-{0..1}.tar") == [
            *(f"s-0.tar/{name}" for name in list(FILES)[::2]),
            *(f"s-1.tar/{name}" for name in list(FILES)[1::2]),
        ]
        items = list(read_items(places(["memory://shards"])))
        assert len(items) == 8
        assert items[0].name == "shards/broken.zip"
        assert isinstance(items[0].content, Rejected)
        assert "kaogan-" not in items[0].content.detail  # the copy's place
        assert items[-1].name == "shards/x.zip/a.png"
        with pytest.raises(KaoganError, match=r"memory://shards/broken\.zip is not a ZIP file"):
            names("memory://shards/broken.zip")

    def test_what_is_not_there_or_not_known(self, tmp_path):
        with pytest.raises(KaoganError, match="memory://nothing does not exist"):
            prepare(["memory://nothing"], tmp_path / "d", progress=False)
        for address in ("http://x/y.zip", "ftp://x", "zip://a::memory://b", "file::zip://x"):
            with pytest.raises(UsageError, match="is no address of pictures; known are"):
                prepare([address], tmp_path / "d", progress=False)

    def test_a_package_that_is_missing_is_named(self, tmp_path, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "gcsfs", None)
        with pytest.raises(KaoganError, match=r'gs://bucket needs a package: .*"gcsfs"'):
            prepare(["gs://bucket"], tmp_path / "d", progress=False)
