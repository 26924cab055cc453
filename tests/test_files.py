import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from kaogan import files

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX only")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_there_once_written_and_folders_are_made(tmp_path):
    target = tmp_path / "a" / "b.txt"
    files.write_text(target, "顔\n")
    assert target.read_bytes() == "顔\n".encode()
    assert names(target.parent) == ["b.txt"]


def test_a_failed_write_leaves_the_old_content_and_no_litter(tmp_path):
    target = tmp_path / "a.txt"
    files.write_text(target, "old")
    with contextlib.suppress(RuntimeError), files.atomic_file(target) as partial:
        partial.write_text("half of the n")
        raise RuntimeError
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


@posix
def test_files_and_folders_get_the_modes_that_the_umask_asks_for(tmp_path):
    before = os.umask(0o027)
    try:
        files.write_text(tmp_path / "a.txt", "")
        with files.atomic_folder(tmp_path / "b"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o750


def test_a_folder_appears_whole(tmp_path):
    target = tmp_path / "a"
    with files.atomic_folder(target) as partial:
        (partial / "one").write_text("1")
        assert not target.exists()
    assert (target / "one").read_text() == "1"
    assert names(tmp_path) == ["a"]


def test_a_failed_folder_is_not_there_at_all(tmp_path):
    with contextlib.suppress(RuntimeError), files.atomic_folder(tmp_path / "a") as partial:
        (partial / "one").write_text("1")
        raise RuntimeError
    assert names(tmp_path) == []


def test_a_folder_never_overwrites(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mine").write_text("")
    with pytest.raises(FileExistsError), files.atomic_folder(tmp_path / "a"):
        pass
    assert names(tmp_path / "a") == ["mine"]
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("name", ["faces", "faces[1]", "f*"])
def test_what_killed_processes_left_is_removed_and_nothing_else(tmp_path, name):
    left = [f".{name}.partial-1", f".{name}.partial-2"]
    kept = [name, ".other.partial-1", f"{name}.partial"]
    for path in [*left, *kept]:
        (tmp_path / path).mkdir()
    files.remove_partials(tmp_path / name)
    assert names(tmp_path) == sorted(kept)
    files.remove_all_partials(tmp_path)
    assert names(tmp_path) == sorted(set(kept) - {".other.partial-1"})


@posix
def test_the_umask_is_never_touched(tmp_path, monkeypatch):
    """It belongs to the whole process: files that other threads make meanwhile would be open."""
    monkeypatch.setattr(os, "umask", pytest.fail)
    files.write_text(tmp_path / "a.txt", "")
    with files.atomic_folder(tmp_path / "b"):
        pass
    assert names(tmp_path) == ["a.txt", "b"]


SLOW_WRITER = """
from pathlib import Path
from kaogan.files import atomic_folder
with atomic_folder(Path("a")) as partial:
    (partial / "one").write_text("1")
    print("writing", flush=True)
    input()
"""


@pytest.mark.parametrize(
    "remove", [files.remove_partials, lambda a: files.remove_all_partials(a.parent)]
)
def test_what_a_living_process_writes_is_left_alone(tmp_path, remove):
    command = [sys.executable, "-c", SLOW_WRITER]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": tmp_path, "text": True}
    with subprocess.Popen(command, **pipes) as living, subprocess.Popen(command, **pipes) as dying:
        assert living.stdout.readline() == dying.stdout.readline() == "writing\n"
        dying.kill()
        dying.wait()
        assert len(list(tmp_path.glob(".a.partial-*"))) == 4  # two folders with their locks
        remove(tmp_path / "a")
        assert len(list(tmp_path.glob(".a.partial-*"))) == 2
        living.communicate("\n")
    assert living.returncode == 0
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a" / "one").read_text() == "1"


WRITER = """
import itertools, sys
from pathlib import Path
from kaogan.files import atomic_folder, write_text
for number in itertools.count():
    write_text(Path("file"), f"{number} " * 20_000)
    with atomic_folder(Path(f"folder-{number}")) as partial:
        for name in "abc":
            (partial / name).write_text(f"{number}")
"""


@posix
def test_a_killed_writer_leaves_only_whole_files_and_folders(tmp_path):
    writer = subprocess.Popen([sys.executable, "-c", WRITER], cwd=tmp_path)
    while not (tmp_path / "folder-3").exists():
        assert writer.poll() is None
        time.sleep(0.01)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    words = (tmp_path / "file").read_text().split()
    assert len(words) == 20_000
    assert len(set(words)) == 1
    for folder in tmp_path.glob("folder-*"):
        assert names(folder) == ["a", "b", "c"]


@posix
def test_files_are_flushed_through_a_handle_for_writing(tmp_path, monkeypatch):
    import fcntl

    kinds = []

    def as_on_windows(handle):
        access = fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE
        folder = os.path.isdir(f"/proc/self/fd/{handle}")
        kinds.append(folder)
        if folder or access == os.O_RDONLY:
            raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(os, "fsync", as_on_windows)
    files.write_text(tmp_path / "a.txt", "text")
    with files.atomic_folder(tmp_path / "b") as partial:
        (partial / "one").write_text("1")
    assert set(kinds) == {True, False}
    assert names(tmp_path) == ["a.txt", "b"]
