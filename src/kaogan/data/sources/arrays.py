"""NumPy arrays of uint8 pictures: .npy files, and .npz files with any number of them."""

import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import numpy as np
import numpy.lib.format as npy

from kaogan.data.sources.base import Item, Source, reading, sources
from kaogan.errors import KaoganError
from kaogan.limits import LARGEST_PICTURE, MOST_ROWS

LONGEST_HEADER = 10_000
"""Bytes, as numpy takes by default after reading them."""
LAYOUTS = "N x H x W x C or N x C x H x W (C of 1, 3 or 4), N x H x W, H x W x 3 or H x W"


@sources.register("arrays")
class Arrays(Source):
    """uint8 arrays: one or many pictures, channels last or first, read picture by picture."""

    suffixes = (".npy", ".npz")

    def count(self, path: Path) -> int | None:
        total = 0
        for name, _, stream in _arrays(path):
            with reading(name, "a NumPy array"):
                total += _layout(name, _shape(name, stream))[0]
        return total

    def items(self, path: Path) -> Iterator[Item]:
        for name, prefix, stream in _arrays(path):
            with reading(name, "a NumPy array"):
                yield from _pictures(name, prefix, stream)


def _arrays(path: Path) -> Iterator[tuple[str, str, IO[bytes]]]:
    """Every array in the file: its name for messages, the prefix of its items, and its bytes."""
    if path.suffix.lower() == ".npy":
        with reading(path, "an .npy file"), path.open("rb") as stream:
            yield str(path), "", stream
        return
    with reading(path, "an .npz file"), zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            with archive.open(member) as stream:
                yield f"{path}/{member}", f"{member.removesuffix('.npy')}/", stream


class _Bounded:
    """Reads for numpy, which believes what a file says of its header's length."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream

    def read(self, size: int) -> bytes:
        if size > LONGEST_HEADER:
            raise ValueError(f"a header of {size:,} bytes")
        return self.stream.read(size)


def _shape(name: str, stream: IO[bytes]) -> tuple[int, ...]:
    """The shape of the array whose header begins here; its pictures follow in C order."""
    version = npy.read_magic(stream)
    bounded = cast(IO[bytes], _Bounded(stream))
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read(bounded)
    if any(length < 1 for length in shape):
        raise ValueError(f"its shape is {shape}")
    if dtype != np.uint8:
        raise KaoganError(f"{name} holds {dtype}, not uint8; convert it to 0..255 first")
    if fortran and len(shape) > 1:
        raise KaoganError(f"{name} is in Fortran order; save numpy.ascontiguousarray(it) instead")
    return tuple(shape)


def _layout(name: str, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...], bool]:
    """The number of pictures, the shape of each, and whether channels come first."""
    match shape:
        case (count, _, _, 1 | 3 | 4):
            return count, shape[1:], False
        case (count, 1 | 3 | 4, _, _):
            return count, shape[1:], True
        case (_, _, 3 | 4) | (_, _):
            return 1, shape, False
        case (count, _, _):
            return count, shape[1:], False
    raise KaoganError(f"{name} has the shape {shape}; pictures are {LAYOUTS}")


def _pictures(name: str, prefix: str, stream: IO[bytes]) -> Iterator[Item]:
    count, shape, channels_first = _layout(name, _shape(name, stream))
    size = math.prod(shape)
    if size > LARGEST_PICTURE:
        raise KaoganError(
            f"{name} has pictures of {size / 2**20:,.0f} MiB, at most {LARGEST_PICTURE // 2**20}; "
            "save them as PNG files instead"
        )
    if count > MOST_ROWS:
        raise KaoganError(f"{name} has {count:,} pictures, at most {MOST_ROWS:,}; split it")
    for index in range(count):
        content = stream.read(size)
        if len(content) < size:
            raise EOFError(f"it breaks off after {index} of {count} pictures")
        pixels = np.frombuffer(content, np.uint8).reshape(shape)
        yield Item(f"{prefix}{index}", np.moveaxis(pixels, 0, -1) if channels_first else pixels)
