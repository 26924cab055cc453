"""The hand-in: a RUN as a ZIP with programs, instructions, report, pictures and weights.

The same RUN gives the same bytes: names are sorted, times are fixed, and no path of this machine is
in it.
"""

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kaogan import plugins
from kaogan.errors import KaoganError, UsageError
from kaogan.export import Network, Onnx, Safetensors, network_of_run
from kaogan.files import atomic_file
from kaogan.images import grid, to_pil
from kaogan.machine import PACKAGES, versions
from kaogan.report.facts import Facts, Missing
from kaogan.report.html import Heading, duration
from kaogan.report.make import Report, make_report
from kaogan.report.pdf import find_browser, write_pdf
from kaogan.report.reproduce import call_of, preparing
from kaogan.report.standalone import rendered, standalone
from kaogan.training.recipe import Recipe
from kaogan.training.run import Run
from kaogan.training.sampling import Sampler

GRID = 64
"""New faces in one picture, of the seeds 0, 1, ...: what `make sample` draws, too."""
SINGLE = 8
NOT_LATER = (1980, 1, 1, 0, 0, 0)
"""The time of every file: the earliest that a ZIP can tell."""

MEANINGS = {
    "Makefile": "`make setup`, `make sample`, `make train`",
    "README.md": "this page",
    "SHA256SUMS": "checksums of all other files",
    "report.html": "the report, for any browser",
    "report.pdf": "the report on paper",
    "requirements.txt": "the packages that `train_standalone.py` needs",
    "train.py": "the training in kaogan's words",
    "train_standalone.py": "the whole program in one file, without kaogan",
    "images/": "new faces, and how they came about",
    "weights/": "both networks as .safetensors; the generator as .onnx, too",
}


@dataclass(frozen=True)
class Bundle:
    """A ZIP that was written.

    Args:
        file: the ZIP.
        names: what is in it, sorted.
        missing: what is not, and why.

    """

    file: Path
    names: tuple[str, ...]
    missing: tuple[Missing, ...]


def write_bundle(
    run: Run,
    out: Path,
    heading: Heading | None = None,
    *,
    pdf: bool = True,
    live: bool = True,
    data_pictures: bool = True,
    data: Path | None = None,
) -> Bundle:
    """Write the hand-in of a run, whole or not at all.

    Args:
        run: the training.
        out: the ZIP; one that is there is replaced.
        heading: title, author and course.
        pdf: print the report as well, if there is a Chromium.
        live: with the generator in the report's page, where that is possible.
        data_pictures: show training pictures in the report.
        data: where the data set lies now, if not where it was.

    Raises:
        UsageError: the run draws points, or there is another data set in `data`.
        KaoganError: there is no run, no checkpoint, or none that can be read.

    """
    if len(run.recipe.model.sample_shape) != 3:
        raise UsageError("this run draws points, not pictures; a hand-in is made of pictures' runs")
    heading = heading or Heading()
    players = [network_of_run(run), network_of_run(run, "discriminator")]
    report = make_report(run, heading, data=data)
    if not data_pictures:
        looks = replace(report.looks, sheet=None, neighbours=None, suspects=None)
        report = replace(report, looks=looks)
    with tempfile.TemporaryDirectory(prefix="kaogan-bundle-") as scratch:
        folder = Path(scratch) / "bundle"
        missing = [
            *_write_pictures(run, players[0], folder / "images"),
            *_write_weights(players, folder / "weights"),
            *_write_report(report, folder, pdf=pdf, live=live),
        ]
        missing += _write_programs(report.facts, players[0], folder)
        words = _instructions(report.facts, players[0], folder, missing, heading)
        (folder / "README.md").write_text(words, encoding="utf-8", newline="\n")
        _write_checksums(folder)
        names = _write_zip(folder, out)
    return Bundle(out, names, tuple(missing))


def train_script(recipe: Recipe, images: int) -> str:
    """The text of `train.py`: a recipe as a call of the function in `kaogan.recipes` next to it.

    Args:
        recipe: of a model for pictures; its plugins lie beside the program.
        images: how long, unless its user asks for something else.

    Raises:
        KaoganError: no function in `kaogan.recipes` makes this recipe.

    """
    name, options = call_of(recipe)
    shown = {option: _python(value) for option, value in options.items()}
    files = [plugin.path.name for plugin in plugins.used_by(recipe.parts)]
    return rendered("train.py.j2", recipe=name, options=shown, images=images, plugins=files)


