"""`kaogan data add`: what is there stays, and the result is that of preparing all at once."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from helpers import encode, make_folder, picture, png, prepared

from kaogan.data import growing
from kaogan.data import prepare as preparing
from kaogan.data.avatars import draw_avatars
from kaogan.data.dataset import open_dataset
from kaogan.data.prepare import add_pictures, prepare
from kaogan.data.split import choose_held_out
from kaogan.errors import KaoganError, UsageError

FIRST = {f"{i}.png": png(i) for i in range(40)} | {"text.png": b"hello"}
MORE = {f"{i}.png": png(i) for i in range(36, 70)} | {
    "nearly.jpg": encode(picture(2), "JPEG", quality=85),
    "twice.png": png(50),
    "empty.png": b"",
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("in")
    return make_folder(root / "first", FIRST), make_folder(root / "more", MORE)


def added(dataset, source, **options):
    return add_pictures(dataset.path, [source], workers=1, progress=False, **options)


def state(data):
    """What is in a data set, by split."""
    rows = list(data.manifest())
    return {row["source"]: (row["sha256"], row["split"]) for row in rows}


def test_the_result_is_that_of_preparing_all_at_once(folders, tmp_path):
    first = prepared(folders[0], tmp_path / "d")
    old = state(first)
    grown = added(first, folders[1])
    whole = prepare(folders, tmp_path / "whole", workers=1, progress=False)
    assert grown.fingerprint == whole.fingerprint
    np.testing.assert_array_equal(np.asarray(grown.train), whole.train)
    np.testing.assert_array_equal(np.asarray(grown.held_out), whole.held_out)
    assert state(grown) == state(whole)
    assert {name: state(grown)[name] for name in old} == old  # nothing changed its split
    names = ("train", "held_out", "rejected", "sources", "filter", "duplicates", "min_size")
    assert {n: grown.summary[n] for n in names} == {n: whole.summary[n] for n in names}
    reasons = [{row["source"]: row["reason"] for row in each.rejected()} for each in (grown, whole)]
    assert reasons[0] == reasons[1]
    assert {"source": "more/nearly.jpg", "reason": "near duplicate", "repeats": "first/2.png"} in [
        *grown.rejected()
    ]


def test_files_that_are_there_are_not_touched(folders, tmp_path):
    first = prepared(folders[0], tmp_path / "d")
    before = {path.name: path.read_bytes() for path in first.path.iterdir()}
    added(first, folders[1])
    after = {path.name: path.read_bytes() for path in first.path.iterdir()}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"dataset.json"}
    assert set(after) - set(before) == {
        "images-00001.npy",
        "manifest-00001.jsonl",
        "rejected-00001.jsonl",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_it_grows_again_and_again_and_every_state_can_be_opened(folders, tmp_path):
    third = make_folder(tmp_path / "third", {f"{i}.png": png(i) for i in range(70, 80)})
    states = [prepared(folders[0], tmp_path / "d")]
    states += [added(states[0], folders[1])]
    states += [added(states[0], third)]
    assert len({each.fingerprint for each in states}) == 3
    assert len(states[2].shards) == 3
    for wanted in states:
        found = open_dataset(wanted.path, wanted.fingerprint)
        assert found.fingerprint == wanted.fingerprint
        np.testing.assert_array_equal(np.asarray(found.train), np.asarray(wanted.train))
        assert state(found) == state(wanted)
        assert [*found.rejected()] == [*wanted.rejected()]
        assert found.summary["train"] == len(found)
        assert found.summary["sources"] == wanted.summary["sources"]
    assert open_dataset(states[0].path, "unknown").fingerprint == states[2].fingerprint


def test_nothing_new_changes_nothing(folders, tmp_path, capsys):
    first = prepared(folders[0], tmp_path / "d")
    before = {path.name: path.read_bytes() for path in first.path.iterdir()}
    assert added(first, folders[0]).fingerprint == first.fingerprint
    assert {path.name: path.read_bytes() for path in first.path.iterdir()} == before
    assert "note: nothing is new; 41 pictures were left out" in capsys.readouterr().err


def test_with_duplicates_kept(folders, tmp_path):
    first = prepared(folders[0], tmp_path / "d", keep_duplicates=True)
    grown = added(first, folders[0])
    assert len(grown) + len(grown.held_out) == 80


def test_held_out_pictures_are_limited_over_all():
    digests = np.random.default_rng(0).integers(0, 256, (1000, 32), np.uint8)
    free = choose_held_out(digests, train=10, held_out=1)
    assert 60 < free.sum() < 140
    assert choose_held_out(digests, limit=50, train=10, held_out=30).sum() == 20
    assert choose_held_out(digests, limit=50, train=10, held_out=50).sum() == 0
    high = np.full((3, 32), 255, np.uint8)
    assert choose_held_out(high, train=1, held_out=1).sum() == 0
    assert choose_held_out(high, train=1).sum() == 1
    assert choose_held_out(np.zeros((3, 32), np.uint8), train=1, held_out=1).all()


KILLED = """
import os, signal
from kaogan.data import {module}, prepare, spool
spool.SHARD_BYTES = 10 * 64 * 64 * 3
def killed(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)
{module}.{function} = killed
prepare.add_pictures({dataset!r}, [{source!r}], workers=1, progress=False)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
@pytest.mark.parametrize(
    ("module", "function"),
    [("growing", "judge"), ("growing", "write_shards"), ("growing", "write_text")],
)
def test_a_kill_leaves_the_data_set_as_it_was(folders, tmp_path, monkeypatch, module, function):
    first = prepared(folders[0], tmp_path / "d")
    program = KILLED.format(
        module=module, function=function, dataset=str(first.path), source=str(folders[1])
    )
    run = subprocess.run([sys.executable, "-c", program], check=False)
    assert run.returncode == -signal.SIGKILL
    assert open_dataset(first.path).fingerprint == first.fingerprint
    assert state(open_dataset(first.path)) == state(first)
    monkeypatch.setattr(preparing, "decode", None)  # everything is decoded already
    grown = added(first, folders[1])
    assert len(grown) + len(grown.held_out) == 70
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_what_another_addition_left_is_not_taken(folders, tmp_path, monkeypatch):
    first = prepared(folders[0], tmp_path / "d")
    (first.path / "images-00001.npy").write_bytes(b"left by a kill")
    grown = added(first, folders[1])
    assert len(grown) + len(grown.held_out) == 70


