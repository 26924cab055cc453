"""Damaged DATASETs, RUNs and exported files, and nonsense in every value of their JSON."""

import contextlib
import hashlib
import io
import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from damage import GONE, NONSENSE, put
from safetensors.torch import load_file, save_file

from attack import WAYS, Case, Rng, command
from kaogan import recipes
from kaogan.data.dataset import Dataset
from kaogan.data.labelling import label
from kaogan.data.writing import Picture, write_dataset
from kaogan.latent.directions import Direction, Directions, SkippedDirection
from kaogan.latent.fingerprint import fingerprint
from kaogan.training.recipe import Budget, Hardware, Watch
from kaogan.training.run import Run
from kaogan.training.tasks.images import train

IMAGES = 1000
TABLE = "table.jsonl"
WIDEST = {"size": 256, "width": 512, "latent_dim": 4096}
"""A network of gigabytes."""


def write_noise(folder: Path, count: int) -> Dataset:
    """A DATASET of noise."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
    rows = (
        Picture(picture, {"source": f"{number}.png", "original_size": [40, 50]})
        for number, picture in enumerate(pixels)
    )
    about = {"sources": ["pictures"], "filter": "none", "fit": "crop", "min_size": 16}
    return write_dataset(folder, rows, size=32, channels=3, about=about)


def material(folder: Path) -> None:
    """A small DATASET `data`, a RUN `run` with everything in it, and exported files."""
    dataset = write_noise(folder / "data", 1100)
    recipe = recipes.dcgan(size=32, width=4, latent_dim=8, batch=100)
    hardware, watch = (
        Hardware(device="cpu", precision="fp32", tune=False),
        Watch(evaluate_every=800),
    )
    with contextlib.redirect_stderr(io.StringIO()):
        for images in (400, IMAGES):  # two checkpoints
            train(recipe, dataset, folder / "run", Budget(images=images), hardware, watch)
    for words in (
        ("export", "run", "--format", "safetensors", "--out", "net.safetensors"),
        ("export", "run", "--format", "keras", "--out", "net.keras"),
    ):
        command(*(folder / word if "." in word or word == "run" else word for word in words))()
    found = Run(folder / "run").sampler().generator
    vector = torch.nn.functional.normalize(torch.ones(8), dim=0)
    along = Direction("lightness", "named", vector, "dark", "light", 0.5, 0.5, {"lightness": 0.5})
    left_out = SkippedDirection("side-light", "the faces do not differ in it")
    Directions((along,), (left_out,), fingerprint(found), False).write(
        folder / "run" / "directions.json"
    )
    (folder / "recipe.json").write_text(json.dumps(recipe.model_dump(mode="json")))
    box = {"name": "a.png", "left": 1, "top": 1, "width": 20, "height": 20}
    (folder / "boxes.jsonl").write_text(json.dumps(box) + "\n")


def commands(here: Path) -> dict[str, tuple[object, ...]]:
    """What is done with a RUN that may be damaged, cheapest first."""
    run, out = here / "run", here / "out"
    return {
        "list": ("list", here),
        "sample": ("sample", run, "--count", 2, "--out", out / "s.png"),
        "export": ("export", run, "--format", "safetensors", "--out", out / "e.safetensors"),
        "walk": ("walk", run, "--axes", "lightness", "--frames", 3, "--out", out / "w.png"),
        "train": ("train", here / "data", "--out", run, "--size", 32, "--width", 4,
                  "--recipe", "dcgan", "--latent-dim", 8, "--batch", 100, "--images", IMAGES,
                  "--device", "cpu", "--precision", "fp32", "--no-tune", "--quiet"),
        "watch": ("watch", run),
        "report": ("report", run, "--no-live", "--no-evaluate", "--out", out / "r.html"),
        "evaluate": ("evaluate", run, "--data", here / "data", "--count", 60, "--json"),
        "publish": ("publish", run, "--repo", "USER/NAME", "--no-page", "--dry-run", out / "p"),
        "bundle": ("bundle", run, "--out", out / "b.zip"),
    }  # fmt: skip


CHEAP = ("list", "sample", "export", "train", "watch")
DEAR = ("report", "evaluate", "bundle", "publish", "walk")


def act(here: Path, name: str) -> None:
    """Do it with the RUN of this place."""
    (here / "out").mkdir(exist_ok=True)
    if name == "watch":  # the page, without a server
        from kaogan.report.watch import Watched

        page = Watched(Run(here / "run"))
        for file in [*page]:
            page.get(file)
        return
    command(*commands(here)[name])()


def copied(source: Path, folder: Path, number: int) -> Path:
    here = folder / f"case-{number}"
    shutil.copytree(source, here)
    return here


def tidy(here: Path, case: Case) -> Iterator[Case]:
    yield case
    shutil.rmtree(here, ignore_errors=True)


def runs(folder: Path, rng: Rng, count: int) -> Iterator[Case]:
    """Every file of a RUN damaged in every way, then commands."""
    source = folder / "source"
    source.mkdir()
    material(source)
    files = [path.relative_to(source) for path in (source / "run").rglob("*") if path.is_file()]
    grids = [file for file in files if file.parent.name == "samples"]
    files = sorted(set(files) - set(grids)) + sorted(grids)[-2:]
    every = [(file, way) for file in files for way in WAYS]
    for number in range(count):
        file, way = every[int(rng.integers(len(every)))]
        choice = DEAR if number % 20 == 0 else CHEAP
        name = str(rng.choice(choice))
        here = copied(source, folder, number)
        target = here / file
        target.write_bytes(WAYS[way](target.read_bytes(), rng))
        case = Case(f"{file}: {way}, then {name}", lambda here=here, name=name: act(here, name))
        yield from tidy(here, case)


def datasets(folder: Path, rng: Rng, count: int) -> Iterator[Case]:
    """Every file of a DATASET with labels, and their table, damaged, or a value of its JSON
    replaced; then it is shown, or given the labels of the table.
    """
    source = folder / "source"
    source.mkdir()
    write_noise(source / "data", 40)
    rows = [{"file": f"{n}.png", "hair": "abc"[n % 3], "long": n % 2 == 0} for n in range(40)]
    (source / TABLE).write_text("\n".join(map(json.dumps, rows)))
    with contextlib.redirect_stderr(io.StringIO()):
        label(source / "data", [source / TABLE])
    names = [*sorted(path.name for path in (source / "data").iterdir()), TABLE]
    for number in range(count):
        here = copied(source, folder, number)
        name = str(rng.choice(names))
        target = here / TABLE if name == TABLE else here / "data" / name
        if name.endswith(".npy") or number % 2:
            way = str(rng.choice(list(WAYS)))
            target.write_bytes(WAYS[way](target.read_bytes(), rng))
        else:
            lines = target.read_text().splitlines() if name.endswith("l") else [target.read_text()]
            if not lines:
                continue
            place = int(rng.integers(len(lines)))
            lines[place], way = replaced(lines[place], rng)
            target.write_text("\n".join(lines) + "\n")
        words: tuple[object, ...] = ("data", "show", here / "data", "--sheet", here / "sheet.png",
                                     "--labels-sheet", here / "labels.png")  # fmt: skip
        if name == TABLE:
            words = ("data", "label", here / "data", "--labels", target)
        yield from tidy(here, Case(f"{name}: {way}", command(*words)))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a JSON value has parts."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*path, 0))


def replaced(text: str, rng: Rng) -> tuple[str, str]:
    """JSON with one part replaced or taken away, and what was done."""
    value = json.loads(text)
    every = list(places(value))
    path = every[int(rng.integers(len(every)))]
    wide = str(path[-1]) if path else ""
    new = ([*NONSENSE, GONE])[int(rng.integers(len(NONSENSE) + 1))]
    if wide in WIDEST and rng.integers(2):
        new = WIDEST[wide]
    return json.dumps(put(value, path, new)), f"{'.'.join(map(str, path))} = {str(new)[:20]}"


def sealed(checkpoint: Path, text: str) -> None:
    """Write a state.json whose seal is right whatever it says."""
    about = json.loads(text)
    if isinstance(about, dict):
        about.pop("seal", None)
        about["sha256"] = hashlib.sha256(
            (checkpoint / "state.safetensors").read_bytes()
        ).hexdigest()
        about["seal"] = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    (checkpoint / "state.json").write_text(json.dumps(about))


def in_header(file: Path, key: str, rng: Rng) -> str:
    """Replace a part of the JSON in a .safetensors file's header."""
    content = file.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    top = json.loads(content[8 : 8 + length])
    top["__metadata__"][key], what = replaced(top["__metadata__"][key], rng)
    made = json.dumps(top).encode()
    file.write_bytes(struct.pack("<Q", len(made)) + made + content[8 + length :])
    return what


