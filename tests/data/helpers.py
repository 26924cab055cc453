"""Small pictures and archives for the tests of the data pipeline."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from kaogan.data.dataset import Dataset
from kaogan.data.prepare import prepare


def picture(seed: int, size: int = 64) -> Image.Image:
    """A smooth random RGB picture; different seeds look nothing alike."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    return small.resize((size, size), Image.Resampling.BICUBIC)


def encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def png(seed: int, size: int = 64) -> bytes:
    return encode(picture(seed, size))


def make_folder(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def make_tar(path: Path, files: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def prepared(source: Path, out: Path, **options: object) -> Dataset:
    """`prepare` in this process, silently."""
    return prepare([source], out, workers=1, progress=False, **options)


def reasons(dataset: Dataset) -> dict[str, str]:
    """Why each left-out file was left out, by the last part of its name."""
    return {row["source"].split("/")[-1]: row["reason"] for row in dataset.rejected()}
