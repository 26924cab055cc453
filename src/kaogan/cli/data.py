"""`kaogan data`: prepare, extend, label, show, fetch and draw data sets."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kaogan.cli import arguments as args
from kaogan.errors import KaoganError, UsageError, typed

if TYPE_CHECKING:
    from kaogan.data.dataset import Dataset
    from kaogan.data.labelling import Labelling


SOURCE = "folder, archive, array or address; shards-{000..009}.tar are ten"
SIZE = "pixels, 32 to 512, a power of two"
LARGEST_TO_TRAIN = 256
"""The largest size of kaogan's networks; data sets may be larger."""


def add(commands: args.Commands) -> None:
    """Declare the commands."""
    group = commands.add_parser(
        "data",
        help="prepare, extend, label, show, fetch or draw a data set",
        description="Make and look at data sets.",
    )
    verbs = group.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_prepare(verbs)
    _add_add(verbs)
    _add_label(verbs)
    _add_show(verbs)
    _add_fetch(verbs)
    _add_avatars(verbs)


def _add_prepare(verbs: args.Commands) -> None:
    prepare = verbs.add_parser(
        "prepare",
        examples=(
            "kaogan data prepare pictures --out data/pictures-64",
            "kaogan data prepare faces.zip --size 128 --fit pad --out data/faces-128",
        ),
        run=_prepare,
        help="make a data set of pictures",
        description="Make a data set of folders, ZIP, TAR, Parquet, Arrow, .npy and .npz files. "
        "Broken, tiny, flat and duplicate pictures, and with --crop faces those without a face, "
        "are left out and listed in rejected.jsonl. If it was interrupted, the same command goes "
        "on.",
    )
    prepare.add_argument("sources", nargs="+", metavar="SOURCE", help=SOURCE)
    _add_shape(prepare)
    args.value(
        prepare,
        "--crop",
        "HOW",
        "centre",
        "what to keep of a picture: its centre; its faces, found by a detector (needs pip install "
        "'kaogan[faces]'); or a FILE of boxes, .csv or .jsonl, with name, left, top, width, height",
    )
    prepare.add_argument(
        "--margin",
        type=args.within(float, 0, 4),
        metavar="X",
        help="around a face or box, on each side, of its longer side (0.25 of faces, 0 of FILE)",
    )
    prepare.add_argument(
        "--fit",
        choices=("crop", "pad", "stretch"),
        default="crop",
        help="what to do with pictures that are not square (crop)",
    )
    args.value(prepare, "--background", "COLOUR", "white", "colour behind transparency")
    prepare.add_argument(
        "--min-size", type=int, metavar="N", help="reject smaller pictures (half of --size)"
    )
    args.flag(prepare, "--keep-duplicates", "keep equal and nearly equal pictures")
    prepare.add_argument(
        "--max-pixels", type=int, metavar="N", help="reject larger pictures (50,000,000)"
    )
    _add_labels(prepare)
    _add_output(prepare, scheduler=True)


def _add_add(verbs: args.Commands) -> None:
    add = verbs.add_parser(
        "add",
        examples=(
            "kaogan data add data/pictures-64 more-pictures",
            "kaogan data add data/pictures-64 new.zip newer.tar",
        ),
        run=_add,
        help="add pictures to a data set",
        description="Prepare pictures as those of a data set were, and add them to it. Pictures "
        "that are in it already are left out. What is held out stays held out.",
    )
    add.add_argument("dataset", metavar="DATASET", help="folder of a data set")
    add.add_argument("sources", nargs="+", metavar="SOURCE", help=SOURCE)
    add.add_argument(
        "--crop", dest="boxes", metavar="FILE", help="boxes of the new pictures, if it has boxes"
    )
    _add_workers(add, scheduler=True)


