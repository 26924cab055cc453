"""What an attack found: each case hung, took gigabytes or ended in a traceback once."""

import gc
import io
import struct
import tarfile
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers import encode, make_zip, picture, png, prepared

from kaogan.data import duplicates, prepare
from kaogan.data.decode import Preparation, decode
from kaogan.data.prepare import How, Work, _decode_item
from kaogan.data.reasons import Reason, Rejected
from kaogan.data.sources import Item, read_items
from kaogan.data.sources.parquet_pages import largest
from kaogan.errors import KaoganError


def names(path):
    return [item.name for item in read_items([path])]


@pytest.mark.parametrize("size", ["999999999999", "99999999999999999999"])
def test_a_tar_entry_that_claims_terabytes_does_not_hang(tmp_path, size):
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("a.png")
        entry.pax_headers, entry.size = {"size": size}, 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    with pytest.raises(KaoganError, match="breaks off"):
        names(tmp_path / "a.tar")


def test_a_tar_entry_with_a_size_of_64_bits_does_not_hang(tmp_path):
    entry = tarfile.TarInfo("a.png")
    entry.size = 2**62
    (tmp_path / "a.tar").write_bytes(entry.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    with pytest.raises(KaoganError, match="breaks off"):
        names(tmp_path / "a.tar")


def test_a_tar_name_of_many_megabytes_is_not_read(tmp_path):
    entry = tarfile.TarInfo("././@LongLink")
    entry.type, entry.size = tarfile.GNUTYPE_LONGNAME, 2**28
    (tmp_path / "a.tar").write_bytes(entry.tobuf(tarfile.GNU_FORMAT) + bytes(10_240))
    with pytest.raises(KaoganError, match="a name or comment of 268,435,456 bytes"):
        names(tmp_path / "a.tar")


def test_a_zip_entry_without_a_name_is_one_more_reject(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"x": b"1", "a.png": png(1)})
    content = bytearray(path.read_bytes())
    place = content.find(b"PK\1\2")
    content[place + 28 : place + 32] = struct.pack("<HH", 0, 1)  # the name's letter is an extra
    path.write_bytes(content)
    items = list(read_items([path]))
    assert [item.name for item in items] == ["a.zip", "a.zip/a.png"]
    assert isinstance(items[0].content, Rejected)


def npz(path, header: bytes, megabytes: int):
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.npy", "w") as member,
    ):
        member.write(b"\x93NUMPY" + header)
        for _ in range(megabytes):
            member.write(bytes(2**20))
    return path


def test_an_array_of_huge_pictures_is_refused_before_one_is_read(tmp_path):
    text = b"{'descr': '|u1', 'fortran_order': False, 'shape': (3, 3, 9000, 9000), }\n"
    path = npz(tmp_path / "a.npz", b"\1\0" + struct.pack("<H", len(text)) + text, 1)
    with pytest.raises(KaoganError, match="pictures of 232 MiB, at most 64"):
        names(path)


def test_an_array_whose_header_claims_gigabytes_is_refused(tmp_path):
    path = npz(tmp_path / "a.npz", b"\2\0" + struct.pack("<I", 2**31), 4)
    with pytest.raises(KaoganError, match="a header of 2,147,483,648 bytes"):
        names(path)


@pytest.mark.parametrize("compression", ["zstd", "gzip", "brotli", "snappy"])
@pytest.mark.parametrize("dictionary", [False, True])
def test_parquet_pages_are_measured_before_they_are_unpacked(
    tmp_path, monkeypatch, compression, dictionary
):
    monkeypatch.setattr("kaogan.data.sources.parquet.LARGEST_PAGE", 2**20)
    cells = pa.array([bytes(2**20)] * 9 + [b"x"])
    file = tmp_path / "a.parquet"
    options = {"compression": compression, "use_dictionary": dictionary}
    pq.write_table(pa.table({"image": cells}), file, data_page_size=2**30, **options)
    assert file.stat().st_size < 2**20
    with pytest.raises(KaoganError, match=r"has pages of .* MiB, at most 1; write it"):
        names(file)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [False, True])
