"""Trained generators by one word: a RUN, a checkpoint, an exported file, a repository of the hub,
or the name of a generator that comes with kaogan.

    faces = open_generator("runs/faces").sample(16)
    faces = open_generator("hf:USER/NAME").sample(16)
    faces = open_generator("faces-64").sample(16)
"""

import difflib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from torch import Tensor, nn

from kaogan import hub, zoo
from kaogan.contracts import Model
from kaogan.errors import KaoganError, UsageError, typed
from kaogan.export import Network, Origin, Player, network_of, readers
from kaogan.export.network import maker
from kaogan.images import Pixels
from kaogan.label_vectors import wish
from kaogan.labels import Attribute
from kaogan.training import checkpoints
from kaogan.training.recipe import Recipe
from kaogan.training.run import Run, Weights, sampler_of
from kaogan.training.sampling import Sampler
from kaogan.training.start import Start
from kaogan.training.state import tensors_of
from kaogan.weights import filled

Kind = Literal["run", "checkpoint", "file", "hub", "pretrained"]
SINGLE = ("file", "hub")
"""The kinds that are one network, without a training."""
PLAYERS = ("generator", "ema", "discriminator")
"""The networks of a training."""


@dataclass(frozen=True)
class TrainedGenerator:
    """A generator ready to draw, and where it comes from.

    Args:
        sampler: the generator, in evaluation mode, on the CPU.
        kind: what it was opened from.
        name: the RUN folder's name, the file's, the repository's, or that of a generator that comes
            with kaogan.
        home: the folder of files that belong to it, such as `directions.json`.
        model: the description of both networks.
        recipe: what was trained; None for an exported file.
        run: the training, if it is on the disk.
        images_seen: images seen until then, if that is known.
        weights: averaged or raw; None if that is not known, as for an exported file.
        usual: does the RUN draw with this one if neither checkpoint nor weights are named?
        networks: of a RUN or a checkpoint: `generator.*`, `ema.*` and `discriminator.*`, as
            `TrainState.tensors` names them.
        conditional: the same with labels, if it learned from any. Sampler, model and networks are
            those without wishes.

    """

    sampler: Sampler
    kind: Kind
    name: str
    home: Path
    model: Model
    recipe: Recipe | None = None
    run: Run | None = None
    images_seen: int | None = None
    weights: Weights | None = None
    usual: bool = False
    networks: Mapping[str, Tensor] = field(default_factory=dict)
    conditional: "Conditional | None" = None

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """What can be wished for."""
        return self.conditional.model.attributes if self.conditional else ()

    @property
    def generator(self) -> nn.Module:
        """The network without wishes, to which directions and encoders belong."""
        if self.conditional is None:
            return self.sampler.generator
        return self.conditional.without_labels()[0].generator

    def wishing(self, wishes: Mapping[str, str]) -> "TrainedGenerator":
        """The generator that draws with these wishes, as `{"hair-colour": "pink"}`.

        Raises:
            UsageError: there is no such attribute, or no such value.

        """
        asked = wish(self.attributes, wishes)
        if self.conditional is None:
            return self
        return replace(self, sampler=self.conditional.sampler.wishing(asked))

    def sample(self, count: int = 16, seed: int = 0, truncation: float = 1.0) -> Pixels:
        """`count` pictures (N x H x W x C, uint8), of the seeds `seed`, `seed + 1`, ..."""
        return self.sampler.sample(count, seed, truncation)

    def draw(self, z: Tensor) -> Pixels:
        """Pictures (N x H x W x C, uint8) of latents `N Z`."""
        return self.sampler.draw(z)

    def network(self, player: Player = "generator", labels: bool = False) -> Network:
        """The generator, or the discriminator of a RUN or a checkpoint, to export.

        `labels`: as it takes labels, if it does.

        Raises:
            UsageError: no format knows such a model.

        """
        source = self.conditional if labels and self.conditional else self
        state: Mapping[str, Tensor] = source.sampler.generator.state_dict()
        if player == "discriminator":
            state = tensors_of(player, source.networks)
        origin = None
        if self.recipe is not None:
            origin = Origin(self.name, self.home, self.recipe, self.run, self.images_seen)
        return network_of(source.model, player, state, origin)


