"""Broken pictures and archives, more than a thousand: each gets a reason or one line, no crash."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from damage import damaged
from helpers import encode, make_tar, make_zip, picture, png, prepared

from kaogan.data.decode import Preparation, decode
from kaogan.data.reasons import Rejected
from kaogan.errors import KaoganError

KINDS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "AVIF", "TIFF")
PICTURE_CASES = 120  # of each kind
ARCHIVE_CASES = 40  # of each kind


@pytest.mark.parametrize("kind", KINDS)
def test_broken_pictures(kind):
    rng = np.random.default_rng(KINDS.index(kind))
    small = Preparation(size=32, min_size=1, max_pixels=1_000_000)
    content = encode(picture(1, size=40), kind)
    for _ in range(PICTURE_CASES):
        try:
            decoded = decode(damaged(content, rng), small)
        except Rejected:
            continue
        assert decoded.pixels.shape == (32, 32, 3)


def test_noise_with_a_signature():
    rng = np.random.default_rng(0)
    starts = [b"", *(encode(picture(1), kind)[:16] for kind in KINDS)]
    for case in range(120):
        with pytest.raises(Rejected):
            decode(starts[case % len(starts)] + rng.bytes(500), Preparation())


def whole_archives(folder) -> dict[str, bytes]:
    files = {f"{i}.png": png(i, size=32) for i in range(4)}
    make_zip(folder / "f.zip", files)
    for suffix in ("", ".gz", ".bz2", ".xz"):
        make_tar(folder / f"f.tar{suffix}", files, f"w:{suffix[1:]}")
    compressed = pa.Codec("zstd").compress((folder / "f.tar").read_bytes(), asbytes=True)
    (folder / "f.tar.zst").write_bytes(compressed)
    rows = [{"bytes": content, "path": name} for name, content in files.items()]
    pq.write_table(pa.table({"image": rows}), folder / "f.parquet")
    array = np.stack([np.asarray(picture(i, size=32)) for i in range(4)])
    np.save(folder / "f.npy", array)
    np.savez_compressed(folder / "f.npz", a=array)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


NAMES = ["f.npy", "f.npz", "f.parquet", "f.tar", "f.tar.bz2", "f.tar.gz", "f.tar.xz", "f.tar.zst",
         "f.zip"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_broken_archives(tmp_path, name):
    """A data set, or one line and nothing written: never anything else."""
    rng = np.random.default_rng(NAMES.index(name))
    (tmp_path / "whole").mkdir()
    content = whole_archives(tmp_path / "whole")[name]
    for case in range(ARCHIVE_CASES):
        folder = tmp_path / str(case)
        folder.mkdir()
        # Names and sizes stand at the end of some formats: turn those around now and then.
        broken = damaged(content, rng) if case % 2 else damaged(content[::-1], rng)[::-1]
        (folder / name).write_bytes(broken)
        try:
            data = prepared(folder / name, folder / "d", size=32)
        except KaoganError as error:
            message = str(error)
        else:
            message = ""
            assert 1 <= len(data) + len(data.held_out) <= 4
        assert "\n" not in message
        assert {path.name for path in folder.iterdir()} == ({name} if message else {name, "d"})


def test_the_damage_is_damage():
    """The fuzz would prove nothing if it left the files whole."""
    rng = np.random.default_rng(0)
    content = png(1)
    assert sum(damaged(content, rng) != content for _ in range(100)) > 95
    assert io.BytesIO(content).read(4) == b"\x89PNG"
