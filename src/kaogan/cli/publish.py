"""`kaogan publish`: a generator for the Hugging Face hub."""

import argparse
import tempfile
from pathlib import Path

from kaogan.cli import arguments as args
from kaogan.errors import UsageError, typed


def add(commands: args.Commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "publish",
        examples=(
            "kaogan publish runs/pictures --repo USER/NAME --dry-run build/publish",
            "kaogan publish runs/pictures --repo USER/NAME --licence cc-by-4.0",
        ),
        run=run,
        help="publish a generator on the Hugging Face hub",
        description="Publish a generator: a repository with the weights (safetensors, ONNX), the "
        "model card and pictures, and a static space with the page. No training picture is among "
        "them. Needs pip install 'kaogan[hub,onnx]' and an account: run hf auth login first. "
        "Others draw with: kaogan sample hf:USER/NAME.",
    )
    args.shared(command, *args.GENERATOR)
    command.add_argument(
        "--repo", required=True, metavar="USER/NAME", help="repository, made if there is none"
    )
    command.add_argument(
        "--licence",
        metavar="NAME",
        help="of the weights, as the hub names it: mit, cc-by-4.0, ... (none is chosen)",
    )
    command.add_argument(
        "--data-statement",
        metavar="TEXT",
        help="where the training pictures come from and what their owners allow, for the card "
        "(what the RUN knows)",
    )
    args.flag(command, "--no-page", "publish no page")
    args.flag(command, "--private", "make repositories that only you see")
    command.add_argument(
        "--dry-run", type=Path, metavar="OUT", help="write a folder and publish nothing"
    )
    args.shared(command, "--title", "--json", "--quiet")


def run(options: argparse.Namespace) -> None:
    """Write the folder, and upload it unless --dry-run."""
    from kaogan import hub
    from kaogan.data.writing import refuse_existing
    from kaogan.export.card import NAME as CARD
    from kaogan.files import atomic_folder
    from kaogan.publish import MODEL, SPACE, Publication

    publication = Publication(
        options.repo,
        options.licence,
        options.data_statement,
        options.title,
        page=not options.no_page,
    )
    if options.dry_run is None:
        hub.check_account()  # before the work
    elif options.private:
        raise UsageError("--private is for publishing; leave it out with --dry-run")
    else:
        refuse_existing(options.dry_run)
    generator = args.generator_of(options)
    kinds: list[tuple[str, hub.Kind]] = [(MODEL, "model"), (SPACE, "space")]
    kinds = kinds if publication.page else kinds[:1]
    if options.dry_run is not None:
        with atomic_folder(options.dry_run) as folder:
            publication.write(generator, folder)
        made = {kind: str(options.dry_run / name) for name, kind in kinds}
        advice = f"Read {typed(options.dry_run / MODEL / CARD)}, then publish without --dry-run"
    else:
        with tempfile.TemporaryDirectory(prefix="kaogan-publish-") as scratch:
            publication.write(generator, Path(scratch))
            made = {
                kind: hub.upload(Path(scratch) / name, options.repo, kind, options.private)
                for name, kind in kinds
            }
        advice = f"Draw with it: kaogan sample {hub.PREFIX}{options.repo}"
    lines = [f"{kind}: {place}" for kind, place in made.items()]
    if options.licence is None:
        lines.append("note: no licence was chosen; --licence names one")
    args.tell(options, made, *lines, advice)
