"""Everything that a report says about a run, gathered from what the run left. It holds no HTML.

Unknown facts are None. `Facts.missing` says why, and the report says that it leaves them out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kaogan.data.dataset import Dataset
from kaogan.errors import KaoganError, UsageError
from kaogan.export.describe import PLAYERS, layers, parameters
from kaogan.export.network import Network, Player, build, weights_of
from kaogan.generators import TrainedGenerator, open_generator
from kaogan.limits import LARGEST_UNSEEN
from kaogan.metrics.quick import best_of
from kaogan.models import DCGAN, KerasDCGAN
from kaogan.report.history import Event, read_history
from kaogan.training import checkpoints
from kaogan.training.callbacks.scores import read_scores
from kaogan.training.recipe import Recipe
from kaogan.training.records import EvaluationRecord, MetricsRecord
from kaogan.training.rows import Row, read_rows
from kaogan.training.run import DataMissing, Run
from kaogan.training.sampling import Sampler

End = Literal["done", "stopped", "cut off"]
DCGANS = (DCGAN, KerasDCGAN)


@dataclass(frozen=True)
class Missing:
    """A part that a report lacks, and why."""

    part: str
    why: str


@dataclass(frozen=True)
class Data:
    """The training data.

    Args:
        name: of the DATASET's folder, or of the distribution of the points.
        fingerprint: identifies pictures and split.
        count: training pictures, or points in an epoch.
        summary: the content of its `dataset.json`; None if it is no longer there.
        side: smallest, median and largest shorter side of the originals, in pixels, if known.

    """

    name: str
    fingerprint: str
    count: int
    summary: Mapping[str, Any] | None = None
    side: tuple[int, float, int] | None = None

    @property
    def rejected(self) -> Mapping[str, int]:
        """Numbers of pictures that were left out, by reason."""
        return self.summary["rejected"] if self.summary else {}


@dataclass(frozen=True)
class PlayerFacts:
    """One of the two networks.

    Args:
        name: which one.
        parameters: how many numbers were learned.
        rows: one for each layer: `layer`, in words; `shape`, C H W; `parameters`. Empty for points,
            and for models whose layers have no names here.

    """

    name: Player
    parameters: int
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Training:
    """The course of the training.

    Args:
        images: real samples shown until the end; None without a checkpoint and a row.
        seconds: time of training without stops; None without a checkpoint.
        end: the budget was used up, a user stopped it, or it was cut off (or still runs).
        attempt: how often it was rolled back after NaN or infinity.
        precision: number format, as in `run.json`.
        events: what happened.
        curves: rows of `metrics.jsonl`.
        evaluations: rows of `evaluation.jsonl`.
        start: the name of the trained networks that it began with; None for fresh networks.
        start_images: how many images those had seen; None if that is not known.

    """

    images: int | None
    seconds: float | None
    end: End
    attempt: int
    precision: str
    events: tuple[Event, ...]
    curves: tuple[Row, ...]
    evaluations: tuple[Row, ...]
    start: str | None
    start_images: int | None = None

    @property
    def speed(self) -> float | None:
        """Images in a second."""
        return self.images / self.seconds if self.images and self.seconds else None

    @property
    def told(self) -> tuple[Event, ...]:
        """The events that are said in words. Charts have their numbers, from 1."""
        return tuple(event for event in self.events if event.text)

    @property
    def hardware(self) -> tuple[tuple[str, str], ...]:
        """Device and precision of each start, without repeats."""
        return tuple(dict.fromkeys(e.hardware for e in self.events if e.hardware))

    @property
    def best(self) -> Row | None:
        """The best evaluation, by the figure that decides."""
        return best_of(self.evaluations)


@dataclass(frozen=True, eq=False)
class Facts:
    """A run, as far as it is known.

    Args:
        name: of its folder.
        kaogan: the version that trained it.
        versions: of Python and packages at the last start; empty for runs of old versions.
        hardware: of the machine, in words; likewise.
        recipe: what was trained.
        data: what it learned from.
        players: both networks.
        training: how it went.
        trained: the networks that draw the report's pictures; None without a checkpoint, and for
            points.
        drawn: its generator, ready for export; also None for a model that has no export.
        dataset: the data set, if it is still there and unchanged.
        scores: `toy.json`, of points.
        frames: sample grids by images seen, the oldest first.
        missing: what is not known.

    """

    name: str
    kaogan: str
    versions: Mapping[str, str]
    hardware: str
    recipe: Recipe
    data: Data
    players: tuple[PlayerFacts, ...]
    training: Training
    trained: TrainedGenerator | None
    drawn: Network | None
    dataset: Dataset | None
    scores: Mapping[str, Any] | None
    frames: tuple[tuple[int, Path], ...]
    missing: tuple[Missing, ...]

    @property
    def sampler(self) -> Sampler | None:
        """Draws the report's pictures."""
        return self.trained.sampler if self.trained else None

    @property
    def is_toy(self) -> bool:
        """Are the samples points?"""
        return len(self.recipe.model.sample_shape) != 3

    @property
    def is_dcgan(self) -> bool:
        """Are the networks kaogan's DCGAN, without a variation?"""
        return type(self.recipe.model) in DCGANS

    @property
    def unit(self) -> str:
        """What is counted."""
        return "points" if self.is_toy else "images"

    @property
    def epochs(self) -> float | None:
        """Passes over the training pictures."""
        seen = self.training.images
        return seen / self.data.count if seen and self.data.count else None