def nonsense(folder: Path, rng: Rng, count: int) -> Iterator[Case]:
    """A value of a RUN's JSON, of an exported file's or of a table's, replaced by nonsense."""
    source = folder / "source"
    source.mkdir()
    material(source)
    newest = sorted((source / "run" / "checkpoints").iterdir())[-1].name
    for best in (source / "run" / "best").iterdir():
        shutil.rmtree(best)
    for number in range(count):
        here = copied(source, folder, number)
        run, out = here / "run", here / "out"
        out.mkdir()
        checkpoint = run / "checkpoints" / newest
        kinds = ("run.json", "run.json", "state.json", "state.json", "rows", "floor.json",
                 "directions.json", "header", "keras", "recipe", "boxes", "tensors")  # fmt: skip
        kind = str(rng.choice(kinds))
        done = str(rng.choice(DEAR if number % 20 == 0 else CHEAP))
        if kind == "state.json" or kind == "tensors":
            for other in (run / "checkpoints").iterdir():
                if other != checkpoint:
                    shutil.rmtree(other)
        match kind:
            case "run.json" | "floor.json" | "directions.json":
                text, what = replaced((run / kind).read_text(), rng)
                (run / kind).write_text(text)
                if kind == "directions.json":
                    done = "walk"
            case "state.json":
                text, what = replaced((checkpoint / kind).read_text(), rng)
                sealed(checkpoint, text)
            case "tensors":
                what = bent(checkpoint, rng)
            case "rows":
                names = ("metrics.jsonl", "evaluation.jsonl", "events.jsonl")
                file = run / str(rng.choice(names))
                lines = file.read_text().splitlines()
                place = int(rng.integers(len(lines)))
                lines[place], what = replaced(lines[place], rng)
                file.write_text("\n".join(lines) + "\n")
                what = f"{file.name}: {what}"
            case "header":
                what = in_header(here / "net.safetensors", "network", rng)
            case "keras":
                what = in_archive(here / "net.keras", "config.json", rng)
            case "recipe" | "boxes":
                file = here / {"recipe": "recipe.json", "boxes": "boxes.jsonl"}[kind]
                text, what = replaced(file.read_text(), rng)
                file.write_text(text + "\n")
        words: tuple[object, ...] | None = {
            "header": ("sample", here / "net.safetensors", "--count", 2, "--out", out / "s.png"),
            "keras": ("sample", here / "net.keras", "--count", 2, "--out", out / "s.png"),
            "recipe": ("train", here / "data", "--config", here / "recipe.json", "--out",
                       here / "new", "--images", 100, "--device", "cpu", "--quiet"),
            "boxes": ("data", "prepare", run / "faces.png", "--crop", here / "boxes.jsonl",
                      "--size", 32, "--out", here / "new", "--quiet"),
        }.get(kind)  # fmt: skip
        if words is None:
            case = Case(
                f"{kind}: {what}, then {done}", lambda here=here, done=done: act(here, done)
            )
        else:
            case = Case(f"{kind}: {what}", command(*words))
        yield from tidy(here, case)


