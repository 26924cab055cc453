"""`kaogan evaluate`: how good are the pictures of a run, or any others? By metrics or by people."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from kaogan.cli import arguments as args
from kaogan.errors import UsageError
from kaogan.page.server import Server, serve

if TYPE_CHECKING:
    from kaogan.data.dataset import Dataset
    from kaogan.images import Pixels
    from kaogan.metrics.clouds import PictureSource
    from kaogan.metrics.report import Split
    from kaogan.picture_sources import About
    from kaogan.report.panel import Panel


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "evaluate",
        examples=(
            "kaogan evaluate runs/pictures",
            "kaogan evaluate runs/pictures --panel --serve",
        ),
        run=run,
        help="measure how good generated pictures are",
        description="Compare pictures with real ones, and print beside each figure its floor: what "
        "a perfect generator would get. WHAT is a RUN, a checkpoint, an exported generator, one "
        "that comes with kaogan, a folder or archive of pictures, or a DATASET. Without --features "
        "nothing is downloaded, and no figure is an FID. With --panel people judge.",
    )
    command.add_argument("what", metavar="WHAT", help="what to evaluate")
    args.shared(command, "--data", help="the real pictures (the data set of the RUN)")
    command.add_argument(
        "--count", type=int, metavar="N", help="pictures of each side (up to 5000; with --panel 20)"
    )
    args.value(command, "--seed", "N", 0, "seed of everything random", args.within(int, 0))
    command.add_argument(
        "--split",
        choices=("train", "held-out"),
        help="compare with this split alone (both, side by side; with --panel held-out)",
    )
    features = "random, inception (for FID), dinov2, or FILE.pt, a TorchScript file"
    args.value(command, "--features", "NAME", "random", features)
    command.add_argument(
        "--features-weights",
        type=Path,
        metavar="PATH",
        help="file of weights (from a usual cache, or downloaded)",
    )
    args.shared(command, "--checkpoint", "--weights")
    args.shared(command, "--truncation", default=None)
    command.add_argument(
        "--out",
        metavar="FILE",
        help="picture of generated faces beside their nearest training faces (RUN/nearest.png); "
        "with --panel the page (RUN/panel.html, or panel.html)",
    )
    args.shared(command, "--device", "--json", "--quiet")
    args.flag(
        command,
        "--panel",
        "measure nothing: write a page on which people tell real pictures from generated ones",
    )
    args.flag(
        command,
        "--serve",
        "with --panel: serve the page to this machine instead, and keep every score",
    )
    args.shared(command, "--no-open", help="with --serve: do not open the browser")
    args.flag(
        command,
        "--obeys",
        "measure how often a generator that knows labels draws what is wished for",
    )


def run(options: argparse.Namespace) -> None:
    """Evaluate and print, or let people judge."""
    if options.obeys:
        _measure_obedience(options)
    elif options.panel:
        _ask_people(options)
    else:
        _measure(options)


def _measure(options: argparse.Namespace) -> None:
    from kaogan.generators import run_of
    from kaogan.metrics.evaluate import common_count, evaluate
    from kaogan.metrics.features import load_extractor
    from kaogan.metrics.report import SPLITS
    from kaogan.picture_sources import real_pictures
    from kaogan.training.precision import choose_device

    if options.serve or options.no_open:
        raise UsageError("--serve and --no-open belong to --panel")
    splits = (options.split,) if options.split else SPLITS
    run = run_of(options.what)
    picture = None if run is None else run.path / "nearest.png"
    if options.out is not None:
        picture = args.file_named(options.out, ".png")
    dataset = real_pictures(options.what, options.data)
    count, _ = common_count(dataset, splits, options.count, None)
    device = choose_device(options.device)
    extractor = load_extractor(options.features, device, options.features_weights)
    pictures, about = _pictures(options, dataset, count, options.seed)
    report = evaluate(
        pictures,
        about,
        dataset,
        extractor,
        splits,
        options.count,
        options.seed,
        picture,
    )
    args.tell(options, report.model_dump_json(), *report.lines())


def _measure_obedience(options: argparse.Namespace) -> None:
    """Print how often wishes are fulfilled, by a judge that learns from the data set's labels."""
    from kaogan.generators import open_generator
    from kaogan.metrics.obedience import IMAGES, answers, obedience, train_judge
    from kaogan.picture_sources import real_pictures
    from kaogan.progress import track
    from kaogan.training.tasks.images import codes_of

    source = open_generator(options.what, options.checkpoint, options.weights)
    if not source.attributes:
        raise UsageError(f"{options.what} knows no labels; train with --condition to wish for some")
    dataset = real_pictures(options.what, options.data)
    train, held_out = codes_of(dataset, source.attributes)
    with track(IMAGES, "training a judge of the labels", "pictures") as tracker:
        judge = train_judge(dataset.train, train, source.attributes, IMAGES, tracker=tracker)
    count = options.count or 100
    total = count * sum(len(answers(attribute)) for attribute in source.attributes)

    def draw(wishes: Mapping[str, str], count: int) -> "Pixels":
        return source.wishing(wishes).sample(count, options.seed)

    with track(total, "drawing what is wished for", "faces") as tracker:
        found = obedience(draw, judge, dataset.held_out, held_out, count, tracker)
    args.tell(options, found.about, *found.lines)


