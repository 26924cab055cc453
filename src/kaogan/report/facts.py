"""Everything that a report says of a run, gathered from what the run left. No HTML in it.

What is not known is None, and `Facts.missing` says why: a report leaves it out, and says so.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from kaogan.data.dataset import Dataset
from kaogan.errors import KaoganError, UsageError
from kaogan.export.describe import inputs, layers, parameters
from kaogan.export.network import Network, Player, build, network_of_run
from kaogan.metrics.quick import best_of
from kaogan.models import DCGAN, KerasDCGAN
from kaogan.report.history import Event, Row, read_history
from kaogan.training import checkpoints
from kaogan.training.callbacks.metrics_log import read_rows
from kaogan.training.recipe import Recipe
from kaogan.training.run import DataMissing, Run
from kaogan.training.sampling import Sampler

End = Literal["done", "stopped", "cut off"]


@dataclass(frozen=True)
class Missing:
    """A part that a report has not, and why."""

    part: str
    why: str


@dataclass(frozen=True)
class Data:
    """What was learned from.

    Args:
        name: of the DATASET's folder, or of the distribution of the points.
        fingerprint: by which it is known again.
        count: training pictures, or points in an epoch.
        summary: what its `dataset.json` says; None if it is no longer there.
        side: smallest, median and largest shorter side of the originals, in pixels, if known.

    """

    name: str
    fingerprint: str
    count: int
    summary: Mapping[str, Any] | None = None
    side: tuple[int, float, int] | None = None

    @property
    def rejected(self) -> Mapping[str, int]:
        """Pictures that were left out, by reason."""
        return self.summary["rejected"] if self.summary else {}


@dataclass(frozen=True)
class PlayerFacts:
    """One of the two networks.

    Args:
        name: which one.
        parameters: numbers that were learned.
        rows: a row a layer: `layer`, in words; `shape`, C H W; `parameters`. Empty for points, and
            for models whose layers nobody can name.

    """

    name: Player
    parameters: int
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Training:
    """How it went.

    Args:
        images: real samples shown until the end; None if no checkpoint and no row tells.
        seconds: spent in training, stops not counted; None without a checkpoint.
        end: the budget was used up, somebody stopped it, or it was cut off (or goes on).
        attempt: how often it was set back after NaN or infinity.
        precision: number format, as `run.json` has it.
        events: what happened.
        curves: rows of `metrics.jsonl`.
        evaluations: rows of `evaluation.jsonl`.

    """

    images: int | None
    seconds: float | None
    end: End
    attempt: int
    precision: str
    events: tuple[Event, ...]
    curves: tuple[Row, ...]
    evaluations: tuple[Row, ...]

    @property
    def speed(self) -> float | None:
        """Images in a second."""
        return self.images / self.seconds if self.images and self.seconds else None

    @property
    def hardware(self) -> tuple[tuple[str, str], ...]:
        """Device and precision of each start, without repeats."""
        return tuple(dict.fromkeys(e.hardware for e in self.events if e.hardware))

    @property
    def best(self) -> Row | None:
        """The evaluation that was best, by the figure that decides."""
        return best_of(self.evaluations)


@dataclass(frozen=True, eq=False)
class Facts:
    """A run, as far as it is known.

    Args:
        run: where it lies.
        name: what to call it.
        kaogan: the version that trained it.
        recipe: what was trained.
        data: what it learned from.
        players: both networks.
        training: how it went.
        sampler: draws the report's pictures; None if there is no generator yet, or of points.
        drawn: the same generator, apart from its run; None as well for a model that cannot be
            exported.
        dataset: the data set, if it is still there and the same.
        scores: `toy.json`, of points.
        frames: sample grids, the oldest first, by images seen.
        missing: what is not known.

    """

    run: Run
    name: str
    kaogan: str
    versions: Mapping[str, str]
    """Of Python and packages at the last start; empty for runs of a time before they were kept."""
    hardware: str
    recipe: Recipe
    data: Data
    players: tuple[PlayerFacts, ...]
    training: Training
    sampler: Sampler | None
    drawn: Network | None
    dataset: Dataset | None
    scores: Mapping[str, Any] | None
    frames: tuple[tuple[int, Path], ...]
    missing: tuple[Missing, ...]

    @property
    def is_toy(self) -> bool:
        """Are the samples points?"""
        return len(self.recipe.model.sample_shape) != 3

    @property
    def is_dcgan(self) -> bool:
        """Are the networks kaogan's DCGAN, and no variation of it?"""
        return _is_dcgan(self.recipe)

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
    """All that is known of a run.

    Args:
        run: the training.
        data: where its data set lies now, if not where it was.

    Raises:
        UsageError: there is another data set in `data`.
        KaoganError: there is no run, or its `run.json` is damaged or newer.

    """
    about, recipe = run.about, run.recipe
    missing: list[Missing] = []
    toy = len(recipe.model.sample_shape) != 3
    training = _training(run, about, missing)
    dataset = None if toy else _dataset(run, data, missing)
    sampler, drawn = (None, None) if toy else _drawn(run, missing)
    if toy:
        missing.append(Missing("the generator, alive in the page", "it draws points, not pictures"))
    elif not training.evaluations:
        why = "the run was not evaluated: that was not asked for, or fewer than 100 pictures were "
        missing.append(Missing("quality over the training", why + "held out"))
    return Facts(
        run=run,
        name=run.path.resolve().name,
        kaogan=about["kaogan"],
        versions=about.get("versions", {}),
        hardware=about.get("hardware", ""),
        recipe=recipe,
        data=_data(about["dataset"], dataset),
        players=_players(recipe, drawn, missing),
        training=training,
        sampler=sampler,
        drawn=drawn,
        dataset=dataset,
        scores=_scores(run) if toy else None,
        frames=_frames(run, missing),
        missing=tuple(missing),
    )


