"""All figures of a report by name, drawn from a run. Those that it cannot have are not there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from kaogan.errors import KaoganError
from kaogan.export.network import build
from kaogan.generators import TrainedGenerator
from kaogan.images import Pixels, evenly_spread, read_picture
from kaogan.latent.walks import path
from kaogan.report import inside
from kaogan.report.charts import game_diagram, strips
from kaogan.report.facts import Facts
from kaogan.report.measure import Measured
from kaogan.report.pictures import Drawing, Figure, Part, Picture, grid_of, jpeg
from kaogan.report.plots import curves, diagrams, normalisation, schedule
from kaogan.rng import latents
from kaogan.training.sampling import Sampler, draw, standing_statistics
from kaogan.training.state import tensors_of

SHEET, SHEET_COLUMNS = 48, 12
FACES, FACES_COLUMNS = 32, 8
WALKS, STEPS = 3, 10
IN_A_ROW = 8
"""Pictures in a row of a drawing."""
FRAMES, KEY_FRAMES, FRAME_WIDTH, FRAME_QUALITY = 30, 4, 544, 72
"""Moments to leaf through, and those of them that are printed."""
STATISTICS = 512
"""Latents for the statistics of batch norm with weights as trained."""
TILE = 64
"""Pixels of the side of a feature map in its file, if the map is smaller."""
COLOURS = "magma"
"""From dark for 0 to light for the largest value."""


@dataclass(frozen=True)
class Figures:
    """The figures by name, and what was found out while they were drawn.

    Args:
        by_name: the figures.
        centred: shares of the discriminator's squared gradient that lie in the middle of the
            pictures, of real and of generated ones; None if it was not computed.
        normed: a channel before and after a batch norm of the generator; None likewise.

    """

    by_name: Mapping[str, Figure]
    centred: tuple[float, float] | None = None
    normed: inside.NormedChannel | None = None


def draw_figures(facts: Facts, measured: Measured | None, *, data_pictures: bool = True) -> Figures:
    """Draw what a report shows.

    Args:
        facts: about the run.
        measured: figures with their floors, if there are any.
        data_pictures: show pictures of the data set.

    """
    found = {**dict(curves(facts)), **diagrams(facts.players), **_frames(facts)}
    real = faces = None
    if facts.dataset is not None:
        real = evenly_spread(facts.dataset.train, SHEET)
        if data_pictures:
            alt = f"{len(real)} of the training pictures"
            found["data"] = _alone(grid_of(real, SHEET_COLUMNS, alt))
    if facts.sampler is not None:
        faces = facts.sampler.sample(FACES)
        alt = f"{FACES} generated pictures, of the seeds 0 to {FACES - 1}"
        found["faces"] = _alone(grid_of(faces, FACES_COLUMNS, alt))
        alt = "Rows of generated pictures; in each, the first turns step by step into the last"
        found["walk"] = _alone(grid_of(_interpolation(facts.sampler), STEPS, alt))
    shown = real if data_pictures else None
    ends = [None if pictures is None else pictures[:1] for pictures in (faces, shown)]
    found["game"] = _alone(game_diagram(*ends))
    if (rates := schedule(facts)) is not None:
        found["schedule"] = rates
    if measured is not None:
        found |= _measured(measured, data_pictures)
    centred = normed = None
    if facts.trained is not None and faces is not None:
        found |= _of_the_generator(facts.trained, faces)
        generator, latent_dim = facts.trained.sampler.generator, facts.trained.model.latent_dim
        normed = inside.normed_channel(generator, latent_dim)
        layers: tuple[tuple[float, float], ...] = ()
        discriminator = _discriminator(facts.trained)
        if real is not None and discriminator is not None:
            chosen = evenly_spread(real, IN_A_ROW)
            looks, centred = _looks(discriminator, facts.trained, chosen, faces, data_pictures)
            found["attention"] = looks
            layers = inside.sizes(discriminator, torch.from_numpy(real))
        if (numbers := normalisation(normed, layers)) is not None:
            found["normalisation"] = numbers
    return Figures(found, centred, normed)


def _alone(shown: Picture | Drawing) -> Figure:
    return Figure((Part(shown),))


def _interpolation(sampler: Sampler) -> Pixels:
    """Ways on the sphere from one seed's latent to another's, one after the other."""
    stops = latents(list(range(2 * WALKS)), sampler.latent_dim)
    ways = torch.cat([path(stops[2 * n : 2 * n + 2], STEPS) for n in range(WALKS)])
    return np.stack(list(draw(sampler.generator, ways)))


def _of_the_generator(trained: TrainedGenerator, faces: Pixels) -> dict[str, Figure]:
    """Its feature maps for one face, and the faces that it draws without averaged weights."""
    found = {}
    generator, latent_dim = trained.sampler.generator, trained.model.latent_dim
    maps = inside.feature_maps(generator, latent_dim)
    if len(maps) > 1:
        rows = [
            (f"{each.count} maps", f"{each.side} × {each.side}", _coloured(each.shown))
            for each in maps
        ]
        rows.append(("picture", f"{faces.shape[1]} × {faces.shape[2]}", _with_channels(faces[0])))
        title = "Feature maps of the generator for one picture"
        found["maps"] = _alone(strips("maps", title, rows, inside.MAPS))
    if trained.weights == "ema":
        raw = build(trained.model, "generator")
        raw.load_state_dict(tensors_of("generator", trained.networks))
        settled = standing_statistics(raw, latent_dim, STATISTICS)
        drawn = Sampler(settled, latent_dim).sample(IN_A_ROW)
        rows = [("as trained", "", drawn), ("averaged", "", faces[:IN_A_ROW])]
        title = "The same latents with weights as trained and with averaged weights"
        found["averaged"] = _alone(strips("averaged", title, rows, IN_A_ROW))
    return found


def _with_channels(face: Pixels) -> Pixels:
    """A picture (H x W x C), and in colour its red, green and blue as pictures of their own."""
    if face.shape[2] == 1:
        return face[None]
    return np.stack([face, *(np.repeat(face[..., n : n + 1], 3, 2) for n in range(3))])


def _discriminator(trained: TrainedGenerator) -> torch.nn.Module | None:
    """The discriminator of the same moment; None for a model that cannot be loaded alone."""
    try:
        network = build(trained.model, "discriminator").eval()
        network.load_state_dict(tensors_of("discriminator", trained.networks))
    except (KaoganError, RuntimeError, KeyError):
        return None
    return network


def _looks(
    discriminator: torch.nn.Module,
    trained: TrainedGenerator,
    real: Pixels,
    faces: Pixels,
    data_pictures: bool,
) -> tuple[Figure, tuple[float, float]]:
    """Where the discriminator looks, on real and on generated pictures."""
    rows, shares = [], []
    kinds = (("real x", "∇C(x)", real), ("G(z)", "∇C(G(z))", faces[: len(real)]))
    for words, gradient, pictures in kinds:
        slopes = inside.attention(discriminator, trained.model, torch.from_numpy(pictures))
        shares.append(inside.centred(slopes))
        if data_pictures or pictures is not real:
            rows += [(words, "", pictures), (gradient, "", _coloured(inside.blurred(slopes)))]
    title = "Pictures, and how strongly the logit changes with each of their pixels"
    return _alone(strips("attention", title, rows, len(real))), (shares[0], shares[1])


def _coloured(maps: Float[Tensor, "N H W"]) -> Pixels:
    """Maps from 0 to 1 as pictures. Small ones are made larger, without a blur."""
    from matplotlib import colormaps  # slow to import

    times = max(1, TILE // maps.shape[-1])
    large = maps.repeat_interleave(times, 1).repeat_interleave(times, 2)
    coloured: Pixels = (colormaps[COLOURS](large.numpy())[..., :3] * 255).round().astype(np.uint8)
    return coloured


def _measured(measured: Measured, data_pictures: bool) -> dict[str, Figure]:
    """The least likely faces, and the nearest training pictures."""
    alt = f"The {len(measured.worst)} generated pictures that are least like real ones"
    found = {"worst": _alone(grid_of(measured.worst, IN_A_ROW, alt))} if len(measured.worst) else {}
    if data_pictures:
        near, count = measured.neighbours, len(measured.neighbours.drawn)
        below = "and below each the training picture nearest to it"
        alt = f"{count} generated pictures, {below}"
        pairs = np.concatenate([near.drawn, near.real])
        found["neighbours"] = _alone(grid_of(pairs, count, alt))
        alt = f"The {count} generated pictures that are nearest to a training picture, {below}"
        pairs = np.concatenate([near.suspicious, near.suspected])
        found["suspects"] = _alone(grid_of(pairs, count, alt))
    return found


def _frames(facts: Facts) -> dict[str, Figure]:
    """Samples from the same latents, evenly spread over those that were kept."""
    kept = facts.frames
    count = min(FRAMES, len(kept))
    if count < 2:
        return {}
    chosen = np.linspace(0, len(kept) - 1, count).round().astype(int).tolist()
    keys = set(np.linspace(0, count - 1, min(KEY_FRAMES, count)).round().astype(int).tolist())
    what = "The same points" if facts.is_toy else "The same latents"
    moments = []
    for seen, file in (kept[i] for i in chosen):
        words = f"{seen:,} {facts.unit}"
        moments.append(Part(_frame(file, facts, f"{what} after {words}"), words))
    parts = tuple(moments[place] for place in sorted(keys))
    return {"frames": Figure(parts, columns=2, moments=tuple(moments))}


def _frame(file: Path, facts: Facts, alt: str) -> Picture:
    """A sample grid. Of pictures, it is the upper half, which has enough faces."""
    picture = read_picture(file)
    if not facts.is_toy:
        size = facts.recipe.model.sample_shape[-1] + 2
        rows = max(1, picture.height // size // 2)
        picture = picture.crop((0, 0, picture.width, rows * size + 2))
    return jpeg(picture, alt, FRAME_WIDTH, FRAME_QUALITY)
