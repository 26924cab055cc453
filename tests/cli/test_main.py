import argparse
import errno
import shlex
import subprocess
import sys

import pytest

from kaogan import __version__
from kaogan.cli import parser


def test_version(kaogan):
    assert kaogan("--version").out == f"kaogan {__version__}\n"


@pytest.mark.parametrize(
    "command", [[], ["data"], ["data", "prepare"], ["data", "show"], ["train"], ["sample"]]
)
def test_every_command_explains_itself(kaogan, command):
    outcome = kaogan(*command, "--help")
    assert outcome.status == 0
    assert outcome.out.startswith("usage: kaogan")


def test_the_help_of_train_fits_two_screens(kaogan):
    assert len(kaogan("train", "--help").out.splitlines()) <= 75


def commands(command, name="kaogan"):
    """All commands by their names, with those that only have other commands."""
    yield name, command
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield from commands(below, f"{name} {word}")


def test_the_help_of_every_command_ends_with_two_examples_that_parse():
    for name, command in commands(parser()):
        if command.get_default("run") or name == "kaogan":
            assert len(command.examples) == 2, name
            *_, first, second = command.format_help().splitlines()
            assert [first.strip(), second.strip()] == list(command.examples)
            for example in command.examples:
                words = shlex.split(example.split(" > ")[0].split(" >> ")[0])
                assert " ".join(words).startswith(name)
                parser().parse_args(words[1:])


@pytest.mark.parametrize(
    ("line", "usage"),
    [
        ([], "usage: kaogan [-h]"),
        (["help"], "usage: kaogan [-h]"),
        (["data"], "usage: kaogan data"),
        (["help", "train"], "usage: kaogan train"),
        (["help", "data", "show"], "usage: kaogan data show"),
    ],
)
def test_help_is_easy_to_get(kaogan, line, usage):
    outcome = kaogan(*line)
    assert outcome.status == 0
    assert outcome.out.startswith(usage)


@pytest.mark.parametrize(
    "arguments",
    [
        ["tran"],
        ["train"],
        ["train", "x", "--batch", "many"],
        ["train", "x", "--precision", "fp64"],
        ["train", "x", "--bach", "3"],
        ["data", "prepare", "x"],
        ["data", "prepare", "x", "--out", "y", "--fit", "squeeze"],
        ["sample"],
        ["sample", "x", "--pretrained", "faces-64"],
    ],
)
def test_a_command_that_makes_no_sense_ends_with_2_and_one_line(kaogan, arguments):
    outcome = kaogan(*arguments)
    assert outcome.status == 2
    assert outcome.error


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ("tran", "COMMAND cannot be 'tran'; did you mean train?; see kaogan --help"),
        ("data prepar", "did you mean prepare?; see kaogan data --help"),
        ("train x --bach 3", "there is no option --bach; did you mean --batch?"),
        ("train x --precision=bf61", "--precision cannot be 'bf61'; did you mean bf16?"),
        ("toy --los hinge", "there is no option --los; did you mean --loss?"),
        ("toy bench --step 3", "did you mean --steps?; see kaogan toy bench --help"),
        ("sample a b c", "too much: b c"),
        ("train", "DATA is missing"),
        ("train x --batch many", "--batch cannot be 'many'; use a whole number"),
        ("train x --lr fast", "--lr cannot be 'fast'; use a number"),
        ("train x --images", "--images needs a value"),
        ("train x --like a --config b", "give --config or --like, not both"),
        ("completion fish", "SHELL cannot be 'fish'"),
    ],
)
def test_a_slip_is_answered_with_what_may_have_been_meant(kaogan, arguments, hint):
    outcome = kaogan(*arguments.split())
    assert outcome.status == 2
    assert hint in outcome.error


def test_two_dashes_end_the_options(kaogan):
    assert "nothing at --x" in kaogan("train", "--", "--x").error


def test_as_a_module_and_without_a_traceback(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "kaogan", "sample", str(tmp_path / "nothing")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1


def test_preparing_data_does_not_wait_for_torch():
    code = "import kaogan.cli, kaogan.data.prepare, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "error: No space left on device; make"),
        (OSError(errno.ENOSPC, "No space left on device", "a.png"), "device: a.png; make room"),
        (MemoryError(), "error: out of memory; close other programs"),
        (ImportError("libx.so: failed to map segment from shared object"), "error: out of memory"),
    ],
)
def test_what_the_machine_lacks_is_one_line(kaogan, monkeypatch, error, says):
    def fail(options):
        raise error

    monkeypatch.setattr("kaogan.cli.doctor.run", fail)
    outcome = kaogan("doctor")
    assert outcome.status == 1
    assert says in outcome.error


def test_other_libraries_that_cannot_be_imported_are_no_lack_of_memory(kaogan, monkeypatch):
    def fail(options):
        raise ImportError("No module named 'x'")

    monkeypatch.setattr("kaogan.cli.doctor.run", fail)
    with pytest.raises(ImportError, match="No module"):
        kaogan("doctor")
