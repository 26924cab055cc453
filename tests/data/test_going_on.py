"""An interrupted preparation goes on from its finished shards."""

import os
import signal
import subprocess
import sys
import time

import pytest
from filelock import FileLock
from helpers import make_folder, make_zip, png, prepared

from kaogan.data import prepare as preparing
from kaogan.data import shards, spool
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


def prepared_until(count, source, out):
    """Stop, as Ctrl-C does, after so many pictures."""
    decoded, real = [], preparing.decode

    def decode(*arguments):
        decoded.append(1)
        if len(decoded) > count:
            raise KeyboardInterrupt
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparing, "decode", decode)
        with pytest.raises(KeyboardInterrupt):
            prepared(source, out)


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


def test_after_ctrl_c_the_same_command_goes_on(source, tmp_path, counted, capsys):
    whole = prepared(source, tmp_path / "whole").path
    prepared_until(33, source, tmp_path / "d")
    assert "the finished shards are kept; the same command goes on" in capsys.readouterr().err
    counted.clear()
    prepared(source, tmp_path / "d")
    assert 0 < len(counted) <= len(FILES) - 3 * PER_SHARD
    assert contents(tmp_path / "d") == contents(whole)


def test_before_the_first_shard_nothing_is_left(source, tmp_path, capsys):
    prepared_until(8, source, tmp_path / "d")
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


def test_a_source_that_changed_is_read_anew(tmp_path, capsys):
    folder = make_folder(tmp_path / "in", FILES)
    prepared_until(33, folder, tmp_path / "d")
    (folder / "3.png").write_bytes(png(1000))
    data = prepared(folder, tmp_path / "d")
    assert "the sources have changed since; starting anew" in capsys.readouterr().err
    assert data.fingerprint == prepared(folder, tmp_path / "again").fingerprint


DYING = """
import os, signal
from kaogan.data import prepare, spool
spool.SHARD_BYTES = {bytes}
clear = spool.Spool.clear
def clear_and_die(self):
    clear(self)
    os.kill(os.getpid(), signal.SIGKILL)
spool.Spool.clear = clear_and_die
prepare.prepare([{source!r}], {out!r}, workers=1, progress=False)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_after_a_kill_just_before_the_end_nothing_old_is_taken(tmp_path):
    folder = make_folder(tmp_path / "in", FILES)
    program = DYING.format(bytes=BYTES, source=str(folder), out=str(tmp_path / "d"))
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    assert list(tmp_path.glob(".d.partial-*/images-*.npy"))
    (folder / "3.png").write_bytes(png(1000))
    data = prepared(folder, tmp_path / "d")
    assert contents(data.path) == contents(prepared(folder, tmp_path / "again").path)


def test_other_options_start_anew(source, tmp_path):
    prepared_until(33, source, tmp_path / "d")
    assert prepared(source, tmp_path / "d", size=32).size == 32
    assert [path.name for path in tmp_path.iterdir()] == ["d"]


def test_another_process_at_the_same_data_set_is_one_line(source, tmp_path):
    prepared_until(33, source, tmp_path / "d")
    (partial,) = tmp_path.glob(".d.partial-*")
    with (
        FileLock(partial.with_name(partial.name + ".lock")),
        pytest.raises(KaoganError, match="another process makes"),
    ):
        prepared(source, tmp_path / "d")
    assert partial.is_dir()