def _pictures(
    options: argparse.Namespace, dataset: "Dataset", count: int, first_seed: int
) -> tuple["PictureSource", "About"]:
    """The pictures of WHAT, drawn as the options say."""
    from kaogan.picture_sources import picture_source
    from kaogan.training.precision import choose_device

    how = args.given(options, "weights", "truncation", "checkpoint")
    device = choose_device(options.device)
    return picture_source(options.what, dataset, count, first_seed, device, **how)


def _ask_people(options: argparse.Namespace) -> None:
    """Write the page of a panel, or serve it and keep the scores."""
    from kaogan.files import atomic_file
    from kaogan.generators import run_of
    from kaogan.page.singlefile import single_file
    from kaogan.picture_sources import real_pictures
    from kaogan.report.panel import COUNT, NAME, first_seed, panel_of, read_scores

    if options.features != "random" or options.features_weights is not None:
        raise UsageError("--panel measures nothing; leave out --features")
    if options.out is not None and options.serve:
        raise UsageError("--serve writes no page; leave out --out")
    run, seed = run_of(options.what), options.seed
    home = Path() if run is None else run.path
    out = args.file_named(options.out or home / f"{NAME}.html", ".html", ".htm")
    place = home / f"{NAME}.jsonl"
    dataset = real_pictures(options.what, options.data)
    count = COUNT if options.count is None else options.count
    split: Split = options.split or "held-out"
    pictures, about = _pictures(options, dataset, count, first_seed(seed))
    panel = panel_of(pictures, about, dataset, split, count, seed)
    if any(score.seed == seed for score in read_scores(place)):
        print(
            f"note: {place} has a score of seed {seed}; who judged that sheet knows its answers, "
            "and needs another --seed",
            file=sys.stderr,
        )
    if options.serve:
        _serve(panel, place, options)
        return
    content = single_file(panel.files(place, served=False))
    with atomic_file(out) as partial:
        partial.write_bytes(content)
    result = {"file": str(out), "bytes": len(content), "scores": str(place)}
    size = f"{len(content) / 1e6:.1f} MB"
    args.tell(options, result, f"{out}, {size}: open it in a browser; --serve keeps the score")


def _serve(panel: "Panel", place: Path, options: argparse.Namespace) -> None:
    """Serve the page until Ctrl-C, and keep every score."""
    from kaogan.report.panel import add_score

    turn = Lock()  # two people may finish at once

    def take(content: bytes) -> None:
        score = panel.score(content)
        with turn:
            add_score(place, score)
            args.tell(options, score.model_dump_json(), f"{score}; kept in {place}")

    with Server(0, take) as serving:
        serving.files = panel.files(place, served=True)
        serve(serving, open_browser=not options.no_open)
