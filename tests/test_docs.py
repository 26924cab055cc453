"""The documents say what is so: commands parse, options and files are those of the program, links
lead somewhere. What the README prints is run by test_readme.py.

    python tests/test_docs.py

writes the tables of options in docs/reference.md anew.
"""

import argparse
import ast
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch.distributed.run import get_args_parser

import kaogan
from kaogan.cli import main as kaogan_main
from kaogan.cli import parser
from kaogan.data.reasons import Reason
from kaogan.report.panel import Score

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "kaogan"
REFERENCE = ROOT / "docs" / "reference.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
DECISIONS = ROOT / "docs" / "decisions"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

SHELLS = ("sh", "powershell", "ipython")
LANGUAGES = (*SHELLS, "python", "text")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)

every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=[file.relative_to(ROOT).as_posix() for file in DOCUMENTS]
)


# Reading Markdown


def read(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def fences(text: str) -> list[tuple[str, str]]:
    """The fenced blocks: language and content."""
    return FENCE.findall(text)


def spans(text: str) -> list[str]:
    """What stands in backticks in the running text, in one line each."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", FENCE.sub("", text))]


def shell_lines(language: str, block: str) -> list[str]:
    """The command lines of a block, as one would type them in an active environment.

    In a notebook they begin with an exclamation mark, without an active environment with its path.
    """
    lines = [line for line in block.splitlines() if line.strip()]
    if language == "ipython":
        lines = [line.removeprefix("!") for line in lines if line.startswith("!")]
    return [re.sub(r"^\.venv(/bin/|\\Scripts\\)", "", line) for line in lines]


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one."""
    (found,) = re.findall(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text, re.M | re.S)
    return found


def first_column(table: str) -> set[str]:
    """What stands in backticks in the first cells of a table."""
    rows = re.findall(r"^\|([^|]*)\|", table, re.M)
    return {span for row in rows for span in re.findall(r"`([^`]+)`", row)}


def anchors(text: str) -> set[str]:
    """The places in a page that a link can name, by GitHub's rule."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# Reading the command line


def subcommands(command: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def leaves(command: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Every command that does something."""
    if command.get_default("run"):
        yield command
    for subcommand in subcommands(command).values():
        yield from leaves(subcommand)


def is_command_name(words: list[str]) -> bool:
    """Is this a command without arguments, such as "kaogan data prepare"?"""
    command = parser()
    for word in words[1:]:
        below = subcommands(command)
        if word not in below:
            return False
        command = below[word]
    return True


def parses(words: list[str]) -> bool:
    try:
        parser().parse_args(words[1:])
    except SystemExit as end:
        return end.code in (0, None)  # --help and --version
    return True


def option_table(command: argparse.ArgumentParser) -> str:
    """The options of a command in Markdown, in its own words."""
    rows = ["| Option | Meaning |", "|---|---|"]
    for action in command._actions:
        hidden = action.help == argparse.SUPPRESS
        if hidden or isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
            continue
        value = ""
        if action.nargs != 0:
            value = action.metavar or "|".join(action.choices or [action.dest.upper()])
        name = " ".join(filter(None, [", ".join(action.option_strings), value]))
        cells = [cell.replace("|", "\\|") for cell in (f"`{name}`", action.help or "")]
        rows.append(f"| {cells[0]} | {cells[1]} |")
    return "\n".join(rows) + "\n"


def with_option_tables(text: str) -> str:
    """The reference with the tables of all commands as they are now."""
    tables = "".join(
        f"### {command.prog}\n\n{' '.join((command.description or '').split())}\n\n"
        f"{option_table(command)}\n"
        for command in leaves(parser(complete=True))
    )
    mark = '<!-- The tables down to "Python" are written by: python tests/test_docs.py -->\n'
    before, rest = text.split(mark)
    return f"{before}{mark}\n{tables}{rest[rest.index('## Python') :]}"


# Commands


def check_line(line: str) -> str:
    """Why a command line in a document cannot be right; nothing if it can."""
    words = shlex.split(line, comments=True)
    while words and re.match(r"TORCH_\w+=", words[0]):
        words = words[1:]
    match words:
        case ["kaogan", *_]:
            command = words[: words.index(">")] if ">" in words else words
            return "" if parses(command) else "kaogan does not understand it"
        case ["make", target] | ["KAOGAN_LAB_QUICK=1", "make", target]:
            makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
            return "" if re.search(rf"^{target}:", makefile, re.M) else "no such target"
        case ["pip", "install", *given] | ["python", "-m", "pip", "install", *given]:
            return _check_install(given)
        case ["py", version, "-m", "venv", ".venv"]:
            lowest = PYPROJECT["project"]["requires-python"].removeprefix(">=")
            newer = [int(n) for n in version[1:].split(".")] >= [int(n) for n in lowest.split(".")]
            return "" if newer else "this Python is too old"
        case ["python", "-m", "pytest", *options]:
            return "" if options == ["-n", "auto", "-q"] else "make test says something else"
        case ["python", file, *options] if file.endswith(".py"):
            return _check_script(ROOT / file, options)
        case ["python", "-c", code]:
            ast.parse(code)
            return ""
        case ["git", "clone", "ADDRESS", "kaogan"] | ["cd", "kaogan"]:
            return ""
        case [".", ".venv/bin/activate"] | ["tensorboard", "--logdir", _] | ["hf", "auth", "login"]:
            return ""
        case ["torchrun", *given]:
            return check_torchrun(given)
        case ["dask", "scheduler"] | ["dask", "worker", _]:
            return ""
        case ["docker", "build", "--tag", _, *options, "."]:
            return "" if options in ([], ["--build-arg", "DEVICE=cuda"]) else "no such argument"
        case ["docker", "run", *options]:
            image = next(n for n, word in enumerate(options) if re.match(r"kaogan\b", word))
            return "" if parses(["kaogan", *options[image + 1 :]]) else "kaogan does not understand"
    return "this kind of command is not known to the test"


def check_torchrun(given: list[str]) -> str:
    """torchrun's own options, then a command of kaogan."""
    try:
        options = get_args_parser().parse_args(given)
    except SystemExit:
        return "torchrun does not understand it"
    if not options.module or options.training_script != "kaogan":
        return "it does not run -m kaogan"
    return "" if parses(["kaogan", *options.training_script_args]) else "kaogan does not understand"


def _check_script(script: Path, options: list[str]) -> str:
    """A script of ours that is there, and has these options."""
    if not script.exists():
        return "no such file"
    source = script.read_text(encoding="utf-8")
    unknown = [o for o in options if o.startswith("--") and f'"{o}"' not in source]
    return f"no option {unknown[0]}" if unknown else ""


def _check_install(given: list[str]) -> str:
    """Only this package from its folder, with extras that it has and constraints that exist."""
    while given:
        match given:
            case ["-c" | "-r", file, *given] if (ROOT / file).exists():
                continue
            case ["--require-hashes" | "--no-deps", *given]:
                continue
            case ["-e", target, *given] | [target, *given]:
                extras = re.fullmatch(r"(?:\.|\./kaogan)(?:\[([\w,]+)\])?", target)
                known = PYPROJECT["project"]["optional-dependencies"]
                if extras is None or not set(filter(None, (extras[1] or "").split(","))) <= {
                    *known
                }:
                    return f"{target} is not this package, or has no such extra"
    return ""


@every_document
def test_blocks_are_of_known_languages(document):
    assert {language for language, _ in fences(read(document))} <= set(LANGUAGES)


@every_document
def test_commands_in_blocks_can_be_right(document):
    lines = [
        line
        for language, block in fences(read(document))
        if language in SHELLS
        for line in shell_lines(language, block)
    ]
    complaints = {line: complaint for line in lines if (complaint := check_line(line))}
    assert not complaints


@every_document
def test_commands_in_the_text_parse(document):
    commands = [span for span in spans(read(document)) if span.split()[0] == "kaogan"]
    wrong = [
        span
        for span in commands
        if not is_command_name(span.split()) and not parses(shlex.split(span))
    ]
    assert not wrong


@every_document
def test_options_in_the_text_exist(document):
    if document == ROOT / "CHANGELOG.md":
        pytest.skip("history may name options that are gone")
    known = {
        option
        for command in leaves(parser(complete=True))
        for option in command._option_string_actions
    } | set(get_args_parser()._option_string_actions)
    named = {span.split()[0].rstrip(",") for span in spans(read(document)) if span.startswith("--")}
    assert named <= known


@every_document
def test_python_blocks_use_names_that_exist(document):
    for language, block in fences(read(document)):
        if language == "python":
            for node in ast.walk(ast.parse(block)):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    assert node.value.id != "kaogan" or hasattr(kaogan, node.attr), node.attr


def test_a_wrong_command_is_noticed():
    assert check_line("kaogan train faces --epoch 3")
    assert check_line("kaogan dream")
    assert check_line("make dinner")
    assert check_line("pip install -e '.[no-such-extra]'")
    assert check_line("rm -rf /")
    assert not check_line("kaogan train faces --epochs 3  # a comment")


# Links


@every_document
def test_links_lead_somewhere(document):
    text = FENCE.sub("", read(document))
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        file = document.parent / name if name else document
        if not file.exists() or (anchor and anchor not in anchors(read(file))):
            broken.append(target)
    assert not broken


@every_document
def test_documents_name_no_place_on_one_machine(document):
    assert not re.search(r"(?<![\w.~])/(home|root|tmp|work|Users)/", read(document))


# Architecture and decisions


def test_modules_of_the_architecture_exist():
    named = [s for s in spans(read(ARCHITECTURE)) if re.fullmatch(r"[\w/]+(\.py|/)", s)]
    missing = {s for s in named if not (PACKAGE / s).exists() and not (ROOT / s).exists()}
    assert not missing - {"cli.py"}  # the first plan's


def test_the_architecture_names_every_module():
    table = first_column(section(read(ARCHITECTURE), "The modules"))
    files = {
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        if file.stem not in ("__init__", "__main__")
    }
    folders = tuple(name for name in table if name.endswith("/"))
    assert not {file for file in files - table if not file.startswith(folders)}


def test_the_layers_are_those_that_are_enforced():
    (contract,) = PYPROJECT["tool"]["importlinter"]["contracts"]
    (block,) = re.findall(
        r"```text\n(.*?)```", section(read(ARCHITECTURE), "Dependencies run one way"), re.S
    )
    assert block.splitlines() == contract["layers"]


def test_decisions_are_listed_and_have_their_three_parts():
    index = read(DECISIONS / "README.md")
    pages = sorted(DECISIONS.glob("[0-9]*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        number, title = int(page.name[:4]), read(page).splitlines()[0].split(". ", 1)[1]
        assert f"{number}. [{title}]({page.name})" in index
        headings = re.findall(r"^## (.*)$", read(page), re.M)
        assert headings == ["Context", "Decision", "Consequences"]


# Reference


def test_the_tables_of_options_are_those_of_the_program():
    assert with_option_tables(read(REFERENCE)) == read(REFERENCE), "run: python tests/test_docs.py"


def test_the_python_names_are_those_of_the_package():
    names = first_column(section(read(REFERENCE), "Python"))
    assert names == set(kaogan.__all__)


def test_the_reasons_are_those_of_the_program():
    text = section(read(REFERENCE), "rejected.jsonl")
    assert set(spans(text[text.index("Reasons:") :])) == {str(reason) for reason in Reason}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A prepared data set, one of avatars, and a run."""
    folder = tmp_path_factory.mktemp("made")
    rng = np.random.default_rng(0)
    (folder / "pictures").mkdir()
    for number in range(12):
        pixels = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        picture = Image.fromarray(pixels).resize((40, 40))
        picture.save(folder / "pictures" / f"{number}.png")
    picture.save(folder / "pictures" / "again.png")
    (folder / "pictures" / "notes.txt").write_text("no picture", encoding="utf-8")
    kaogan.prepare([folder / "pictures"], folder / "prepared", size=32, workers=1, progress=False)
    avatars = kaogan.draw_avatars(folder / "avatars", count=1300, size=32, workers=1)
    recipe = kaogan.recipes.dcgan(size=32, width=4, batch=8)
    budget = kaogan.Budget(images=1008)  # two rows in the log, so that there are curves
    kaogan.train(recipe, avatars, folder / "run", budget, kaogan.Hardware(device="cpu"))
    return folder


def listing(folder: Path) -> set[str]:
    return {path.name + "/" * path.is_dir() for path in folder.iterdir()}


def rows(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in read(file).splitlines()]


def test_the_files_of_a_data_set(made):
    named = first_column(section(read(REFERENCE), "DATASET"))
    assert named == listing(made / "avatars")
    avatars_only = {"attributes.jsonl", "labels.json", "labels.npy"}
    assert named - avatars_only == listing(made / "prepared")


def test_the_keys_of_a_data_set(made):
    text = read(REFERENCE)
    for name in ("dataset.json", "manifest.jsonl", "rejected.jsonl"):
        named = first_column(section(text, name))
        file = made / "prepared" / name
        entries = [json.loads(read(file))] if name == "dataset.json" else rows(file)
        assert named == {key for entry in entries for key in entry}
    added = set(json.loads(read(made / "avatars" / "dataset.json"))) - named
    assert {"seed", "licence"} <= added
    labels = set(json.loads(read(made / "avatars" / "labels.json")))
    assert first_column(section(text, "labels.json")) == labels


def test_the_files_and_keys_of_a_run(made):
    text, run = read(REFERENCE), made / "run"
    assert first_column(section(text, "RUN")) == listing(run)
    row = next(line for line in section(text, "RUN").splitlines() if "`run.json`" in line)
    assert set(re.findall(r"`(\w+)`", row)) == set(json.loads(read(run / "run.json")))
    assert first_column(section(text, "metrics.jsonl")) == set(rows(run / "metrics.jsonl")[0])
    evaluated = rows(run / "evaluation.jsonl")[0]
    assert first_column(section(text, "evaluation.jsonl")) == set(evaluated)
    (checkpoint,) = (run / "checkpoints").iterdir()
    assert first_column(section(text, "Checkpoint")) == listing(checkpoint)
    assert first_column(section(text, "state.json")) == set(
        json.loads(read(checkpoint / "state.json"))
    )


def test_the_keys_of_a_panels_score():
    assert first_column(section(read(REFERENCE), "panel.jsonl")) == set(Score.model_fields)


def test_the_files_and_keys_of_a_run_of_points(tmp_path):
    text, run = read(REFERENCE), tmp_path / "run"
    options = ["--width", "8", "--steps", "20", "--batch", "16"]
    assert kaogan_main(["toy", "--out", str(run), *options]) == 0
    told = first_column(section(text, "RUN")) | first_column(section(text, "A run of points"))
    assert listing(run) <= told
    assert listing(run) >= first_column(section(text, "A run of points"))
    result = json.loads(read(run / "toy.json"))
    assert first_column(section(text, "toy.json")) >= set(result) | set(result["ema"][0])
    assert rows(run / "scores.jsonl")[0].keys() == {"images_seen", "ema", "raw"}


def test_the_files_of_a_generator_that_comes_with_kaogan():
    named = first_column(section(read(REFERENCE), "Pretrained"))
    folders = [path for path in (PACKAGE / "zoo").glob("[!_]*") if path.is_dir()]
    without = named - {"discriminator.safetensors"}  # faces-64 only
    assert all(without <= listing(folder) <= named for folder in folders)


if __name__ == "__main__":
    REFERENCE.write_text(with_option_tables(read(REFERENCE)), encoding="utf-8", newline="\n")
