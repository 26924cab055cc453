"""Checkpoints on the disk: written atomically, checked when read, never unpickled.

RUN/checkpoints/000051200/
    state.safetensors   every tensor of the TrainState; both generators with standing statistics
    state.json          images seen and the other numbers, the recipe, and two SHA-256 sums: of
                        the tensors, and of its own contents

After a rollback, the name ends with the attempt: 000051200-1. A training that finds a damaged
checkpoint renames it to 000051200.damaged and ignores it from then on.
"""

import contextlib
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from kaogan import plugins
from kaogan.errors import KaoganError
from kaogan.files import atomic_folder, remove_all_partials
from kaogan.records import Versioned, checked, read_json
from kaogan.training.recipe import Recipe
from kaogan.training.records import SealedRecord, StateRecord
from kaogan.training.sampling import standing_statistics
from kaogan.training.state import TrainState
from kaogan.version import __version__
from kaogan.weights import write_weights

FORMAT = 1
KEEP = 3
GENERATORS = ("generator", "ema")


class Damaged(KaoganError):
    """A checkpoint is incomplete or corrupted. An older one may be good."""


def save(state: TrainState, recipe: Recipe, folder: Path, keep: int = KEEP) -> Path:
    """Write the state, named by its images seen, then delete all but the newest `keep`.

    A good checkpoint of the same images and attempt is left as it is.

    Raises:
        OSError: the disk is full, or the folder cannot be written; no partial checkpoint remains.

    """
    suffix = f"-{state.attempt}" if state.attempt else ""
    target = folder / f"{state.images_seen:09d}{suffix}"
    if target.exists():
        with contextlib.suppress(KaoganError):
            read(target)
            return target
        _set_aside(target)
    tensors = state.tensors()
    for name in GENERATORS:
        settled = standing_statistics(state.networks[name], recipe.model.latent_dim)
        tensors |= {f"{name}.{key}": value for key, value in settled.state_dict().items()}
    folder.mkdir(parents=True, exist_ok=True)
    remove_all_partials(folder)
    with atomic_folder(target) as partial:
        weights = partial / "state.safetensors"
        write_weights(tensors, weights)
        about = {
            "format": FORMAT,
            "kaogan": __version__,
            "sha256": _sha256(weights),
            "recipe": recipe.model_dump(mode="json"),
            **state.numbers(),
        }
        about["seal"] = _seal(about)
        (partial / "state.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    for old in found(folder)[:-keep]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def found(folder: Path) -> list[Path]:
    """Checkpoints in a folder, sorted by images seen, then by attempt."""
    if not folder.is_dir():
        return []
    named = [p for p in folder.iterdir() if re.fullmatch(r"\d+(-\d+)?", p.name) and p.is_dir()]
    return sorted(named, key=lambda p: [int(number) for number in p.name.split("-")])


def images_seen(checkpoint: Path) -> int:
    """The images seen of a checkpoint, by its name."""
    return int(checkpoint.name.split("-")[0])


def read(checkpoint: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors (on the CPU) and numbers of a checkpoint.

    Raises:
        Damaged: it is missing, incomplete, or corrupted.
        KaoganError: a newer kaogan wrote it, or it needs a plugin that this user has not run.

    """
    weights = checkpoint / "state.safetensors"
    try:
        sealed = read_json(checkpoint / "state.json", SealedRecord)
        check_format(sealed, FORMAT, checkpoint)
        about = sealed.model_dump(exclude={"seal"}, exclude_unset=True)
        if sealed.seal != _seal(about) or sealed.sha256 != _sha256(weights):
            raise Damaged(f"checkpoint {checkpoint} is damaged: its checksum does not match")
        plugins.load_kept(checkpoint.parents[1])
        return load_file(weights), checked(about, StateRecord).model_dump()
    except FileNotFoundError as error:
        raise Damaged(f"checkpoint {checkpoint} is incomplete: no {error.filename}") from None
    except (ValueError, SafetensorError):
        raise Damaged(f"checkpoint {checkpoint} is damaged and cannot be read") from None


def check_format(about: Versioned, known: int, path: Path) -> None:
    """Raise a KaoganError if a newer kaogan wrote this description of `path`."""
    if about.format > known:
        raise KaoganError(
            f"{path} was written by kaogan {about.kaogan}, newer than this one "
            f"({__version__}); upgrade with: pip install --upgrade kaogan"
        )


def recipe_of(about: Mapping[str, Any]) -> Recipe:
    """The recipe of a checkpoint. Raises a KaoganError if this version does not know its parts."""
    try:
        return Recipe.model_validate(about["recipe"])
    except (KeyError, ValidationError):
        raise KaoganError(
            "the checkpoint's recipe is not understood; it may come from a newer kaogan"
        ) from None


def restore_newest(state: TrainState, folder: Path, warn: Callable[[str], None]) -> Path | None:
    """Restore the newest good checkpoint and return it; None if there is no checkpoint.

    Damaged ones are reported, skipped and, when a good one is found, renamed.

    Raises:
        KaoganError: all checkpoints are damaged, or a newer kaogan wrote one.

    """
    checkpoints = found(folder)
    if not checkpoints:
        return None
    good = newest_good(checkpoints, warn)
    if good is None:
        raise KaoganError(
            f"all {len(checkpoints)} checkpoints in {folder} are damaged; "
            "start over with another --out, or delete them"
        )
    checkpoint, tensors, about = good
    try:
        state.restore(tensors, about)
    except (KeyError, RuntimeError):
        raise KaoganError(
            f"checkpoint {checkpoint} does not hold the networks of the run's recipe; "
            "start over with another --out"
        ) from None
    for damaged in checkpoints[checkpoints.index(checkpoint) + 1 :]:
        _set_aside(damaged)
    return checkpoint


def newest_good(
    checkpoints: Sequence[Path], warn: Callable[[str], None]
) -> tuple[Path, dict[str, Tensor], dict[str, Any]] | None:
    """The last of these checkpoints that is not damaged, and its contents; None if all are."""
    for checkpoint in reversed(checkpoints):
        try:
            return checkpoint, *read(checkpoint)
        except Damaged as error:
            warn(f"{error}; using the one before it")
    return None


def _set_aside(checkpoint: Path) -> None:
    aside = checkpoint.with_name(f"{checkpoint.name}.damaged")
    shutil.rmtree(aside, ignore_errors=True)
    checkpoint.rename(aside)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _seal(about: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