def _python(value: object) -> str:
    """A value as one writes it in Python, with double quotes."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_python(k)}: {_python(v)}" for k, v in value.items()) + "}"
    return repr(value)


def _write_pictures(run: Run, generator: Network, folder: Path) -> list[Missing]:
    """New faces; the film and the curves of the training."""
    folder.mkdir(parents=True)
    faces = Sampler(generator.module, generator.model.latent_dim).sample(GRID)
    to_pil(grid(faces)).save(folder / "faces.png")
    for seed, face in enumerate(faces[:SINGLE]):
        to_pil(face).save(folder / f"face-{seed:02d}.png")
    missing = []
    for name in ("timelapse.webp", "timelapse.mp4", "curves.png"):
        if (run.path / name).is_file():
            shutil.copyfile(run.path / name, folder / name)
        else:
            missing.append(Missing(f"images/{name}", "the training has not written it (yet)"))
    return missing


def _write_weights(players: Sequence[Network], folder: Path) -> list[Missing]:
    """Both networks, and the generator as ONNX if the libraries for it are there."""
    for network in players:
        Safetensors().write(network, folder / f"{network.player}.safetensors")
    try:
        Onnx().write(players[0], folder / "generator.onnx")
    except KaoganError as error:
        return [Missing("weights/generator.onnx", str(error))]
    return []


def _write_report(report: Report, folder: Path, *, pdf: bool, live: bool) -> list[Missing]:
    """The report, and printed; on paper there is nothing alive."""
    missing = report.write(folder / "report.html", live=live)
    if not pdf:
        return [*missing, Missing("report.pdf", "that was asked for")]
    try:
        find_browser()
    except KaoganError:
        why = "there was no Chromium or Chrome to print it; any browser prints report.html"
        return [*missing, Missing("report.pdf", why)]
    with tempfile.TemporaryDirectory(prefix="kaogan-bundle-") as aside:
        plain = Path(aside) / "report.html"
        report.write(plain, live=False)
        write_pdf(plain, folder / "report.pdf")
    return missing


def _write_programs(facts: Facts, generator: Network, folder: Path) -> list[Missing]:
    """Both programs, and what it takes to run them; the second as far as there is one."""
    assert generator.origin is not None  # it comes from a run
    recipe, images = generator.origin.recipe, generator.origin.images_seen or 1
    # Which build of a package it was ("2.13.0+cpu") is no matter for another machine.
    known = {**versions(), **facts.versions}
    pins = {name: known[name].split("+")[0] for name in PACKAGES}
    texts = {each.path.name: each.content.decode() for each in plugins.used_by(recipe.parts)}
    missing = []
    for name, program in (("train.py", train_script), ("train_standalone.py", standalone)):
        try:
            texts[name] = program(recipe, images)
        except KaoganError as error:
            missing.append(Missing(name, str(error)))
    if "train_standalone.py" in texts:
        texts["Makefile"] = rendered("Makefile.j2")
        texts["requirements.txt"] = rendered("requirements.txt.j2", versions=pins)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return missing


def _instructions(
    facts: Facts,
    generator: Network,
    folder: Path,
    missing: Sequence[Missing],
    heading: Heading,
) -> str:
    """README.md."""
    assert generator.origin is not None
    files = [*_names(folder), "README.md", "SHA256SUMS"]
    there = {name if "/" not in name else f"{name.split('/')[0]}/" for name in files}
    own = [plugin.path.name for plugin in plugins.used_by(generator.origin.recipe.parts)]
    values: Mapping[str, Any] = {
        "title": heading.title or f"{facts.name}: a GAN that draws new pictures",
        "author": heading.author,
        "course": heading.course,
        "size": generator.size,
        "channels": generator.channels,
        "pictures": facts.data.count,
        "data": facts.data.name,
        "images": generator.origin.images_seen,
        "kaogan": facts.kaogan,
        "preparing": preparing(facts),
        "files": files,
        "plugins": own,
        "table": [(name, MEANINGS[name]) for name in MEANINGS if name in there]
        + [(name, "code of this training's own, which `train.py` loads") for name in own],
        "missing": missing,
        "took": _duration(facts),
    }
    return rendered("README.md.j2", **values)


def _duration(facts: Facts) -> str | None:
    """How long kaogan trained, on what: "12 minutes on cpu in bf16"."""
    training = facts.training
    if training.seconds is None or len(training.hardware) != 1:
        return None
    ((device, precision),) = training.hardware
    return f"{duration(training.seconds)} on {device} in {precision}"


def _names(folder: Path) -> list[str]:
    """What lies in a folder, at any depth, sorted."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return sorted(file.relative_to(folder).as_posix() for file in files)


def _write_checksums(folder: Path) -> None:
    """SHA256SUMS, in the form that `sha256sum -c` reads."""
    sums = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in _names(folder)
    ]
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8", newline="\n")


def _write_zip(folder: Path, out: Path) -> tuple[str, ...]:
    """The folder's files as a ZIP that is a function of their names and contents."""
    names = _names(folder)
    with atomic_file(out) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name in names:
            entry = zipfile.ZipInfo(name, NOT_LATER)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # as on any Unix
            archive.writestr(entry, (folder / name).read_bytes(), compresslevel=6)
    return tuple(names)