@dataclass(frozen=True)
class Conditional:
    """Networks with labels.

    Args:
        sampler: the generator, in evaluation mode, on the CPU.
        model: the description of both networks.
        networks: as in `TrainedGenerator`.

    """

    sampler: Sampler
    model: Model
    networks: Mapping[str, Tensor] = field(default_factory=dict)

    def without_labels(self) -> tuple[Sampler, Model, dict[str, Tensor]]:
        """Sampler, model and networks as they are without wishes."""
        model, generator = self.model.without_labels(self.sampler.generator, "generator")
        networks: dict[str, Tensor] = {}
        for name in PLAYERS if self.networks else ():
            player: Player = "discriminator" if name == "discriminator" else "generator"
            full = filled(maker(self.model, player), tensors_of(name, self.networks))
            _, plain = self.model.without_labels(full, player)
            networks |= {f"{name}.{key}": value for key, value in plain.state_dict().items()}
        return Sampler(generator.eval(), model.latent_dim), model, networks


def open_generator(
    what: str | Path, checkpoint: str | None = None, weights: Weights | None = None
) -> TrainedGenerator:
    """The generator that `what` names.

    A path wins over a name: in a folder that has a file or folder called `faces-64`, that one is
    meant. A note then says so.

    Args:
        what: a RUN, a checkpoint's folder, an exported file (`.safetensors`, `.keras`), a
            repository of the hub (`hf:USER/NAME`), or the name of a generator that comes with
            kaogan.
        checkpoint: of a RUN: "best", "newest" or images seen. None: the best, or the newest of a
            run that was not evaluated.
        weights: of a RUN or a checkpoint: averaged (None means this) or raw.

    Raises:
        UsageError: `checkpoint` or `weights` of something that has only one network.
        KaoganError: there is no such generator, or it cannot be read.

    """
    what = str(what)
    note_taken(what)
    match kind_of(what):
        case "pretrained":
            return open_pretrained(what, checkpoint, weights)
        case "file" | "hub" as kind:
            _refuse_choice(what, checkpoint, weights)
            file = _file_of(what, kind)
            network = _read(file)
            if network.player != "generator":
                raise UsageError(f"{what} holds a discriminator; give a generator")
            model, conditional = network.model, None
            sampler = Sampler(network.module, model.latent_dim)
            if model.attributes:
                conditional = Conditional(sampler, model)
                sampler, model, _ = conditional.without_labels()
            name = file.stem if kind == "file" else hub.repo_of(what).partition("/")[2]
            return TrainedGenerator(
                sampler, kind, name, file.parent, model, conditional=conditional
            )
        case "run" | "checkpoint":
            return _of_run(what, checkpoint, weights)
    raise _unknown(what)


def open_pretrained(
    name: str, checkpoint: str | None = None, weights: Weights | None = None
) -> TrainedGenerator:
    """A generator that comes with kaogan, whatever lies in the current folder.

    Raises:
        UsageError: there is none of this name, or it has no such checkpoint or weights.

    """
    recipe = zoo.pretrained_recipe(name)
    _refuse_checkpoint(name, checkpoint)
    if weights == "raw":
        raise UsageError(f"{name} comes with averaged weights only; leave out --weights")
    sampler, home = zoo.pretrained(name), zoo.FOLDER / name
    return TrainedGenerator(sampler, "pretrained", name, home, recipe.model, recipe, weights="ema")


def open_network(
    what: str | Path,
    player: Player | None = None,
    checkpoint: str | None = None,
    weights: Weights | None = None,
) -> Network:
    """A network to export: as `open_generator`, and discriminators of runs and files, too.

    Args:
        what: as for `open_generator`.
        player: of a RUN or a checkpoint. None: the generator.
        checkpoint: as for `open_generator`.
        weights: of a generator; a discriminator has no averaged weights.

    Raises:
        UsageError: `what` lacks something that was asked for, or no format knows such a model.
        KaoganError: there is no such network, or it cannot be read.

    """
    what = str(what)
    kind = kind_of(what)
    if player is not None and kind in (*SINGLE, "pretrained"):
        raise UsageError(f"--network is for a RUN; {what} is one network")
    if kind == "file" or kind == "hub":
        _refuse_choice(what, checkpoint, weights)
        return _read(_file_of(what, kind))
    if player == "discriminator" and weights is not None:
        raise UsageError("--weights is for generators; a discriminator has no averaged weights")
    return open_generator(what, checkpoint, weights).network(player or "generator", labels=True)


def open_start(what: str | Path) -> Start:
    """Both networks that `what` names, to train on.

    Args:
        what: a RUN (its best checkpoint), a checkpoint's folder, or the name of a generator that
            comes with kaogan.

    Raises:
        UsageError: an exported file or a repository, which holds one network only.
        KaoganError: there are no such networks, or they cannot be read.

    """
    if kind_of(str(what)) in SINGLE:
        raise UsageError(
            f"{what} holds one network, and training needs both; give a RUN, a checkpoint, or "
            f"{' or '.join(zoo.names())}"
        )
    source = open_generator(what)
    tensors = (source.conditional or source).networks
    if source.kind == "pretrained":
        averaged = source.sampler.generator.state_dict()
        discriminator = zoo.pretrained_discriminator(source.name).state_dict()
        networks = {"generator": averaged, "ema": averaged, "discriminator": discriminator}
        tensors = {
            f"{player}.{name}": tensor
            for player, state in networks.items()
            for name, tensor in state.items()
        }
    assert source.recipe is not None  # only a file has none
    return Start(source.name, source.recipe, tensors, source.images_seen)