def test_a_full_disk_is_one_line(folders, tmp_path, monkeypatch):
    first = prepared(folders[0], tmp_path / "d")

    def full(*_):
        raise OSError(28, "no space")

    with monkeypatch.context() as patch:
        patch.setattr(growing, "write_text", full)
        with pytest.raises(KaoganError, match="no space left while writing"):
            added(first, folders[1])
    assert open_dataset(first.path).fingerprint == first.fingerprint
    assert len(added(first, folders[1])) > len(first)


class TestRefused:
    def test_avatars(self, folders, tmp_path):
        avatars = draw_avatars(tmp_path / "a", count=4, size=32, workers=1)
        with pytest.raises(KaoganError, match="holds no pictures of sources"):
            added(avatars, folders[1])

    def test_another_filter(self, folders, tmp_path):
        first = prepared(folders[0], tmp_path / "d")
        summary = json.loads((first.path / "dataset.json").read_text())
        (first.path / "dataset.json").write_text(json.dumps({**summary, "filter": "nearest"}))
        with pytest.raises(KaoganError, match="was resized by nearest"):
            added(first, folders[1])

    def test_boxes(self, folders, tmp_path):
        table = tmp_path / "boxes.csv"
        rows = [f"{i}.png,4,4,40,40\n" for i in range(70)]
        table.write_text("name,left,top,width,height\n" + "".join(rows))
        plain = prepared(folders[0], tmp_path / "plain")
        with pytest.raises(UsageError, match="no boxes of a table; leave --crop out"):
            added(plain, folders[1], boxes=table)
        cut = prepared(folders[0], tmp_path / "cut", crop=table)
        with pytest.raises(UsageError, match="give that of the new pictures with --crop"):
            added(cut, folders[1])
        assert len(added(cut, folders[1], boxes=table)) > len(cut)

    def test_while_another_one_is_at_work(self, folders, tmp_path):
        from filelock import FileLock

        first = prepared(folders[0], tmp_path / "d")
        with (
            FileLock(tmp_path / ".d.partial-adding.lock"),
            pytest.raises(KaoganError, match="another process adds pictures"),
        ):
            added(first, folders[1])