def _add_label(verbs: args.Commands) -> None:
    label = verbs.add_parser(
        "label",
        examples=(
            "kaogan data label data/pictures-64 --labels labels.csv",
            "kaogan data label data/pictures-64 --labels tags --from pictures --keep smile,hat",
        ),
        run=_label,
        help="give the pictures of a data set labels",
        description="Give the pictures of a data set labels: categories, yes or no, or numbers. "
        "Labels that it has are replaced.",
    )
    label.add_argument("dataset", metavar="DATASET", help="folder of a data set")
    _add_labels(label, required=True)
    args.shared(label, "--json", "--quiet")


def _add_labels(command: argparse.ArgumentParser, required: bool = False) -> None:
    command.add_argument(
        "--labels",
        action="append",
        metavar="SOURCE",
        help="labels: a table, FILE.csv, .jsonl or .parquet, with the pictures' names and a column "
        "for each attribute; folders (a class each); tags (a .txt for each picture); avatars; or "
        "measured. If two sources have an attribute, the later --labels counts",
        required=required,
    )
    command.add_argument(
        "--keep", metavar="NAME,...", help="attributes or tags to keep (all; the 40 usual tags)"
    )
    command.add_argument(
        "--from", dest="folder", metavar="FOLDER", help="of --labels tags: the pictures' folder"
    )


def _add_show(verbs: args.Commands) -> None:
    show = verbs.add_parser(
        "show",
        examples=(
            "kaogan data show data/pictures-64",
            "kaogan data show data/pictures-64 --sheet sheet.png --labels-sheet labels.png",
        ),
        run=_show,
        help="describe a data set",
        description="Print the numbers of pictures, their sizes and the reasons why pictures were "
        "left out, and the counts of labels; with --sheet, write a contact sheet.",
    )
    show.add_argument("dataset", metavar="DATASET", help="folder of a data set")
    show.add_argument("--sheet", metavar="FILE.png", help="write a contact sheet")
    show.add_argument(
        "--labels-sheet", metavar="FILE.png", help="write a sheet of examples of every label"
    )
    args.shared(show, "--force", "--json")


def _add_fetch(verbs: args.Commands) -> None:
    fetch = verbs.add_parser(
        "fetch",
        examples=(
            "kaogan data fetch anime-faces --out data/faces-64",
            "kaogan data fetch anime-faces --size 32 --out data/faces-32",
        ),
        run=_fetch,
        help="download and prepare a known data set",
        description="Download a known data set from Kaggle and prepare it. Needs "
        "pip install 'kaogan[kaggle]'; without network it says what to download by hand.",
    )
    fetch.add_argument("name", metavar="NAME", help="anime-faces")
    _add_shape(fetch)
    _add_output(fetch)


def _add_avatars(verbs: args.Commands) -> None:
    avatars = verbs.add_parser(
        "avatars",
        examples=(
            "kaogan data avatars --out data/avatars-64",
            "kaogan data avatars --count 500 --size 32 --seed 1 --out data/few",
        ),
        run=_avatars,
        help="draw anime avatars with known attributes",
        description="Draw anime avatars: a data set without download or licence. The attributes "
        "of each avatar are written to attributes.jsonl, and become labels.",
    )
    args.value(avatars, "--count", "N", 8192, "avatars to draw")
    args.value(avatars, "--size", "N", 64, SIZE)
    args.value(avatars, "--seed", "N", 0, "seed; the same seed gives the same pixels")
    _add_output(avatars)


def _add_shape(command: argparse.ArgumentParser) -> None:
    args.value(command, "--size", "N", 64, SIZE)
    args.value(command, "--channels", "N", 3, "1 for grey, 3 for colour")


def _add_output(command: argparse.ArgumentParser, scheduler: bool = False) -> None:
    command.add_argument("--out", required=True, metavar="DATASET", help="folder to make")
    _add_workers(command, scheduler)


def _add_workers(command: argparse.ArgumentParser, scheduler: bool = False) -> None:
    command.add_argument("--workers", type=int, metavar="N", help="processes (one per core)")
    if scheduler:
        command.add_argument(
            "--scheduler",
            metavar="ADDRESS",
            help="decode on a Dask cluster, tcp://HOST:8786 (needs pip install 'kaogan[cluster]')",
        )
    args.shared(command, "--json", "--quiet")


