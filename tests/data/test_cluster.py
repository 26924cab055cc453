"""Decoding on a Dask cluster: a scheduler and workers that are processes of their own."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from helpers import make_zip, png

from kaogan.data.prepare import prepare
from kaogan.errors import KaoganError, UsageError

distributed = pytest.importorskip("distributed")

FILES = {f"{i}.png": png(i) for i in range(200)} | {"text.png": b"hello", "again.png": png(3)}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return make_zip(tmp_path_factory.mktemp("in") / "f.zip", FILES)


@pytest.fixture(scope="module")
def alone(source, tmp_path_factory):
    """What this machine makes without a cluster."""
    out = tmp_path_factory.mktemp("out") / "d"
    prepare([source], out, workers=1, progress=False)
    return contents(out)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(*command):
    return subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + command[0], *command[1:]],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def scheduler():
    address = f"tcp://127.0.0.1:{free_port()}"
    host, port = address.removeprefix("tcp://").split(":")
    process = program("dask_scheduler", "--host", host, "--port", port, "--no-dashboard")
    yield address
    process.terminate()
    process.wait()


@pytest.fixture
def workers(scheduler):
    """Workers in processes without nannies: who is killed stays dead."""
    options = ("--no-nanny", "--nthreads", "1", "--no-dashboard", "--death-timeout", "60")
    processes = [program("dask_worker", scheduler, *options) for _ in range(2)]
    with distributed.Client(scheduler, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def test_the_bytes_are_those_of_one_machine(source, alone, scheduler, workers, tmp_path):
    prepare([source], tmp_path / "two", scheduler=scheduler, progress=False)
    assert contents(tmp_path / "two") == alone
    workers[0].terminate()
    workers[0].wait()
    prepare([source], tmp_path / "one", scheduler=scheduler, progress=False)
    assert contents(tmp_path / "one") == alone


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_worker_killed_in_the_middle_loses_nothing(
    source, alone, scheduler, workers, tmp_path, monkeypatch
):
    monkeypatch.setattr("kaogan.data.prepare.CHUNK_ITEMS", 2)
    from kaogan.data import prepare as preparing

    submitted = []

    def kill_after_some(pool, work, chunks, capacity):
        for number, groups in enumerate(real(pool, work, chunks, capacity)):
            if number == 10:
                workers[0].send_signal(signal.SIGKILL)
            submitted.append(len(groups))
            yield groups

    real = preparing.in_workers
    monkeypatch.setattr(preparing, "in_workers", kill_after_some)
    prepare([source], tmp_path / "d", scheduler=scheduler, progress=False)
    assert workers[0].wait() == -signal.SIGKILL
    assert sum(submitted) == len(FILES)
    assert contents(tmp_path / "d") == alone


def test_a_scheduler_that_does_not_answer(source, tmp_path, monkeypatch):
    monkeypatch.setattr("kaogan.data.cluster.SECONDS_TO_CONNECT", 0.5)
    with pytest.raises(KaoganError, match=r"the scheduler tcp://127.0.0.1:1 does not answer"):
        prepare([source], tmp_path / "d", scheduler="tcp://127.0.0.1:1", progress=False)
    with pytest.raises(KaoganError, match="does not answer"):
        prepare([source], tmp_path / "d", scheduler="nonsense://", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_without_workers(source, scheduler, tmp_path):
    deadline = time.monotonic() + 30
    with distributed.Client(scheduler, timeout=60, set_as_default=False) as client:
        while client.nthreads() and time.monotonic() < deadline:
            time.sleep(0.1)
    with pytest.raises(KaoganError, match="has no workers; start some: dask worker"):
        prepare([source], tmp_path / "d", scheduler=scheduler, progress=False)


def test_other_versions_are_refused(source, scheduler, workers, tmp_path, monkeypatch):
    monkeypatch.setattr("PIL.__version__", "1.0")
    with pytest.raises(KaoganError, match=r"has other versions than this machine .*not .*1\.0"):
        prepare([source], tmp_path / "d", scheduler=scheduler, progress=False)


def test_workers_and_a_scheduler_exclude_each_other(source, tmp_path):
    with pytest.raises(UsageError, match="leave them or scheduler out"):
        prepare([source], tmp_path / "d", scheduler="tcp://x:1", workers=2)


def test_a_cluster_of_this_machine(source, alone, tmp_path):
    """Workers with two threads each, watched by nannies."""
    options = {"n_workers": 2, "threads_per_worker": 2, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster:
        prepare([source], tmp_path / "d", scheduler=cluster.scheduler_address, progress=False)
    assert contents(tmp_path / "d") == alone