def test_the_size_of_a_page_is_that_of_its_cells(tmp_path, version, dictionary):
    rng = np.random.default_rng(0)
    cells = [rng.bytes(5000) for _ in range(40)] * 2
    file = tmp_path / "a.parquet"
    pq.write_table(
        pa.table({"image": pa.array(cells)}), file, data_page_version=version,
        use_dictionary=dictionary, write_page_index=True,
    )  # fmt: skip
    column = pq.ParquetFile(file).metadata.row_group(0).column(0)
    with file.open("rb") as stream:
        found = largest(stream, column)
    assert (40 if dictionary else 80) * 5004 <= found <= column.total_uncompressed_size


def test_a_damaged_page_header_is_a_value_error(tmp_path):
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"image": pa.array([b"x" * 500] * 5)}), file, use_dictionary=False)
    column = pq.ParquetFile(file).metadata.row_group(0).column(0)
    content = bytearray(file.read_bytes())
    for junk in (b"\x15\x01\x15\x01", b"\xff" * 40, b"\x1c" * 40, b"\x00" * 8, b"\x19" * 9):
        broken = bytes(content[:4]) + junk + bytes(content[4 + len(junk) :])
        with pytest.raises(ValueError, match=r"page|breaks off"):
            largest(io.BytesIO(broken), column)


@pytest.mark.parametrize("kind", [pa.duration("ns"), pa.date64(), pa.timestamp("ns")])
def test_columns_of_odd_types_are_no_pictures_and_no_traceback(tmp_path, kind):
    odd = pa.array([0], pa.int64()).view(kind)
    whole = pa.array([png(1)], pa.binary())
    tables = {
        "plain": (odd, "0 columns|no columns"),
        "bytes": (pa.StructArray.from_arrays([odd], ["bytes"]), "no columns"),
        "path": (pa.StructArray.from_arrays([whole, odd], ["bytes", "path"]), None),
    }
    for name, (column, says) in tables.items():
        file = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table({"image": column}), file)
        if says is None:
            assert names(file) == [f"{name}.parquet/row 0"]
        else:
            with pytest.raises(KaoganError, match=says):
                names(file)


def test_a_jpeg_of_many_scans_is_a_bomb():
    content = encode(picture(1), "JPEG", progressive=True)
    assert decode(content, Preparation(32)).pixels.shape == (32, 32, 3)
    start, end = content.rfind(b"\xff\xda"), content.rfind(b"\xff\xd9")
    with pytest.raises(Rejected) as caught:
        decode(content[:end] + content[start:end] * 300 + content[end:], Preparation(32))
    assert caught.value.reason == Reason.BOMB
    assert "scans, at most 200" in caught.value.detail


@pytest.mark.parametrize(("kind", "allowed"), [("PNG", True), ("WEBP", False), ("AVIF", False)])
def test_the_memory_of_decoding_counts_and_not_the_pixels_alone(monkeypatch, kind, allowed):
    monkeypatch.setattr("kaogan.data.decode.LARGEST_DECODING", 15 * 200 * 200)
    content = encode(picture(1, size=200), kind)
    if allowed:
        decode(content, Preparation(32))
    else:
        with pytest.raises(Rejected) as caught:
            decode(content, Preparation(32))
        assert caught.value.reason == Reason.TOO_MANY_PIXELS
        assert "need" in caught.value.detail
    decode(content, Preparation(32, max_pixels=100_000_000))  # the user has the memory


def test_a_rejected_picture_is_not_kept_in_memory():
    """Its reason's traceback held it, in a cycle: a gigabyte for a few large ones."""
    how = How(Preparation(32), "centre", False, None)
    gc.disable()
    try:
        content = np.zeros((64, 64, 3), np.uint8)
        references = gc.get_referrers(content)
        (outcome,) = _decode_item(how, Work(Item("x", content), None, 0))
        assert outcome.reason == Reason.FLAT
        assert len(gc.get_referrers(content)) <= len(references)
    finally:
        gc.enable()


def test_pictures_made_to_have_one_hash_are_not_all_compared(tmp_path, monkeypatch):
    compared = []
    look_alike = duplicates.look_alike
    monkeypatch.setattr(prepare, "perceptual_hash", lambda some: np.zeros(len(some), np.uint64))
    monkeypatch.setattr(
        duplicates, "look_alike", lambda a, b: compared.append(len(a)) or look_alike(a, b)
    )
    np.save(tmp_path / "a.npy", np.stack([np.asarray(picture(i, size=32)) for i in range(200)]))
    assert len(prepared(tmp_path / "a.npy", tmp_path / "d", size=32, min_size=1).train) > 150
    assert sum(compared) <= 200 * duplicates.MOST_NEAR