def gather(run: Run, data: Path | None = None) -> Facts:
    """All that is known about a run.

    Args:
        run: the training.
        data: where its data set is now, if it was moved.

    Raises:
        UsageError: there is another data set in `data`.
        KaoganError: there is no run, or its `run.json` is damaged or newer.

    """
    about, recipe = run.about, run.recipe
    missing: list[Missing] = []
    toy = len(recipe.model.sample_shape) != 3
    scores, frames = read_scores(run.path / "toy.json"), _frames(run)
    drawn_at = [seen for seen, _ in frames[-1:]] + ([scores["images_seen"]] if scores else [])
    training = _training(run, about, drawn_at, missing)
    dataset = trained = drawn = None
    if toy:
        missing.append(Missing("the generator, alive in the page", "it draws points, not pictures"))
    else:
        dataset = _dataset(run, data, missing)
        trained, drawn = _drawn(run, missing)
        if not training.evaluations:
            why = "the run was not evaluated: that was not asked for, or fewer than 100 pictures "
            missing.append(Missing("quality over the training", why + "were held out"))
    players = _players(recipe, drawn, missing)
    if not frames:
        missing.append(Missing("samples through time", "the folder samples/ holds none"))
    return Facts(
        name=run.path.resolve().name,
        kaogan=about["kaogan"],
        versions=about.get("versions", {}),
        hardware=about.get("hardware", ""),
        recipe=recipe,
        data=_data(about["dataset"], dataset),
        players=players,
        training=training,
        trained=trained,
        drawn=drawn,
        dataset=dataset,
        scores=scores if toy else None,
        frames=frames,
        missing=tuple(missing),
    )


def _training(run: Run, about: Row, drawn_at: list[int], missing: list[Missing]) -> Training:
    curves, evaluations = (
        tuple(read_rows(run.metrics, MetricsRecord)),
        tuple(read_rows(run.evaluations, EvaluationRecord)),
    )
    if len(curves) < 2:
        why = f"rows logged: {len(curves)}; one is written about every 1,000 images"
        missing.append(Missing("the curves", why))
    state: Mapping[str, Any] = {}
    try:
        _, state = run.read("newest")
    except KaoganError:
        missing.append(Missing("how long it took", "there is no checkpoint that can be read"))
    images = state.get("images_seen", curves[-1]["images_seen"] if curves else None)
    events = read_history(run.path)
    # As the last event says. In older runs, a training that ended by itself drew at its end.
    ends: dict[str, End] = {"stopped": "stopped", "finished": "done"}
    kinds = [e.kind for e in events if e.kind in ("started", "resumed", *ends)]
    end = ends.get(kinds[-1]) if kinds else None
    return Training(
        images=images,
        seconds=state.get("seconds"),
        end=end or ("done" if images in drawn_at else "cut off"),
        attempt=state.get("attempt", 0),
        precision=about["precision"],
        events=events,
        curves=curves,
        evaluations=evaluations,
        start=about.get("start", {}).get("from"),
        start_images=about.get("start", {}).get("images_seen"),
    )


def _dataset(run: Run, data: Path | None, missing: list[Missing]) -> Dataset | None:
    """The data set, if it can be found and is the same."""
    try:
        return run.dataset(data)
    except DataMissing as error:
        part = "the training pictures, and what depends on them"
        missing.append(Missing(part, f"{error.why}; --data says where it is"))
        return None


def _data(about: Mapping[str, Any], dataset: Dataset | None) -> Data:
    count = about.get("pictures", about.get("points", 0))
    name, fingerprint = Path(about["path"]).name, about["fingerprint"]
    if dataset is None:
        return Data(name, fingerprint, count)
    sides = sorted(min(r["original_size"]) for r in dataset.manifest() if "original_size" in r)
    side = (sides[0], sides[len(sides) // 2], sides[-1]) if sides else None
    return Data(name, fingerprint, count, dataset.summary, side)


def _drawn(run: Run, missing: list[Missing]) -> tuple[TrainedGenerator | None, Network | None]:
    """The networks to draw with: the best, or the newest of a run that was not evaluated."""
    try:
        trained = open_generator(run.path)
    except KaoganError:
        none = "no checkpoint" if not checkpoints.found(run.checkpoints) else "no sound checkpoint"
        missing.append(Missing("new faces, and the generator itself", f"there is {none}"))
        return None, None
    try:
        return trained, trained.network()
    except UsageError as error:
        missing.append(Missing("the generator, alive in the page", str(error)))
        return trained, None


def _players(
    recipe: Recipe, drawn: Network | None, missing: list[Missing]
) -> tuple[PlayerFacts, ...]:
    """Sizes and layers of both networks, which are built for this."""
    model = drawn.model if drawn is not None else recipe.model
    if isinstance(model, KerasDCGAN):
        return ()  # to build them, Keras would be needed
    if drawn is None and sum(weights_of(model, p) for p in PLAYERS) > LARGEST_UNSEEN:
        missing.append(Missing("the layers of the networks", "they are too large to be built here"))
        return ()
    known = type(recipe.model) in DCGANS
    if not known:
        missing.append(Missing("the tables of layers", "they are made for a dcgan"))
    return tuple(
        PlayerFacts(p, parameters(build(model, p)), tuple(layers(model, p)) if known else ())
        for p in PLAYERS
    )


def _frames(run: Run) -> tuple[tuple[int, Path], ...]:
    files = sorted(run.samples.glob("*-ema.png")) or sorted(run.samples.glob("*.png"))
    named = [(file.name.split("-")[0].split(".")[0], file) for file in files]
    return tuple((int(seen), file) for seen, file in named if seen.isdecimal())
