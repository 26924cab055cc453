"""`kaogan data`: prepare, show, fetch and draw data sets."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from kaogan.errors import typed

if TYPE_CHECKING:
    from kaogan.data.dataset import Dataset


LARGEST_TO_TRAIN = 256
"""Data sets may be larger than the networks that kaogan has."""


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the four commands."""
    group = commands.add_parser(
        "data",
        help="prepare, show, fetch or draw a data set",
        description="Make and look at data sets.",
        allow_abbrev=False,
    )
    verbs = group.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_prepare(verbs)
    _add_show(verbs)
    _add_fetch(verbs)
    _add_avatars(verbs)


def _add_prepare(verbs: "argparse._SubParsersAction[Any]") -> None:
    prepare = verbs.add_parser(
        "prepare",
        help="make a data set of pictures",
        description="Make a data set of folders, ZIP, TAR, Parquet, .npy and .npz files. Broken, "
        "tiny and flat pictures are listed in rejected.jsonl, duplicates too.",
        allow_abbrev=False,
    )
    prepare.add_argument("sources", nargs="+", metavar="SOURCE", help="folder, archive or array")
    _add_shape(prepare)
    prepare.add_argument(
        "--fit",
        choices=("crop", "pad", "stretch"),
        default="crop",
        help="what to do with pictures that are not square (crop)",
    )
    prepare.add_argument("--background", default="white", help="colour behind transparency (white)")
    prepare.add_argument(
        "--min-size", type=int, metavar="N", help="reject smaller pictures (half of --size)"
    )
    prepare.add_argument(
        "--keep-duplicates", action="store_true", help="keep equal and nearly equal pictures"
    )
    prepare.add_argument(
        "--max-pixels", type=int, metavar="N", help="reject larger pictures (50,000,000)"
    )
    _add_output(prepare)
    prepare.set_defaults(run=_prepare)


def _add_show(verbs: "argparse._SubParsersAction[Any]") -> None:
    show = verbs.add_parser(
        "show",
        help="say what a data set holds",
        description="Counts, sizes, rejects by reason, and a contact sheet.",
        allow_abbrev=False,
    )
    show.add_argument("dataset", metavar="DATASET", help="folder of a data set")
    show.add_argument("--sheet", metavar="FILE.png", help="write a contact sheet")
    show.add_argument("--json", action="store_true", help="print as JSON")
    show.set_defaults(run=_show)


def _add_fetch(verbs: "argparse._SubParsersAction[Any]") -> None:
    fetch = verbs.add_parser(
        "fetch",
        help="download and prepare a known data set",
        description="Download a known data set from Kaggle and prepare it. Needs "
        "pip install 'kaogan[kaggle]'; without network it says what to download by hand.",
        allow_abbrev=False,
    )
    fetch.add_argument("name", metavar="NAME", help="anime-faces")
    _add_shape(fetch)
    _add_output(fetch)
    fetch.set_defaults(run=_fetch)


def _add_avatars(verbs: "argparse._SubParsersAction[Any]") -> None:
    avatars = verbs.add_parser(
        "avatars",
        help="draw anime avatars with known attributes",
        description="Draw anime avatars: data without download or licence. What each shows is "
        "written to attributes.jsonl.",
        allow_abbrev=False,
    )
    avatars.add_argument("--count", type=int, default=8192, help="avatars to draw (8192)")
    avatars.add_argument("--size", type=int, default=64, help="32 to 512, a power of two (64)")
    avatars.add_argument("--seed", type=int, default=0, help="same seed, same pixels (0)")
    _add_output(avatars)
    avatars.set_defaults(run=_avatars)


def _add_shape(command: argparse.ArgumentParser) -> None:
    command.add_argument("--size", type=int, default=64, help="32 to 512, a power of two (64)")
    command.add_argument("--channels", type=int, default=3, help="1 for grey, 3 for colour (3)")


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", required=True, metavar="DATASET", help="folder to make")
    command.add_argument("--workers", type=int, metavar="N", help="processes (one per core)")
    command.add_argument("--json", action="store_true", help="print the result as JSON")


def _prepare(options: argparse.Namespace) -> None:
    from kaogan.data.decode import DEFAULT_MAX_PIXELS
    from kaogan.data.prepare import prepare

    dataset = prepare(
        options.sources,
        options.out,
        size=options.size,
        channels=options.channels,
        fit=options.fit,
        background=options.background,
        min_size=options.min_size,
        keep_duplicates=options.keep_duplicates,
        max_pixels=DEFAULT_MAX_PIXELS if options.max_pixels is None else options.max_pixels,
        workers=options.workers,
    )
    _report(dataset, options.json)


def _fetch(options: argparse.Namespace) -> None:
    from kaogan.data.fetch import fetch

    dataset = fetch(
        options.name,
        options.out,
        size=options.size,
        channels=options.channels,
        workers=options.workers,
    )
    _report(dataset, options.json)


def _avatars(options: argparse.Namespace) -> None:
    from kaogan.data.avatars import draw_avatars

    dataset = draw_avatars(
        options.out,
        count=options.count,
        size=options.size,
        seed=options.seed,
        workers=options.workers,
        progress=True,
    )
    _report(dataset, options.json)


def _show(options: argparse.Namespace) -> None:
    from kaogan.data.dataset import open_dataset
    from kaogan.data.show import save_contact_sheet

    dataset = open_dataset(options.dataset)
    if options.sheet:
        save_contact_sheet(dataset, options.sheet)
    _print_summary(dataset, options.json)


def _report(dataset: "Dataset", as_json: bool) -> None:
    _print_summary(dataset, as_json)
    if not as_json:
        print(f"Look at it: kaogan data show {typed(dataset.path)} --sheet sheet.png")
        if dataset.size <= LARGEST_TO_TRAIN:
            print(f"Train on it: kaogan train {typed(dataset.path)}")


def _print_summary(dataset: "Dataset", as_json: bool) -> None:
    from kaogan.data.show import describe, summarize

    summary = summarize(dataset)
    print(json.dumps(summary) if as_json else "\n".join(describe(summary)))