def _prepare(options: argparse.Namespace) -> None:
    from kaogan.data.prepare import prepare

    names = ("crop", "margin", "fit", "background", "min_size", "keep_duplicates", "max_pixels")
    asked = args.given(options, *names, "size", "channels", "workers", "scheduler")
    labelling = _labelling(options) if options.labels else None  # before the long work
    if labelling is None and (options.keep or options.folder):
        raise UsageError("--keep and --from are about --labels; give --labels SOURCE, too")
    dataset = prepare(options.sources, options.out, **asked)
    if labelling is not None:
        try:
            dataset = labelling.apply(dataset.path)
        except KaoganError:
            command = labelling.origin.command(dataset.path)
            print(f"note: only the labels are missing; give them with: {command}", file=sys.stderr)
            raise
    _made(dataset, options)


def _label(options: argparse.Namespace) -> None:
    dataset = _labelling(options).apply(options.dataset)
    sheet = f"Look at them: kaogan data show {typed(dataset.path)} --labels-sheet labels.png"
    _tell(dataset, options, sheet)


def _labelling(options: argparse.Namespace) -> "Labelling":
    from kaogan.data.labelling import Labelling

    measure = None
    if "measured" in options.labels:
        from kaogan.latent.measured import measured_labels

        measure = measured_labels
    keep = [name for name in (options.keep or "").split(",") if name.strip()]
    return Labelling.of(options.labels, keep=keep, folder=options.folder, measure=measure)


def _add(options: argparse.Namespace) -> None:
    from kaogan.data.dataset import open_dataset
    from kaogan.data.prepare import add_pictures

    before = open_dataset(options.dataset)
    asked = args.given(options, "boxes", "workers", "scheduler")
    dataset = add_pictures(options.dataset, options.sources, **asked)
    train = len(dataset.train) - len(before.train)
    held_out = len(dataset.held_out) - len(before.held_out)
    _made(dataset, options, f"Added: {train:,} training and {held_out:,} held-out pictures")


def _fetch(options: argparse.Namespace) -> None:
    from kaogan.data.fetch import fetch

    asked = args.given(options, "size", "channels", "workers")
    _made(fetch(options.name, options.out, **asked), options)


def _avatars(options: argparse.Namespace) -> None:
    from kaogan.data.avatars import draw_avatars

    asked = args.given(options, "count", "size", "seed", "workers")
    _made(draw_avatars(options.out, **asked, progress=True), options)


def _show(options: argparse.Namespace) -> None:
    from kaogan.data.dataset import open_dataset
    from kaogan.data.show import save_contact_sheet

    dataset = open_dataset(options.dataset)
    if options.sheet:
        save_contact_sheet(dataset, args.new_file(Path(options.sheet), options.force))
    if options.labels_sheet:
        from kaogan.data.label_show import save_labels_sheet

        if not dataset.attributes:
            raise UsageError(
                f"{options.dataset} has no labels; give it some: "
                f"kaogan data label {typed(options.dataset)} --labels SOURCE"
            )
        save_labels_sheet(dataset, args.new_file(Path(options.labels_sheet), options.force))
    _tell(dataset, options)


def _made(dataset: "Dataset", options: argparse.Namespace, *news: str) -> None:
    advice = [*news, f"Look at it: kaogan data show {typed(dataset.path)} --sheet sheet.png"]
    if dataset.size <= LARGEST_TO_TRAIN:
        advice.append(f"Train on it: kaogan train {typed(dataset.path)}")
    _tell(dataset, options, *advice, labels=False)


def _tell(
    dataset: "Dataset", options: argparse.Namespace, *advice: str, labels: bool = True
) -> None:
    from kaogan.data.show import describe, summarize

    summary = summarize(dataset)
    args.tell(options, summary, *describe(summary, labels), *advice)
