"""`kaogan evaluate`: how good are the pictures of a run, or any others?"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaogan.cli import panel

if TYPE_CHECKING:
    from kaogan.metrics.report import Split


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "evaluate",
        help="measure how good generated pictures are",
        description="Compare pictures with real ones, and say beside each figure what a perfect "
        "generator would get. WHAT is a RUN, a checkpoint, an exported generator, one that comes "
        "with kaogan, a folder or archive of pictures, or a DATASET. Without --features nothing is "
        "downloaded, and no figure is an FID. With --panel people judge.",
        allow_abbrev=False,
    )
    command.add_argument("what", metavar="WHAT", help="what to evaluate")
    command.add_argument(
        "--data",
        metavar="DATASET",
        help="the real pictures (what the RUN learned from)",
    )
    command.add_argument(
        "--count", type=int, metavar="N", help="pictures of each side (up to 5000; with --panel 20)"
    )
    command.add_argument("--seed", type=int, default=0, help="seed of all that is random (0)")
    command.add_argument(
        "--split",
        choices=("train", "held-out"),
        help="compare with this split alone (both, side by side; with --panel held-out)",
    )
    command.add_argument(
        "--features",
        default="random",
        metavar="NAME",
        help="random, inception (for FID), dinov2, or FILE.pt, a TorchScript (random)",
    )
    command.add_argument(
        "--features-weights",
        metavar="PATH",
        help="file of weights (a usual cache, else downloaded)",
    )
    command.add_argument(
        "--checkpoint",
        metavar="WHICH",
        help="of a RUN: best, newest or images seen (best, or newest if it was not evaluated)",
    )
    command.add_argument("--weights", choices=("ema", "raw"), help="of a generator (ema)")
    command.add_argument("--truncation", type=float, metavar="PSI", help="of a generator (1)")
    command.add_argument(
        "--out",
        metavar="FILE",
        help="generated faces beside their nearest training faces (RUN/nearest.png); with --panel "
        "the page (RUN/panel.html, or panel.html)",
    )
    command.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (auto)")
    command.add_argument("--json", action="store_true", help="print the report as JSON")
    panel.add_options(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Evaluate and print, or leave it to people."""
    if options.panel:
        panel.run(options)
        return
    from kaogan.errors import UsageError
    from kaogan.metrics.evaluate import common_count, evaluate
    from kaogan.metrics.features import load_extractor
    from kaogan.metrics.report import SPLITS
    from kaogan.subjects import Drawing, find_subject, real_pictures
    from kaogan.training.precision import choose_device

    if options.serve or options.no_open:
        raise UsageError("--serve and --no-open belong to --panel")
    splits: tuple[Split, ...] = (options.split,) if options.split else SPLITS
    picture = _picture(options)
    dataset = real_pictures(options.what, options.data)
    count, _ = common_count(dataset, splits, options.count, None)
    device = choose_device(options.device)
    weights = Path(options.features_weights) if options.features_weights else None
    extractor = load_extractor(options.features, device, weights)
    drawing = Drawing(options.seed, options.weights, options.truncation, options.checkpoint, device)
    subject = find_subject(options.what, dataset, count, drawing)
    report = evaluate(
        subject.pictures,
        subject.about,
        dataset,
        extractor,
        splits,
        options.count,
        options.seed,
        picture,
    )
    print(report.model_dump_json() if options.json else "\n".join(report.lines()))


def _picture(options: argparse.Namespace) -> Path | None:
    """Where the picture goes: as told, else beside the RUN, else nowhere."""
    from kaogan.errors import UsageError
    from kaogan.generators import run_of

    if options.out is not None:
        if Path(options.out).suffix.lower() != ".png":
            raise UsageError(f"cannot write {options.out}: give --out FILE.png")
        return Path(options.out)
    run = run_of(options.what)
    return None if run is None else run.path / "nearest.png"
