import io
import os
import tarfile
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers import make_folder, make_tar, make_zip
from hypothesis import given
from hypothesis import strategies as st

from kaogan.data.reasons import Reason, Rejected
from kaogan.data.sources import base as source_base
from kaogan.data.sources import count_items, find_source, read_items, source_labels, sources
from kaogan.data.sources.archives import check_entry
from kaogan.data.sources.base import is_hidden, printable
from kaogan.data.sources.folder import natural_key
from kaogan.errors import KaoganError

FILES = {"a/1.png": b"one", "a/2.png": b"two", "b.png": b"three"}


def read(path):
    """Everything in a source, by name without the source's own."""
    return {item.name.split("/", 1)[-1]: item.content for item in read_items([path])}


def reason(content):
    assert isinstance(content, Rejected), content
    return content.reason


def test_the_registry_knows_every_kind():
    assert set(sources) == {
        *("folder", "picture", "zip", "tar", "parquet", "arrays", "arrow", "datasets")
    }


def test_a_missing_path_and_an_unknown_kind_are_one_line_errors(tmp_path):
    with pytest.raises(KaoganError, match="does not exist; check the path"):
        find_source(tmp_path / "nothing")
    (tmp_path / "faces.rar").write_bytes(b"Rar!")
    with pytest.raises(KaoganError, match="is no source of pictures"):
        find_source(tmp_path / "faces.rar")


def test_labels_name_the_source_and_nothing_above_it(tmp_path):
    paths = [tmp_path / "x" / "faces.zip", tmp_path / "y" / "faces.zip", tmp_path / "z"]
    assert source_labels(paths) == ["faces.zip", "faces.zip (2)", "z"]