def kind_of(what: str) -> Kind | None:
    """What kind of generator `what` names; None if it names none."""
    if hub.is_hub_name(what):
        return "hub"
    path = Path(what)
    if (path / "run.json").is_file():
        return "run"
    if (path / "state.json").is_file():
        return "checkpoint"
    if path.suffix in readers and not path.is_dir():
        return "file"
    return "pretrained" if not path.exists() and what in zoo.names() else None


def note_taken(what: str) -> None:
    """Print a note if a path has the name of a generator that comes with kaogan: the path wins."""
    if what in zoo.names() and Path(what).exists():
        print(
            f"note: {what} in the current folder is used; the generator that comes with kaogan is "
            f"--pretrained {what}",
            file=sys.stderr,
        )


def run_of(what: str | Path) -> Run | None:
    """The RUN that `what` is, or is a checkpoint of."""
    path = Path(what)
    for folder in (path, path.resolve().parent.parent):
        if (folder / "run.json").is_file():
            return Run(folder)
    return None


def suggestion(what: str) -> str:
    """The end of an error message: "; did you mean ...?", or nothing."""
    path = Path(what)
    folders = [
        folder for place in (path.parent, Path("runs")) for folder in place.glob("*/run.json")
    ]
    known = {file.parent.name: typed(file.parent) for file in folders}
    known |= {name: name for name in zoo.names()}
    near = difflib.get_close_matches(path.name, known, n=1)
    return f"; did you mean {known[near[0]]}?" if near else ""


def _unknown(what: str) -> KaoganError:
    path = Path(what)
    if path.is_file():
        return KaoganError(
            f"{what} holds no generator that can be read; give a RUN, or a file that ends in "
            f"{' or '.join(readers)}"
        )
    if path.is_dir():
        return KaoganError(
            f"{path} is no run: it has no run.json; make one with: kaogan train DATA "
            f"--out {typed(path)}"
        )
    hint = suggestion(what) or f"; give a RUN, an exported file, or {' or '.join(zoo.names())}"
    return KaoganError(f"there is no run, file or generator called {what}{hint}")


def _refuse_checkpoint(what: str | Path, checkpoint: str | None) -> None:
    if checkpoint is not None:
        raise UsageError(f"{what} is no RUN; --checkpoint chooses one of a RUN's")


def _refuse_choice(what: str, checkpoint: str | None, weights: Weights | None) -> None:
    """Nothing can be chosen of what is one network."""
    _refuse_checkpoint(what, checkpoint)
    if weights is not None:
        raise UsageError(f"--weights is for a RUN; {what} is one network")


def _file_of(what: str, kind: Literal["file", "hub"]) -> Path:
    """The file of an exported network; one on the hub is fetched first."""
    return Path(what) if kind == "file" else hub.fetch(what) / hub.GENERATOR


def _read(file: Path) -> Network:
    return readers[file.suffix]().read(file)


def _of_run(what: str, checkpoint: str | None, weights: Weights | None) -> TrainedGenerator:
    run, weights = run_of(what), weights or "ema"
    if run is not None and (Path(what) / "run.json").is_file():
        kind: Kind = "run"
        tensors, state = run.read(checkpoint)
    else:
        kind = "checkpoint"
        _refuse_checkpoint(what, checkpoint)
        tensors, state = checkpoints.read(Path(what))
    home, recipe = Path(what) if run is None else run.path, checkpoints.recipe_of(state)
    sampler, model = sampler_of(tensors, state, weights), recipe.model
    networks = {name: tensors[name] for name in tensors if name.split(".")[0] in PLAYERS}
    conditional = None
    if model.attributes:
        conditional = Conditional(sampler, model, networks)
        sampler, model, networks = conditional.without_labels()
    return TrainedGenerator(
        sampler=sampler,
        kind=kind,
        name=home.resolve().name,
        home=home,
        model=model,
        recipe=recipe,
        run=run,
        images_seen=state["images_seen"],
        weights=weights,
        usual=kind == "run" and checkpoint is None and weights == "ema",
        networks=networks,
        conditional=conditional,
    )
