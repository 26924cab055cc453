"""Damaged and hostile archives, arrays and tables through `kaogan data prepare`."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from attack import Case, Rng, apart, command, damaged

MIB = 2**20


@cache
def faces() -> dict[str, bytes]:
    """Four small pictures by name."""
    rng, made = np.random.default_rng(0), {}
    for number in range(4):
        stream = io.BytesIO()
        coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
        coarse.resize((32, 32), Image.Resampling.BICUBIC).save(stream, "PNG")
        made[f"{number}.png"] = stream.getvalue()
    return made


def zipped(entries: dict[Any, bytes], kind: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", kind) as archive:
        warnings.simplefilter("ignore")  # names that stand there twice
        for name, content in entries.items():
            archive.writestr(name, content)
    return stream.getvalue()


def tarred(entries: dict[str, bytes], pax: dict[str, str] | None = None, **fields: Any) -> bytes:
    """A TAR archive; `fields` and `pax` headers are those of its first entry."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for place, (name, content) in enumerate(entries.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            if place == 0:
                entry.pax_headers = pax or {}
                for key, value in fields.items():
                    setattr(entry, key, value)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def header(kind: bytes, size: bytes, name: bytes = b"a.png") -> bytes:
    """A TAR header whose field of the size holds these bytes."""
    block = bytearray(512)
    block[: len(name)] = name
    block[100:124] = b"0000644\0" + b"0000000\0" * 2
    block[124:136] = size.ljust(12, b"\0")[:12]
    block[136:148] = b"00000000000\0"
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def zstd(content: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


def npy(
    shape: str, version: tuple[int, int] = (1, 0), descr: str = "|u1", data: bytes = b""
) -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + length + text + data


def array(pictures: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, pictures)
    return stream.getvalue()


def parquet(column: Any, name: str = "image", **options: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table({name: column}), stream, **options)
    return stream.getvalue()


@cache
def sound() -> dict[str, bytes]:
    """A sound archive of every kind, by a name of its kind."""
    plain = tarred(faces())
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(one))) for one in faces().values()])
    rows = [{"bytes": content, "path": name} for name, content in faces().items()]
    npz = io.BytesIO()
    np.savez_compressed(npz, a=pixels, b=pixels)
    return {
        "a.zip": zipped(faces()),
        "b.zip": zipped(faces(), zipfile.ZIP_DEFLATED),
        "a.tar": plain,
        "a.tar.gz": gzip.compress(plain),
        "a.tar.bz2": bz2.compress(plain),
        "a.tar.xz": lzma.compress(plain),
        "a.tar.zst": zstd(plain),
        "a.npy": array(pixels),
        "a.npz": npz.getvalue(),
        "a.parquet": parquet(rows),
        "b.parquet": parquet(rows, compression="zstd", data_page_version="2.0"),
        "c.parquet": parquet(pa.array(list(faces().values())), compression="gzip"),
    }


def prepare(
    folder: Path, number: int, name: str, content: bytes, what: str, alone: bool = False
) -> Case:
    """A case: this content as a source; `alone` in a process of its own, which may have workers."""
    place = folder / str(number)
    place.mkdir()
    (place / name).write_bytes(content)
    words = ("data", "prepare", place / name, "--out", place / "out", "--size", "32", "--quiet")
    run = apart(*words) if alone else command(*words, "--workers", "1")
    return Case(f"{what} ({name})", run, place, "out")


def archives(folder: Path, rng: Rng, count: int) -> Iterator[Case]:
    """Sound archives that were damaged."""
    for number in range(count):
        name = str(rng.choice(list(sound())))
        yield prepare(folder, number, name, damaged(sound()[name], rng), f"damaged {number}")


