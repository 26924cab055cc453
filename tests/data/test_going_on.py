"""An interrupted preparation goes on from its finished shards."""

import os
import signal
import subprocess
import sys
import time

import pytest
from helpers import make_zip, png, prepared

from kaogan.data import prepare as preparing
from kaogan.data import shards, spool
from kaogan.data.dataset import open_dataset
from kaogan.errors import KaoganError

FILES = {f"{i}.png": png(i) for i in range(48)} | {"z-text.png": b"hello", "z-again.png": png(0)}
PER_SHARD = 10
BYTES = PER_SHARD * 64 * 64 * 3

SLOW = """
import sys, time
from kaogan.data import prepare, spool
spool.SHARD_BYTES = {bytes}
decode = prepare.decode
def slowly(*arguments):
    time.sleep(0.05)
    return decode(*arguments)
prepare.decode = slowly
prepare.CHUNK_ITEMS = 5
prepare.prepare([{source!r}], {out!r}, workers=1, progress=False)
"""


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return make_zip(tmp_path_factory.mktemp("in") / "f.zip", FILES)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(spool, "SHARD_BYTES", BYTES)
    monkeypatch.setattr(preparing, "CHUNK_ITEMS", 5)


@pytest.fixture
def counted(monkeypatch):
    """How many pictures are decoded."""
    decoded = []

    def decode(*arguments):
        decoded.append(1)
        return real(*arguments)

    real = preparing.decode
    monkeypatch.setattr(preparing, "decode", decode)
    return decoded


@pytest.fixture
def interrupted(monkeypatch):
    """Make the preparation stop after so many pictures."""

    def after(count, error=KeyboardInterrupt):
        decoded = []

        def decode(*arguments):
            decoded.append(1)
            if len(decoded) > count:
                raise error
            return real(*arguments)

        real = preparing.decode
        return monkeypatch.setattr(preparing, "decode", decode)

    return after


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_after_a_kill(source, tmp_path, counted, capsys):
    whole = prepared(source, tmp_path / "whole").path
    counted.clear()
    program = SLOW.format(bytes=BYTES, source=str(source), out=str(tmp_path / "d"))
    process = subprocess.Popen([sys.executable, "-c", program])
    while not list(tmp_path.glob(".d.partial-*/spool/part-00001.json")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "d").exists()
    prepared(source, tmp_path / "d")
    assert 0 < len(counted) <= len(FILES) - 2 * PER_SHARD
    assert "note: going on after" in capsys.readouterr().err
    assert contents(tmp_path / "d") == contents(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d", "whole"]


def test_after_ctrl_c_the_same_command_goes_on(source, tmp_path, interrupted, monkeypatch, capsys):
    whole = prepared(source, tmp_path / "whole").path
    with monkeypatch.context():
        interrupted(33)
        with pytest.raises(KeyboardInterrupt):
            prepared(source, tmp_path / "d")
    assert "the finished shards are kept; the same command goes on" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.setattr(spool, "SHARD_BYTES", BYTES)
    monkeypatch.setattr(preparing, "CHUNK_ITEMS", 5)
    prepared(source, tmp_path / "d")
    assert contents(tmp_path / "d") == contents(whole)


def test_before_the_first_shard_nothing_is_left(source, tmp_path, interrupted, capsys):
    interrupted(8)
    with pytest.raises(KeyboardInterrupt):
        prepared(source, tmp_path / "d")
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == ""


def test_while_shards_are_written(source, tmp_path, monkeypatch, counted):
    whole = prepared(source, tmp_path / "whole").path
    counted.clear()
    write, written = shards._write_shard, []

    def fail(*arguments):
        if len(written) == 2:
            raise OSError(28, "no space left on device")
        written.append(1)
        write(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(shards, "_write_shard", fail)
        with pytest.raises(KaoganError, match="no space left"):
            prepared(source, tmp_path / "d")
    assert len(list(tmp_path.glob(".d.partial-*/images-*.npy"))) == 2
    counted.clear()
    prepared(source, tmp_path / "d")
    assert counted == []
    assert contents(tmp_path / "d") == contents(whole)


def test_a_source_that_changed_is_read_anew(source, tmp_path, interrupted, monkeypatch, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    with monkeypatch.context() as patch:
        patch.setattr(preparing, "decode", preparing.decode)
        interrupted(33)
        with pytest.raises(KeyboardInterrupt):
            prepared(folder, tmp_path / "d")
        patch.undo()
    monkeypatch.undo()
    (folder / "3.png").write_bytes(png(1000))
    data = prepared(folder, tmp_path / "d")
    assert "the sources have changed since; starting anew" in capsys.readouterr().err
    assert data.fingerprint == prepared(folder, tmp_path / "again").fingerprint


def test_other_options_start_anew(source, tmp_path, interrupted, monkeypatch):
    interrupted(33)
    with pytest.raises(KeyboardInterrupt):
        prepared(source, tmp_path / "d")
    monkeypatch.undo()
    assert prepared(source, tmp_path / "d", size=32).size == 32
    assert [path.name for path in tmp_path.iterdir()] == ["d"]
    assert open_dataset(tmp_path / "d").channels == 3
