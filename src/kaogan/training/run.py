"""RUN: the folder of a training, and drawing from it.

RUN/
    run.json            recipe, data set, precision, algorithms of the convolutions, and the
                        networks that it started from, if they were not fresh
    checkpoints/        see kaogan.training.checkpoints;  best/  the best one, likewise
    evaluation.jsonl    Fréchet distance, recall and others over images seen
    metrics.jsonl       losses, D(x) and D(G(z)) over images seen;  curves.png  all of it, drawn
    samples/            grids from fixed latents, raw and averaged weights
    faces.png           new faces;  real-and-generated.png  beside real ones
    timelapse.mp4 .webp the samples as a film
    toy.json            of points: the scores of the generator;  scores.jsonl  over points seen
    log.txt             the messages of the run;  tensorboard/  for TensorBoard
    plugins/            the plugin files that the recipe needs
    events.jsonl        the events of the run, with the images seen
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError
from torch import Tensor

from kaogan import plugins
from kaogan.errors import KaoganError, UsageError, typed
from kaogan.files import remove_all_partials, remove_partials, write_text
from kaogan.images import Pixels
from kaogan.machine import versions
from kaogan.records import Versioned, checked, read_json
from kaogan.training import checkpoints
from kaogan.training.recipe import Recipe
from kaogan.training.records import RunRecord
from kaogan.training.sampling import Sampler
from kaogan.training.state import tensors_of
from kaogan.version import __version__
from kaogan.weights import filled

if TYPE_CHECKING:
    from kaogan.data.dataset import Dataset

FORMAT = 1

OF_TRAINING = (
    *("run.json", "metrics.jsonl", "evaluation.jsonl", "events.jsonl", "floor.json"),
    *("curves.png", "faces.png", "real-and-generated.png", "timelapse.mp4", "timelapse.webp"),
    *("toy.json", "scores.jsonl"),
)
"""The files that a training replaces as a whole, or writes at its end."""

Weights = Literal["ema", "raw"]


class DataMissing(KaoganError):
    """The data set of a run is missing or has changed; `why` says which, without a path."""

    def __init__(self, message: str, why: str) -> None:
        super().__init__(message)
        self.why = why


@dataclass
class Run:
    """A training on the disk."""

    path: Path

    def __post_init__(self) -> None:
        self.checkpoints = self.path / "checkpoints"
        self.best = self.path / "best"
        self.samples = self.path / "samples"
        self.metrics = self.path / "metrics.jsonl"
        self.evaluations = self.path / "evaluation.jsonl"
        self.events = self.path / "events.jsonl"

    def remove_partials(self) -> None:
        """Remove what killed trainings left half-written. Other commands' files stay."""
        for folder in (self.checkpoints, self.best, self.samples, self.path / "plugins"):
            remove_all_partials(folder)
        for name in OF_TRAINING:
            remove_partials(self.path / name)

    @property
    def about(self) -> dict[str, Any]:
        """The contents of `run.json`.

        Raises:
            KaoganError: there is no run here, or one of a newer kaogan, or a damaged one.

        """
        file = self.path / "run.json"
        try:
            content = read_json(file, Versioned)
            checkpoints.check_format(content, FORMAT, self.path)
            about = checked(content.model_dump(), RunRecord)
        except (FileNotFoundError, NotADirectoryError):
            raise KaoganError(
                f"{self.path} is no run: it has no run.json; make one with: kaogan train DATA "
                f"--out {typed(self.path)}"
            ) from None
        except ValueError:
            raise KaoganError(f"{file} is damaged and cannot be read") from None
        return about.model_dump(by_alias=True, exclude_none=True)

    @property
    def recipe(self) -> Recipe:
        """The recipe of this run.

        Raises:
            KaoganError: as `about`, or this version does not know the recipe's parts, or it needs
                a plugin that this user has not run before.

        """
        about = self.about
        plugins.load_kept(self.path)
        try:
            return Recipe.model_validate(about["recipe"])
        except ValidationError:
            raise KaoganError(f"the recipe in {self.path / 'run.json'} is damaged") from None

    def write_about(
        self,
        recipe: Recipe,
        dataset: Mapping[str, Any],
        precision: str,
        convolutions: Mapping[str, str],
        hardware: str = "",
        budget: Mapping[str, Any] | None = None,
        start: Mapping[str, Any] | None = None,
    ) -> None:
        """Write `run.json`, with budget, versions and hardware of the last start, and copy the
        recipe's plugins into the run.
        """
        about = {
            "format": FORMAT,
            "kaogan": __version__,
            "recipe": recipe.model_dump(mode="json"),
            "dataset": dict(dataset),
            "budget": dict(budget or {}),
            "precision": precision,
            "convolutions": dict(convolutions),
            "versions": versions(),
            "hardware": hardware,
        }
        if start is not None:
            about["start"] = dict(start)
        if used := plugins.used_by(recipe.parts):
            about["plugins"] = plugins.keep(used, self.path)
        write_text(self.path / "run.json", json.dumps(about, indent=2) + "\n")

    def dataset(self, data: Path | str | None = None) -> "Dataset":
        """The data set of this run: in `data`; by default at the path that was given for the
        training, or at its absolute path.

        Raises:
            UsageError: there is another data set in `data`.
            DataMissing: it is not where it was, or has changed.
            KaoganError: there is no data set in `data`, or this run learned from points.

        """
        from kaogan.data.dataset import open_dataset  # drawing does not need it

        about = self.about["dataset"]
        if "pictures" not in about:
            raise KaoganError(f"{self.path} learned from points, not from pictures")
        if data is not None:
            if (dataset := open_dataset(data, about["fingerprint"])).fingerprint != about[
                "fingerprint"
            ]:
                raise UsageError(f"{data} is not the data set that {self.path} learned from")
            return dataset
        name, why = Path(about["path"]).name, "is not where it was"
        for path in (about["path"], about.get("absolute_path", about["path"])):
            try:
                dataset = open_dataset(path, about["fingerprint"])
            except KaoganError:
                continue
            if dataset.fingerprint == about["fingerprint"]:
                return dataset
            why = "is another one now"
        raise DataMissing(
            f"the data set of {self.path} is not in {about['path']} any more; give --data",
            f"the data set {name} {why}",
        )

    def sampler(self, checkpoint: str | None = None, weights: Weights = "ema") -> Sampler:
        """A generator of a checkpoint, on the CPU.

        Args:
            checkpoint: "best", "newest", or images seen. The default is the best one, or the newest
                one of a run without evaluations.
            weights: averaged or raw.

        Raises:
            KaoganError: no such checkpoint, or none that can be read.

        """
        return sampler_of(*self.read(checkpoint), weights)

    def read(self, checkpoint: str | None = None) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Tensors and numbers of a checkpoint. Argument and errors are those of `sampler`."""
        self.about  # noqa: B018  # raises an error if the folder is no run
        kept, best = checkpoints.found(self.checkpoints), checkpoints.found(self.best)
        if not kept:
            raise KaoganError(f"{self.path} has no checkpoint yet; train longer, or wait")
        if checkpoint is not None and checkpoint != "newest":
            return checkpoints.read(self._named(checkpoint, kept, best))
        wanted = kept if checkpoint == "newest" else kept + best

        def warn(text: str) -> None:
            print(f"warning: {text}", file=sys.stderr)

        if good := checkpoints.newest_good(wanted, warn):
            return good[1:]
        raise KaoganError(f"all {len(wanted)} checkpoints in {self.checkpoints} are damaged")

    def _named(self, name: str, kept: list[Path], best: list[Path]) -> Path:
        """The checkpoint named "best", or by its images seen."""
        if name == "best" and best:
            return best[-1]
        for checkpoint in reversed(best + kept):
            if name.isdecimal() and checkpoints.images_seen(checkpoint) == int(name):
                return checkpoint
        seen = sorted({checkpoints.images_seen(checkpoint) for checkpoint in kept + best})
        names = [*map(str, seen), "newest", *(["best"] if best else [])]
        raise UsageError(f"{self.path} has no checkpoint {name}; it has {', '.join(names)}")

    def sample(
        self,
        count: int = 16,
        seed: int = 0,
        truncation: float = 1.0,
        checkpoint: str | None = None,
        weights: Weights = "ema",
    ) -> Pixels:
        """`count` pictures (N x H x W x C, uint8), of the seeds `seed`, `seed + 1`, ..."""
        return self.sampler(checkpoint, weights).sample(count, seed, truncation)


def sampler_of(
    tensors: Mapping[str, Tensor], state: Mapping[str, Any], weights: Weights = "ema"
) -> Sampler:
    """The generator of a checkpoint, from its tensors and numbers.

    Raises a KaoganError if this version does not know the recipe's parts, or if it draws no
    pictures.
    """
    recipe = checkpoints.recipe_of(state)
    if len(recipe.model.sample_shape) != 3:
        raise KaoganError(
            "this run draws points, not pictures; look at its timelapse.mp4 and toy.json"
        )
    wanted = tensors_of("ema" if weights == "ema" else "generator", tensors)
    try:
        generator = filled(recipe.model.generator, wanted)
    except ValueError:
        raise KaoganError("the checkpoint's weights are not those of its recipe") from None
    return Sampler(generator, recipe.model.latent_dim)
