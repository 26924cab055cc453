"""Files of weights: found on this machine or downloaded, and checked."""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import torch

from kaogan.errors import KaoganError
from kaogan.files import cache_folder


@dataclass(frozen=True)
class WeightsFile:
    """A published file of weights."""

    name: str
    sha256: str
    url: str


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises KaoganError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise KaoganError(f"cannot read {path}: {error.strerror}; check the path") from None


def own_folder() -> Path:
    """The folder of weights that kaogan downloaded."""
    return cache_folder() / "features"


def usual_places() -> list[Path]:
    """The folders in which kaogan and other programs keep such files, kaogan's own first.

    These are torch hub's checkpoints (torch-fidelity, torchmetrics, pytorch-fid), the temporary
    folder (clean-fid), and the cache of NVIDIA's programs, which prefix the name with a checksum
    and `_`.
    """
    dnnlib = Path(os.environ.get("DNNLIB_CACHE_DIR") or Path.home() / ".cache" / "dnnlib")
    hub = Path(torch.hub.get_dir()) / "checkpoints"
    return [own_folder(), hub, Path(tempfile.gettempdir()), dnnlib / "downloads"]


def find_cached(files: Sequence[WeightsFile]) -> Path | None:
    """The first of `files` in a usual place; its content is not checked."""
    for folder in usual_places():
        for file in files:
            for path in (folder / file.name, *sorted(folder.glob(f"*_{file.name}"))):
                if path.is_file():
                    return path
    return None


def identify(path: Path, files: Sequence[WeightsFile], what: str) -> WeightsFile:
    """Which of `files` lies at `path`, by its checksum. Raises KaoganError if none does."""
    checksum = sha256_of(path)
    for file in files:
        if file.sha256 == checksum:
            return file
    known = " or ".join(f"{file.name} ({file.sha256[:12]}...)" for file in files)
    raise KaoganError(
        f"{path} is damaged or not {what}: its SHA-256 begins with {checksum[:12]}; expected "
        f"{known}; delete it, or name another file with --features-weights"
    )


def download(file: WeightsFile) -> Path:
    """Download a file into kaogan's folder; it gets its name after its checksum was verified.

    Raises KaoganError if there is no network, the disk is full, or the checksum is wrong.
    """
    target = own_folder() / file.name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(file.url, str(target), hash_prefix=file.sha256)
    except (URLError, OSError, RuntimeError) as error:
        reason = " ".join(str(getattr(error, "reason", error)).split())
        raise KaoganError(
            f"{file.name} is not on this machine and could not be downloaded ({reason}); put it "
            f"into {target.parent} (from {file.url}), or give --features-weights PATH, or use "
            "--features random, which needs no file"
        ) from None
    return target