NAMES = [
    *("../evil.png", "/tmp/evil.png", "C:\\evil.png", "..\\evil.png", "a/../../evil.png"),
    *("\\\\srv\\x.png", "a\nb.png", "a\x00b.png", "a\x1b[31mred.png", "\u202egnp.exe"),
    *("x" * 5000 + ".png", "<script>alert(1)</script>.png", "$(touch PWNED).png", "", "/", "."),
    *("..", "//", "\u2028.png", "\ufeff.png", "\U0001f600.png", "a/" * 9000 + "x.png"),
]
PAX = [
    *({"size": size} for size in ("-1", "999999999999", "99999999999999999999", "x", "1e9")),
    {"path": "../../evil.png"},
    *({"path": ""}, {"path": "x" * 100_000}, {"mtime": "nan"}, {"GNU.sparse.map": "0,1,2"}),
    *({"GNU.sparse.size": "99999999999"}, {"GNU.sparse.realsize": "999999999999"}),
    {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "z.png",
     "GNU.sparse.realsize": "9999999999"},
    {f"k{number}": "v" * 50 for number in range(2000)},
]  # fmt: skip
SIZES = [
    *(b"\x80" + b"\xff" * 11, b"\xff" * 12, b"\xff" * 11 + b"\0", b"77777777777", b"-0000000001"),
    *(b"99999999999", b"", b" " * 12, b"\x80\0\0\0\x3f" + b"\xff" * 7),
]
KINDS = [b"0", b"L", b"K", b"x", b"g", b"S", b"5", b"1", b"2", b"3", b"6", b"7", b"Z"]
SHAPES = [
    *("(10**9,64,64,3)", "(1000000000,64,64,3)", "(1,100000,100000,3)", "(-1,64,64,3)", "()"),
    *("(9223372036854775807,64,64,3)", "(1.5,64,64,3)", "(True,64,64,3)", "(2,64,64,3", "None"),
    *("(2,18000,18000,3)", "(1,1,300000000,3)", "(300000000,1)", "(0,40,40,3)", "(1,)*9"),
]
TYPES: list[tuple[str, Callable[[], Any]]] = [
    ("whole numbers", lambda: pa.array([1, 2, 3])),
    ("texts", lambda: pa.array(["a", "b"])),
    ("nothing", lambda: pa.nulls(50)),
    ("no bytes", lambda: pa.array([None] * 30, pa.binary())),
    ("durations", lambda: pa.array([1, 2**62], pa.duration("ns"))),
    ("days", lambda: dates([1, 2**62])),
    ("a struct of a duration", lambda: struct_of("bytes", pa.array([2**62], pa.duration("ns")))),
    ("a struct of a date", lambda: struct_of("bytes", dates([2**62]))),
    ("a struct of a path of a date", lambda: struct_of_path(dates([2**62]))),
    ("a struct of a path of numbers", lambda: struct_of_path(pa.array([2**62]))),
    ("a struct of numbers", lambda: pa.array([{"bytes": 1}])),
    ("a struct of lists", lambda: pa.array([{"bytes": [1, 2]}])),
    ("a list of structs", lambda: pa.array([[{"bytes": b"x"}]])),
    ("times with nanoseconds", lambda: pa.array([2**62], pa.timestamp("ns"))),
    ("large bytes", lambda: pa.array(list(faces().values()), pa.large_binary())),
    ("bytes of a fixed size", lambda: pa.array([b"abcd"], pa.binary(4))),
]