class TestFolder:
    def test_natural_order_and_nothing_hidden(self, tmp_path):
        names = ["10.png", "2.png", ".hidden.png", ".git/x.png", "__MACOSX/1.png", "sub/1.png"]
        make_folder(tmp_path, dict.fromkeys(names, b"x"))
        assert list(read(tmp_path)) == ["2.png", "10.png", "sub/1.png"]
        assert count_items([tmp_path]) == 3

    def test_other_files_are_handed_over_too(self, tmp_path):
        make_folder(tmp_path, {"notes.txt": b"hello"})
        assert read(tmp_path) == {"notes.txt": b"hello"}

    def test_archives_inside_are_read_in_their_place(self, tmp_path):
        make_zip(tmp_path / "more.zip", FILES)
        (tmp_path / "x.png").write_bytes(b"x")
        assert list(read(tmp_path)) == [*(f"more.zip/{name}" for name in FILES), "x.png"]
        assert count_items([tmp_path]) is None

    def test_a_broken_archive_inside_is_listed(self, tmp_path):
        make_folder(tmp_path, {"broken.zip": b"PK", "x.png": b"x"})
        found = read(tmp_path)
        assert reason(found["broken.zip"]) == Reason.UNREADABLE
        assert found["x.png"] == b"x"

    def test_links_to_folders_are_listed_not_followed(self, tmp_path):
        make_folder(tmp_path, {"real/1.png": b"x"})
        (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
        (tmp_path / "dangling.png").symlink_to(tmp_path / "nowhere")
        found = read(tmp_path)
        assert reason(found["loop"]) == Reason.UNREADABLE
        assert reason(found["dangling.png"]) == Reason.UNREADABLE
        assert found["real/1.png"] == b"x"

    @pytest.mark.skipif(os.name == "nt", reason="no named pipes")
    def test_a_pipe_is_not_waited_for(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.png")
        assert reason(read(tmp_path)["pipe.png"]) == Reason.UNREADABLE

    def test_too_large_a_file_is_not_read(self, tmp_path, monkeypatch):
        monkeypatch.setattr(source_base, "LARGEST_PICTURE", 10)
        make_folder(tmp_path, {"big.png": b"x" * 11, "small.png": b"x"})
        assert reason(read(tmp_path)["big.png"]) == Reason.FILE_TOO_LARGE

    def test_names_that_are_no_text_are_escaped(self, tmp_path):
        try:
            (tmp_path / os.fsdecode(b"\xff.png")).write_bytes(b"x")
        except OSError:
            pytest.skip("this file system takes only text")
        (name,) = read(tmp_path)
        name.encode("utf-8")

    def test_one_picture_is_a_source(self, tmp_path):
        make_folder(tmp_path, {"1.png": b"x"})
        assert [item.name for item in read_items([tmp_path / "1.png"])] == ["1.png"]

    @given(st.lists(st.integers(0, 10**6), unique=True))
    def test_natural_order_is_the_order_of_numbers(self, numbers):
        names = sorted((f"p{n}.png" for n in numbers), key=natural_key)
        assert names == [f"p{n}.png" for n in sorted(numbers)]

    @given(st.sets(st.text(min_size=1)))
    def test_different_names_have_different_keys(self, names):
        assert len({tuple(natural_key(name)) for name in names}) == len(names)


class TestZip:
    def test_entries_in_the_order_of_the_archive(self, tmp_path):
        path = make_zip(tmp_path / "f.zip", {"10.png": b"x", "2.png": b"y", "__MACOSX/2.png": b""})
        assert read(path) == {"10.png": b"x", "2.png": b"y"}
        assert list(read(path)) == ["10.png", "2.png"]
        assert count_items([path]) == 2

    @pytest.mark.parametrize(
        "content", [b"", b"PK\3\4", b"not a zip at all", b"PK\5\6" + b"\0" * 18]
    )
    def test_what_is_no_zip(self, tmp_path, content):
        path = tmp_path / "f.zip"
        path.write_bytes(content)
        if content.startswith(b"PK\5\6"):
            assert read(path) == {}  # a sound archive of nothing
            return
        with pytest.raises(KaoganError, match=r"not a ZIP file, or a damaged one"):
            read(path)

    def test_a_damaged_entry_is_listed_and_the_rest_is_read(self, tmp_path):
        path = tmp_path / "f.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("1.png", b"A" * 100)
            archive.writestr("2.png", b"B" * 100)
        path.write_bytes(path.read_bytes().replace(b"A" * 100, b"A" * 99 + b"?"))
        found = read(path)
        assert reason(found["1.png"]) == Reason.DAMAGED
        assert found["2.png"] == b"B" * 100

    def test_an_encrypted_archive(self, tmp_path):
        path = make_zip(tmp_path / "f.zip", {"1.png": b"x"})
        content = bytearray(path.read_bytes())
        content[content.index(b"PK\1\2") + 8] |= 1
        content[6] |= 1
        path.write_bytes(content)
        with pytest.raises(KaoganError, match="is encrypted; unpack it"):
            read(path)

    def test_a_bomb_is_listed_without_unpacking_it(self, tmp_path):
        path = make_zip(tmp_path / "f.zip", {"bomb.png": b"\0" * 2**24, "1.png": b"x"})
        found = read(path)
        assert reason(found["bomb.png"]) == Reason.BOMB
        assert found["1.png"] == b"x"

    def test_a_size_that_lies_is_found_out(self, tmp_path, monkeypatch):
        path = make_zip(tmp_path / "f.zip", {"1.png": os.urandom(5000)})
        content = bytearray(path.read_bytes())
        directory = content.index(b"PK\1\2")
        content[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
        path.write_bytes(content)
        assert reason(read(path)["1.png"]) == Reason.DAMAGED

    def test_overlapping_entries(self, tmp_path):
        path = make_zip(tmp_path / "f.zip", {f"{i}.png": os.urandom(1000) for i in range(4)})
        content = bytearray(path.read_bytes())
        place = 0
        while (place := content.find(b"PK\1\2", place)) >= 0:
            content[place + 42 : place + 46] = b"\0\0\0\0"  # all of them at the start,
            content[place + 20 : place + 24] = (4000).to_bytes(4, "little")  # over each other
            place += 4
        path.write_bytes(content)
        with pytest.raises(KaoganError, match="entries overlap"):
            read(path)

    @pytest.mark.parametrize(
        "name", ["../../evil.png", "/etc/evil.png", "C:/evil.png", "..\\evil.png", "a\x07b.png",
                 "x" * 2000 + ".png"]
    )  # fmt: skip
    def test_absurd_names_are_listed(self, tmp_path, name):
        path = make_zip(tmp_path / "f.zip", {name: b"x", "good.png": b"y"})
        items = list(read_items([path]))
        assert reason(items[0].content) == Reason.UNSAFE_NAME
        assert items[0].name.isprintable()
        assert len(items[0].name) < 1100
        assert items[1].content == b"y"


class TestTar:
    @pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz"])
    def test_every_compression(self, tmp_path, suffix):
        path = make_tar(tmp_path / f"f.tar{suffix}", FILES, f"w:{suffix[1:]}")
        assert read(path) == FILES

    @pytest.mark.parametrize("frames", [1, 2])
    def test_zstandard(self, tmp_path, frames):
        plain = make_tar(tmp_path / "f.tar", FILES).read_bytes()
        middle = len(plain) // 2 if frames == 2 else len(plain)
        codec = pa.Codec("zstd")
        path = tmp_path / "f.tar.zst"
        parts = [part for part in (plain[:middle], plain[middle:]) if part]
        path.write_bytes(b"".join(codec.compress(part, asbytes=True) for part in parts))
        assert read(path) == FILES

    def test_compression_is_told_by_content_not_by_name(self, tmp_path):
        make_tar(tmp_path / "f.tar.gz", FILES, "w:gz").rename(tmp_path / "g.tar")
        assert read(tmp_path / "g.tar") == FILES

    @pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz"])
    def test_a_torn_archive_is_an_error(self, tmp_path, suffix):
        files = {f"{i}.png": os.urandom(3000) for i in range(20)}
        path = make_tar(tmp_path / f"f.tar{suffix}", files, f"w:{suffix[1:]}")
        content = path.read_bytes()
        for length in (700, len(content) // 2, len(content) * 3 // 4):
            path.write_bytes(content[:length])
            with pytest.raises(KaoganError, match=r"damaged one"):
                read(path)

    def test_a_broken_header_in_the_middle_is_an_error(self, tmp_path):
        path = make_tar(tmp_path / "f.tar", {f"{i}.png": b"x" * 600 for i in range(9)})
        content = bytearray(path.read_bytes())
        content[3 * 1536 + 10] ^= 0xFF
        path.write_bytes(content)
        with pytest.raises(KaoganError, match="breaks off in the middle"):
            read(path)

    def test_a_bomb_is_an_error(self, tmp_path, monkeypatch):
        monkeypatch.setattr("kaogan.data.sources.archives.BOMB_FREE", 2**14)
        path = make_tar(tmp_path / "f.tar.gz", {"bomb": b"\0" * 2**23}, "w:gz")
        with pytest.raises(KaoganError, match="decompression bomb"):
            read(path)

    def test_links_devices_and_absurd_names_are_listed(self, tmp_path):
        path = tmp_path / "f.tar"
        with tarfile.open(path, "w") as archive:
            link = tarfile.TarInfo("link.png")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            device = tarfile.TarInfo("zero.png")
            device.type = tarfile.CHRTYPE
            outside = tarfile.TarInfo("../outside.png")
            outside.size = 1
            for entry in (link, device, outside):
                archive.addfile(entry, io.BytesIO(b"x"))
        found = {item.name: item.content for item in read_items([path])}
        assert reason(found["f.tar/link.png"]) == Reason.UNREADABLE
        assert reason(found["f.tar/zero.png"]) == Reason.UNREADABLE
        assert reason(found["f.tar/../outside.png"]) == Reason.UNSAFE_NAME

    def test_folders_and_dots(self, tmp_path):
        path = make_tar(tmp_path / "f.tar", {"./1.png": b"x", "./._1.png": b"mac"})
        assert read(path) == {"1.png": b"x"}


class TestParquet:
    def write(self, path, table):
        pq.write_table(table, path)
        return path

    def test_structs_of_bytes_and_path(self, tmp_path):
        rows = [{"bytes": b"x", "path": "1.png"}, {"bytes": b"y", "path": None}]
        table = pa.table({"image": rows, "label": [0, 1]})
        path = self.write(tmp_path / "f.parquet", table)
        assert read(path) == {"row 0 1.png": b"x", "row 1": b"y"}
        assert count_items([path]) == 2

    def test_plain_bytes_and_empty_rows(self, tmp_path):
        path = self.write(tmp_path / "f.parquet", pa.table({"data": [b"x", None]}))
        found = read(path)
        assert found["row 0"] == b"x"
        assert reason(found["row 1"]) == Reason.UNREADABLE

    @pytest.mark.parametrize("columns", [{"label": [1]}, {"one": [b"x"], "two": [b"y"]}])
    def test_no_or_several_columns_of_pictures(self, tmp_path, columns):
        path = self.write(tmp_path / "f.parquet", pa.table(columns))
        with pytest.raises(KaoganError, match="one is needed, called image"):
            read(path)

    def test_a_broken_file(self, tmp_path):
        path = tmp_path / "f.parquet"
        path.write_bytes(b"PAR1 nonsense")
        with pytest.raises(KaoganError, match="not a Parquet file, or a damaged one"):
            read(path)


class TestArrays:
    @pytest.mark.parametrize(
        ("shape", "count", "each"),
        [
            ((5, 40, 30, 3), 5, (40, 30, 3)),
            ((5, 40, 30, 1), 5, (40, 30, 1)),
            ((5, 3, 40, 30), 5, (40, 30, 3)),
            ((5, 1, 40, 30), 5, (40, 30, 1)),
            ((5, 40, 30), 5, (40, 30)),
            ((40, 30, 3), 1, (40, 30, 3)),
            ((40, 30), 1, (40, 30)),
        ],
    )
    def test_layouts(self, tmp_path, shape, count, each):
        array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        np.save(tmp_path / "f.npy", array)
        found = list(read(tmp_path / "f.npy").values())
        assert len(found) == count_items([tmp_path / "f.npy"]) == count
        assert {content.shape for content in found} == {each}
        restored = np.stack(found)
        if len(shape) == 4 and shape[1] in (1, 3):
            restored = np.moveaxis(restored, -1, 1)
        np.testing.assert_array_equal(restored.reshape(shape), array)

    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    def test_several_arrays_in_one_file(self, tmp_path, save):
        save(tmp_path / "f.npz", a=np.zeros((2, 32, 32), np.uint8), b=np.ones((32, 32), np.uint8))
        assert list(read(tmp_path / "f.npz")) == ["a/0", "a/1", "b/0"]

    @pytest.mark.parametrize(
        ("array", "message"),
        [
            (np.zeros((2, 8, 8, 3), np.float32), "float32, not uint8"),
            (np.zeros((2, 8, 8, 2), np.uint8), "pictures are N x H x W x C"),
            (np.zeros(8, np.uint8), "pictures are N x H x W x C"),
            (np.asfortranarray(np.zeros((2, 8, 8), np.uint8)), "Fortran order"),
        ],
    )
    def test_arrays_that_are_no_pictures(self, tmp_path, array, message):
        np.save(tmp_path / "f.npy", array)
        with pytest.raises(KaoganError, match=message):
            read(tmp_path / "f.npy")

    def test_nothing_is_unpickled(self, tmp_path):
        np.save(tmp_path / "f.npy", np.array([{"a": 1}], object), allow_pickle=True)
        with pytest.raises(KaoganError):
            read(tmp_path / "f.npy")

    def test_a_torn_file(self, tmp_path):
        path = tmp_path / "f.npy"
        np.save(path, np.zeros((9, 32, 32), np.uint8))
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(KaoganError, match="breaks off after 8 of 9"):
            read(path)
        path.write_bytes(b"\x93NUMPY\x01\x00")
        with pytest.raises(KaoganError, match="damaged one"):
            read(path)


def test_hidden_names():
    hidden = [".a", "a/.b/c", "__MACOSX/x.png", "x/__MACOSX/y"]
    assert all(map(is_hidden, hidden))
    assert not any(map(is_hidden, ["a.png", "a/b.png", "./a.png", "a..b/c.png"]))


@given(st.text())
def test_printable_names_are_printable_text(name):
    result = printable(name)
    assert result.isprintable()
    result.encode("utf-8")


@given(st.lists(st.from_regex(r"[a-z0-9_ -]{1,8}", fullmatch=True), min_size=1, max_size=4))
def test_ordinary_names_are_taken(parts):
    check_entry("/".join(parts) + ".png", size=1)
