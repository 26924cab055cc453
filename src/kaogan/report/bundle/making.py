"""The ZIP to hand in: a RUN with programs, instructions, report, pictures and weights.

Everything is in one folder, which has the name of the ZIP. The same RUN gives the same bytes: names
are sorted, times are fixed, and no path of this machine is in it.
"""

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kaogan import plugins
from kaogan.errors import KaoganError, UsageError
from kaogan.export import Network, Onnx, Safetensors
from kaogan.export.describe import PLAYERS
from kaogan.files import atomic_file
from kaogan.generators import open_network
from kaogan.images import grid, to_pil
from kaogan.machine import PACKAGES, versions
from kaogan.report.bundle.standalone import standalone
from kaogan.report.facts import Facts, Missing
from kaogan.report.make import make_report
from kaogan.report.pdf import find_browser
from kaogan.report.render import render
from kaogan.report.report import Report
from kaogan.report.reproduce import call_of, plugin_files, preparing
from kaogan.report.writing import Heading
from kaogan.training.recipe import Recipe
from kaogan.training.run import Run
from kaogan.training.sampling import Sampler

GRID = 64
"""New faces in one picture, of the seeds 0, 1, ...; `make sample` draws the same."""
SINGLE = 8
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The time of every file: the earliest that a ZIP can hold."""


@dataclass(frozen=True)
class Bundle:
    """A ZIP that was written: the file, the sorted names in it, and what it lacks."""

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
    text: Path | None = None,
    mark: bool = True,
) -> Bundle:
    """Write the ZIP of a run, completely or not at all.

    Args:
        run: the training.
        out: the ZIP; an existing one is replaced.
        heading: title, author, course and date.
        pdf: also print the report, if there is a Chromium.
        live: with the generator in the report's page, where that is possible.
        data_pictures: show training pictures in the report.
        data: where the data set is now, if it was moved.
        text: the author's own words, for the report.
        mark: mark the places in the report that wait for the author's words.

    Raises:
        UsageError: the run draws points, or there is another data set in `data`.
        KaoganError: there is no run, or no checkpoint that can be read.

    """
    if len(run.recipe.model.sample_shape) != 3:
        raise UsageError("this run draws points, not pictures; a hand-in is made of pictures' runs")
    heading = heading or Heading()
    generator, discriminator = (open_network(run.path, player) for player in PLAYERS)
    report = make_report(run, heading, data=data, data_pictures=data_pictures, text=text, mark=mark)
    with tempfile.TemporaryDirectory(prefix="kaogan-bundle-") as scratch:
        folder = Path(scratch) / out.stem
        missing = [
            *_write_pictures(run, generator, folder / "images"),
            *_write_weights(generator, discriminator, folder / "weights"),
            *_write_report(report, folder, pdf=pdf, live=live),
            *_write_programs(report.facts, generator, folder),
        ]
        _write_instructions(report.facts, generator, folder, missing, heading)
        _write_checksums(folder)
        names = _write_zip(folder, out)
    return Bundle(out, names, tuple(missing))


def train_script(recipe: Recipe, images: int) -> str:
    """The text of `train.py`: a recipe as a call of the nearest function in `kaogan.recipes`.

    Args:
        recipe: of a model for pictures; its plugins are stored beside the program.
        images: length of a training unless its user says otherwise.

    Raises:
        KaoganError: no function in `kaogan.recipes` makes this recipe.

    """
    name, options = call_of(recipe)
    shown = {option: _python(value) for option, value in options.items()}
    return render(
        "train.py.j2", recipe=name, options=shown, images=images, plugins=plugin_files(recipe)
    )


def _python(value: object) -> str:
    """A value in Python, with double quotes."""
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
        try:
            shutil.copyfile(run.path / name, folder / name)
        except FileNotFoundError:
            missing.append(Missing(f"images/{name}", "the training has not written it (yet)"))
    return missing


def _write_weights(generator: Network, discriminator: Network, folder: Path) -> list[Missing]:
    """Both networks, and the generator as ONNX if the libraries for it are installed."""
    for network in (generator, discriminator):
        Safetensors().write(network, folder / f"{network.player}.safetensors")
    try:
        Onnx().write(generator, folder / "generator.onnx")
    except KaoganError as error:
        return [Missing("weights/generator.onnx", str(error))]
    return []


def _write_report(report: Report, folder: Path, *, pdf: bool, live: bool) -> list[Missing]:
    """The report, and the report without the live generator as PDF."""
    missing = report.write(folder / "report.html", live=live)
    if not pdf:
        return [*missing, Missing("report.pdf", "that was asked for")]
    try:
        find_browser()
    except KaoganError:
        why = "there was no Chromium or Chrome to print it; any browser prints report.html"
        return [*missing, Missing("report.pdf", why)]
    report.write_pdf(folder / "report.pdf")
    return missing


def _write_programs(facts: Facts, generator: Network, folder: Path) -> list[Missing]:
    """Both programs and what they need. A recipe may have no standalone program."""
    assert generator.origin is not None  # it comes from a run
    recipe, images = generator.origin.recipe, generator.origin.images_seen or 1
    # The build of a package ("2.13.0+cpu") depends on the machine, so it is left out.
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
        texts["Makefile"] = render("Makefile.j2")
        texts["requirements.txt"] = render("requirements.txt.j2", versions=pins)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return missing


def _write_instructions(
    facts: Facts, generator: Network, folder: Path, missing: Sequence[Missing], heading: Heading
) -> None:
    """README.md."""
    assert generator.origin is not None
    text = render(
        "README.md.j2",
        heading=heading,
        facts=facts,
        generator=generator,
        preparing=preparing(facts),
        folder=folder.name,
        files=[*_names(folder), "README.md", "SHA256SUMS"],
        plugins=plugin_files(generator.origin.recipe),
        missing=missing,
    )
    (folder / "README.md").write_text(text, encoding="utf-8", newline="\n")


def _names(folder: Path) -> list[str]:
    """The files in a folder, at any depth, sorted."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return sorted(file.relative_to(folder).as_posix() for file in files)


def _write_checksums(folder: Path) -> None:
    """SHA256SUMS, which `sha256sum -c` reads."""
    sums = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in _names(folder)
    ]
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8", newline="\n")


def _write_zip(folder: Path, out: Path) -> tuple[str, ...]:
    """A ZIP of the folder. Its bytes depend only on the names and contents of its files."""
    names = tuple(f"{folder.name}/{name}" for name in _names(folder))
    with atomic_file(out) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name in names:
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # as on any Unix
            archive.writestr(entry, (folder.parent / name).read_bytes(), compresslevel=6)
    return names
