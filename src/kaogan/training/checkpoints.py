"""Checkpoints on the disk: whole or absent, checked when read, never unpickled.

RUN/checkpoints/000051200/
    state.safetensors   every tensor of the TrainState; both generators with standing statistics
    state.json          images seen and the other numbers, the recipe, and the tensors' SHA-256
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from kaogan.errors import KaoganError
from kaogan.files import atomic_folder, remove_partials
from kaogan.training.recipe import Recipe
from kaogan.training.sampling import standing_statistics
from kaogan.training.state import TrainState
from kaogan.version import __version__

FORMAT = 1
KEEP = 3
GENERATORS = ("generator", "ema")


def save(state: TrainState, recipe: Recipe, folder: Path, keep: int = KEEP) -> Path:
    """Write the state as `folder/<images seen>`, then delete all but the newest `keep`.

    Raises:
        OSError: the disk is full, or the folder cannot be written; nothing is left half-written.
    """
    target = folder / f"{state.images_seen:09d}"
    if target.exists():
        shutil.rmtree(target)
    tensors = state.tensors()
    for name in GENERATORS:
        settled = standing_statistics(state.networks[name], recipe.networks.latent_dim)
        tensors |= {f"{name}.{key}": value for key, value in settled.state_dict().items()}
    folder.mkdir(parents=True, exist_ok=True)
    remove_partials(target)
    with atomic_folder(target) as partial:
        weights = partial / "state.safetensors"
        save_file({key: tensors[key].detach().cpu().contiguous() for key in tensors}, weights)
        about = {
            "format": FORMAT,
            "kaogan": __version__,
            "sha256": _sha256(weights),
            "recipe": recipe.model_dump(mode="json"),
            **state.numbers(),
        }
        (partial / "state.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    for old in found(folder)[:-keep]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def found(folder: Path) -> list[Path]:
    """Checkpoints by images seen, the oldest first."""
    if not folder.is_dir():
        return []
    return sorted((p for p in folder.iterdir() if p.name.isdigit()), key=lambda p: int(p.name))


def read(checkpoint: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors (on the CPU) and numbers of a checkpoint.

    Raises:
        KaoganError: it is not there, cut off, corrupted, or of a newer format.
    """
    try:
        about = json.loads((checkpoint / "state.json").read_text(encoding="utf-8"))
        weights = checkpoint / "state.safetensors"
        if about["format"] > FORMAT:
            raise KaoganError(
                f"{checkpoint} was written by kaogan {about['kaogan']}, newer than this one "
                f"({__version__}); upgrade with: pip install --upgrade kaogan"
            )
        if _sha256(weights) != about["sha256"]:
            raise KaoganError(f"checkpoint {checkpoint} is damaged: its checksum does not match")
        return load_file(weights), about
    except FileNotFoundError as error:
        raise KaoganError(f"checkpoint {checkpoint} is incomplete: no {error.filename}") from None
    except (ValueError, KeyError, TypeError, SafetensorError):
        raise KaoganError(f"checkpoint {checkpoint} is damaged and cannot be read") from None


def recipe_of(about: dict[str, Any]) -> Recipe:
    """The recipe that a checkpoint was trained with.

    Raises:
        KaoganError: this version does not know the recipe's parts.
    """
    try:
        return Recipe.model_validate(about["recipe"])
    except (KeyError, ValidationError) as error:
        raise KaoganError(f"the checkpoint's recipe is not understood: {error}") from None


def restore_newest(
    state: TrainState, folder: Path, warn: Callable[[str], None]
) -> Path | None:
    """Restore the newest good checkpoint; name and skip damaged ones. None if there is none.

    Raises:
        KaoganError: there are checkpoints, and every one is damaged.
    """
    checkpoints = found(folder)
    for checkpoint in reversed(checkpoints):
        try:
            tensors, about = read(checkpoint)
        except KaoganError as error:
            warn(f"{error}; using the one before it")
            continue
        state.restore(tensors, about)
        return checkpoint
    if checkpoints:
        raise KaoganError(
            f"all {len(checkpoints)} checkpoints in {folder} are damaged; "
            "start over with another --out, or delete them"
        )
    return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