def dates(milliseconds: list[int]) -> Any:
    """Days that Python's dates cannot express."""
    whole = [number // 86_400_000 * 86_400_000 for number in milliseconds]
    return pa.array(whole, pa.int64()).view(pa.date64())


def struct_of(name: str, values: Any) -> Any:
    return pa.StructArray.from_arrays([values], [name])


def struct_of_path(values: Any) -> Any:
    content = pa.array([next(iter(faces().values()))], pa.binary())
    return pa.StructArray.from_arrays([content, values], ["bytes", "path"])


def hostile() -> Iterator[tuple[str, str, bytes]]:
    """What, the name of the file, and its content: names, sizes and types that nobody writes."""
    good = faces()
    picture = good["0.png"]
    for name in NAMES:
        if name:  # zipfile cannot write a name without letters
            yield f"the name {name[:20]!r}", "a.zip", zipped({name: picture} | good)
        yield f"the name {name[:20]!r}", "a.tar", tarred({name: picture} | good)
    for pax in PAX:
        key = next(iter(pax))
        yield f"{key}={pax[key][:20]}", "a.tar", tarred({"y.png": picture} | good, pax)
    rest = picture.ljust(4096, b"\0") + tarred(good)
    for size in SIZES:
        for kind in KINDS:
            yield f"size {size!r} of {kind!r}", "a.tar", header(kind, size) + rest
    for shape in SHAPES:
        for version in ((1, 0), (2, 0), (3, 0), (9, 9)):
            yield f"shape {shape} {version}", "a.npy", npy(shape, version, data=bytes(90_000))
    for descr in ("|O", "<f4", "|b1", "<U9", "|V3", "<M8[s]", "x" * 9000):
        yield f"type {descr[:9]}", "a.npy", npy("(4,32,32,3)", descr=descr, data=bytes(12_288))
    for what, make in TYPES:
        for column in ("image", "x"):
            yield f"a column of {what}", "a.parquet", parquet(make(), column)
    content = bytearray(sound()["a.zip"])
    for mark, length in ((b"PK\1\2", 46), (b"PK\3\4", 30), (b"PK\5\6", 22)):
        start = content.rfind(mark)
        for place in range(start + 4, start + length - 3):
            for value in (b"\xff" * 4, bytes(4), b"\xff\xff\xff\x7f"):
                lie = bytes(content[:place]) + value + bytes(content[place + 4 :])
                yield f"{mark!r} byte {place - start}", "a.zip", lie


def crafted(folder: Path, rng: Rng, count: int) -> Iterator[Case]:
    """Archives with lies in their headers: all of them, or as many as wanted."""
    every = list(hostile())
    chosen = rng.permutation(len(every))[:count] if count < len(every) else range(len(every))
    for number in chosen:
        what, name, content = every[int(number)]
        yield prepare(folder, int(number), name, content, what)


def zeros(size: int) -> bytes:
    return bytes(size)


def long_name(size: int) -> bytes:
    """A TAR archive of noise, then of a name of this size, so that it does not look like a bomb."""
    noise = np.random.default_rng(0).bytes(size // 90)
    first = tarred({"noise.bin": noise})
    first = first[: 512 + (len(noise) + 511) // 512 * 512]
    name = header(b"L", b"%011o" % size, b"././@LongLink")
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=1) as packed:
        packed.write(first + name)
        for _ in range(size // MIB):
            packed.write(b"a" * MIB)
        packed.write(tarred(faces()))
    return stream.getvalue()


def npz_of(shape: str, size: int, version: tuple[int, int] = (1, 0)) -> bytes:
    stream = io.BytesIO()
    start_of_array = npy(shape, version)
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("a.npy", "w", force_zip64=True) as member,
    ):
        member.write(start_of_array)
        for _ in range(size // MIB):
            member.write(bytes(MIB))
    return stream.getvalue()


def npz_of_header(size: int) -> bytes:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("a.npy", "w", force_zip64=True) as member,
    ):
        member.write(b"\x93NUMPY\2\0" + struct.pack("<I", size))
        for _ in range(size // MIB):
            member.write(bytes(MIB))
    return stream.getvalue()


def large_cells(size: int, count: int, compression: str, dictionary: bool = False) -> bytes:
    cells = pa.array([bytes(size)] * count)
    options = {"compression": compression, "use_dictionary": dictionary}
    return parquet(cells, data_page_size=2**30, **options)


def overlapping(entries: int) -> bytes:
    """A ZIP file whose entries are all the same bytes."""
    content = zipped({"k.png": bytes(9 * MIB)}, zipfile.ZIP_DEFLATED)
    end = content.rfind(b"PK\5\6")
    start = struct.unpack("<I", content[end + 16 : end + 20])[0]
    directory = content[start:end] * entries
    last = bytearray(content[end:])
    last[8:16] = struct.pack("<HHI", entries, entries, len(directory))
    return content[:start] + directory + bytes(last)


def same_hash(count: int) -> bytes:
    """Different pictures with one perceptual hash: each would be compared with every other."""
    rng = np.random.default_rng(0)
    place = (np.arange(32) + 0.5) * np.pi / 32
    low = [np.outer(np.cos(a * place), np.cos(b * place)) for a in range(4) for b in range(4)]
    base = 128 + np.tensordot(rng.normal(0, 14, 16), np.array(low), 1)
    high = np.array([np.outer(np.cos(a * place), np.cos(b * place))
                     for a in range(10, 16) for b in range(10, 16)])  # fmt: skip
    signs = rng.choice([-6.0, 6.0], (count, len(high)))
    pixels = np.clip(base + np.tensordot(signs, high, 1), 0, 255).astype(np.uint8)
    return array(pixels[..., None])


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a name of 1.1 GB": ("a.tar.gz", lambda: long_name(1100 * MIB)),
    "400 MB of zeros": ("a.tar.gz", lambda: gzip.compress(bytes(400 * MIB), 1)),
    "an entry of 400 MB": ("a.tar.xz", lambda: lzma.compress(tarred({"b.png": bytes(400 * MIB)}))),
    "zstd of zeros": ("a.tar.zst", lambda: zstd(bytes(900 * MIB))),
    "pictures of 1 GB": ("a.npz", lambda: npz_of("(3,3,18900,18900)", 1100 * MIB)),
    "pictures of 60 MB": ("a.npz", lambda: npz_of("(9,4400,4700,3)", 600 * MIB)),
    "a header of 2 GB": ("a.npz", lambda: npz_of_header(2000 * MIB)),
    "a cell of 1 GB": ("a.parquet", lambda: large_cells(2**30, 1, "zstd")),
    "35 cells of 60 MB, zstd": ("a.parquet", lambda: large_cells(60 * MIB, 35, "zstd")),
    "35 cells of 60 MB, gzip": ("a.parquet", lambda: large_cells(60 * MIB, 35, "gzip")),
    "35 cells of 60 MB, brotli": ("a.parquet", lambda: large_cells(60 * MIB, 35, "brotli")),
    "35 cells of 60 MB, snappy": ("a.parquet", lambda: large_cells(60 * MIB, 35, "snappy")),
    "a dictionary of 60 MB": ("a.parquet", lambda: large_cells(60 * MIB, 35, "zstd", True)),
    "3 cells of 60 MB": ("a.parquet", lambda: large_cells(60 * MIB, 3, "zstd")),
    "entries that overlap": ("a.zip", lambda: overlapping(60_000)),
    "a zip of 99 bombs": ("a.zip", lambda: zipped({f"{i}.png": bytes(MIB) for i in range(99)}, 8)),
    "one hash": ("a.npy", lambda: same_hash(6000)),
}


SMALL_BOMBS = (
    *("400 MB of zeros", "pictures of 60 MB", "3 cells of 60 MB"),
    *("entries that overlap", "a zip of 99 bombs"),
)
"""Those that are made in less than a gigabyte."""


def bombs(
    folder: Path, rng: Rng, count: int, names: Sequence[str] = tuple(BOMBS)
) -> Iterator[Case]:
    """Small files that ask for gigabytes or for ever."""
    for number, what in enumerate(names[:count]):
        name, make = BOMBS[what]
        yield prepare(folder, number, name, make(), what, alone=True)