def in_archive(file: Path, name: str, rng: Rng) -> str:
    import zipfile

    with zipfile.ZipFile(file) as archive:
        entries = {entry: archive.read(entry) for entry in archive.namelist()}
    text, what = replaced(entries[name].decode(), rng)
    with zipfile.ZipFile(file, "w") as archive:
        for entry, content in (entries | {name: text.encode()}).items():
            archive.writestr(entry, content)
    return what


def bent(checkpoint: Path, rng: Rng) -> str:
    """Replace a checkpoint's tensors by others, with a right seal."""
    file = checkpoint / "state.safetensors"
    tensors = load_file(file)
    names = sorted(tensors)
    chosen = names[int(rng.integers(len(names)))]
    way = str(rng.choice(["gone", "shape", "nan", "whole numbers", "all gone", "extra", "half"]))
    match way:
        case "gone":
            del tensors[chosen]
        case "shape":
            tensors[chosen] = tensors[chosen][None].contiguous()
        case "nan":
            tensors = {name: one * float("nan") if one.is_floating_point() else one
                       for name, one in tensors.items()}  # fmt: skip
        case "whole numbers":
            tensors[chosen] = tensors[chosen].to(torch.int32)
        case "all gone":
            tensors = {"x": torch.zeros(1)}
        case "extra":
            tensors |= {"ema.evil": torch.zeros(3), "../../x": torch.zeros(1)}
        case "half":
            tensors = {name: one.half() if one.is_floating_point() else one
                       for name, one in tensors.items()}  # fmt: skip
    save_file(tensors, file)
    sealed(checkpoint, (checkpoint / "state.json").read_text())
    return f"{way} ({chosen})"