def _is_dcgan(recipe: Recipe) -> bool:
    return type(recipe.model) in (DCGAN, KerasDCGAN)


def _training(run: Run, about: Mapping[str, Any], missing: list[Missing]) -> Training:
    curves, evaluations = list(read_rows(run.metrics)), list(read_rows(run.evaluations))
    if len(curves) < 2:
        why = f"rows logged: {len(curves)}; one is written about every 1,000 images"
        missing.append(Missing("the curves", why))
    state: Mapping[str, Any] = {}
    try:
        _, state = run.read("newest")
    except KaoganError:
        missing.append(Missing("how long it took", "there is no checkpoint that can be read"))
    last = curves[-1]["images_seen"] if curves else None
    images = state.get("images_seen", last)
    events = read_history(run.path)
    return Training(
        images=images,
        seconds=state.get("seconds"),
        end=_end(run, events, images),
        attempt=state.get("attempt", 0),
        precision=about["precision"],
        events=events,
        curves=tuple(curves),
        evaluations=tuple(evaluations),
    )


def _end(run: Run, events: tuple[Event, ...], images: int | None) -> End:
    """As the last event says; else a training that ended by itself has drawn at its end."""
    ends: dict[str, End] = {"stopped": "stopped", "finished": "done"}
    sittings = [e.kind for e in events if e.kind in ("started", "resumed", *ends)]
    if sittings and sittings[-1] in ends:
        return ends[sittings[-1]]
    scores = _scores(run)
    drawn = {None if scores is None else scores["images_seen"]}
    drawn |= {seen for seen, _ in _frames(run, [])[-1:]}
    return "done" if images is not None and images in drawn else "cut off"


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


def _drawn(run: Run, missing: list[Missing]) -> tuple[Sampler | None, Network | None]:
    """The generator to draw with: the best, or the newest of a run that was not evaluated."""
    try:
        network = network_of_run(run)
        return Sampler(network.module, network.model.latent_dim), network
    except UsageError as error:
        missing.append(Missing("the generator, alive in the page", str(error)))
        return run.sampler(), None
    except KaoganError:
        none = "no checkpoint" if not checkpoints.found(run.checkpoints) else "no sound checkpoint"
        missing.append(Missing("new faces, and the generator itself", f"there is {none}"))
        return None, None


def _players(
    recipe: Recipe, drawn: Network | None, missing: list[Missing]
) -> tuple[PlayerFacts, ...]:
    """Sizes and layers of both networks, from real ones."""
    players: tuple[Player, Player] = ("generator", "discriminator")
    if drawn is not None and _is_dcgan(recipe):
        made = {player: build(drawn.model, player) for player in players}
        return tuple(
            PlayerFacts(p, parameters(made[p]), tuple(layers(made[p], inputs(drawn, p))))
            for p in players
        )
    if isinstance(recipe.model, KerasDCGAN):
        return ()  # making them would take Keras
    why = "they are made for a dcgan"
    missing.append(Missing("the tables of layers", why))
    with torch.random.fork_rng(devices=[]):
        made_by_recipe = (recipe.model.generator(), recipe.model.discriminator())
    return tuple(
        PlayerFacts(player, parameters(network), ())
        for player, network in zip(players, made_by_recipe, strict=True)
    )


def _scores(run: Run) -> Mapping[str, Any] | None:
    try:
        scores: Mapping[str, Any] = json.loads((run.path / "toy.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return scores


def _frames(run: Run, missing: list[Missing]) -> tuple[tuple[int, Path], ...]:
    files = sorted(run.samples.glob("*-ema.png")) or sorted(run.samples.glob("*.png"))
    named = [(file.name.split("-")[0].split(".")[0], file) for file in files]
    frames = tuple((int(seen), file) for seen, file in named if seen.isdecimal())
    if not frames:
        missing.append(Missing("samples through time", "the folder samples/ holds none"))
    return frames
