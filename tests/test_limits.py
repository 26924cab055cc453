"""The limits on what is read: documented, and kept where they are not a source's (tests/data)."""

import re
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from kaogan import limits
from kaogan.errors import KaoganError
from kaogan.images import check_whole, read_picture
from kaogan.records import Record, Text, parse_json, read_json, read_lines

PAGE = Path(__file__).parent.parent / "docs" / "reliability.md"
ROW = re.compile(r"^\| `(\w+)` \| ([\d,]+)( MiB)? \|", re.M)


class Named(Record):
    name: Text


def test_the_page_lists_every_limit_with_its_value():
    listed = {
        name: int(value.replace(",", "")) * (limits.MIB if unit else 1)
        for name, value, unit in ROW.findall(PAGE.read_text(encoding="utf-8"))
    }
    wanted = {name: value for name, value in vars(limits).items() if name.isupper()}
    assert listed | {"MIB": limits.MIB} == wanted


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ('{"a":' * 70 + "1" + "}" * 70, "nested too deeply"),
        (" " * (limits.LARGEST_JSON + 1), "more than 8 MB"),
        ("{", "Expecting"),
        ("[1]", "valid dictionary"),
        ('{"name": 1}', "name: Input should be a valid string"),
        (b"\xff\xfe\xff", "decode"),
    ],
)
def test_json_that_makes_no_sense_is_a_value_error_of_one_line(text, says):
    with pytest.raises(ValueError, match=says) as caught:
        parse_json(text, Named)
    assert "\n" not in str(caught.value)


def test_records_are_frozen():
    record = parse_json('{"name": "x", "unknown": 1}', Named)
    with pytest.raises(ValidationError, match="frozen"):
        record.name = "y"


def test_a_json_file_is_read_as_far_as_the_limit_only(tmp_path):
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(2**40)  # takes no space
    with pytest.raises(ValueError, match="more than 8 MB"):
        read_json(tmp_path / "a.json", Named)
    assert len(read_lines(tmp_path / "a.json")[0]) == limits.LARGEST_TABLE


def test_nothing_else_in_the_package_parses_json_from_files():
    """`json.loads` is for what kaogan made itself a moment ago, and for options."""
    sources = Path(limits.__file__).parent
    users = {
        str(file.relative_to(sources))
        for file in sources.rglob("*.py")
        if re.search(r"json\.loads?\(|model_validate_json|validate_json", file.read_text("utf-8"))
    }
    assert users == {
        "records.py",  # the function
        *("data/shards.py", "data/spool.py", "report/html.py", "export/keras.py"),  # of their own
        *("fitting.py", "training/fit.py", "training/state.py"),  # from a process beside this one
        "options.py",  # a value on the command line
        "training/memory.py",  # the user's own cache
    }


def test_pictures_in_a_run_are_neither_damaged_nor_large(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    with pytest.raises(KaoganError, match="delete it"):
        read_picture(tmp_path / "a.png")


def test_a_mapped_file_that_became_shorter_is_an_error_and_not_a_signal(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((100, 32, 32, 3), np.uint8))
    pictures = np.load(tmp_path / "a.npy", mmap_mode="r")[10:]
    check_whole(pictures)
    with (tmp_path / "a.npy").open("r+b") as file:
        file.truncate(4096)
    with pytest.raises(KaoganError, match="cut off"):
        check_whole(pictures)
    check_whole(np.zeros((2, 32, 32, 3), np.uint8))
