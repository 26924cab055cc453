"""Sources in S3: a server of this machine, put up and taken down by the test."""

import socket
import subprocess
import sys
import time

import pytest
from helpers import make_folder, make_tar, png, prepared

from kaogan.data.prepare import prepare
from kaogan.errors import KaoganError

s3fs = pytest.importorskip("s3fs")
pytest.importorskip("moto")
pytest.importorskip("flask")

FILES = {f"{i}.png": png(i) for i in range(30)}


@pytest.fixture(scope="module")
def server():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert process.poll() is None
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()


@pytest.fixture
def bucket(server, monkeypatch):
    """A bucket, and the environment that says where it is: kaogan has no options for that."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    files = s3fs.S3FileSystem()
    files.mkdir("faces")
    yield files
    files.rm("faces", recursive=True)
    s3fs.S3FileSystem.clear_instance_cache()


def test_a_bucket_gives_what_a_folder_gives(bucket, tmp_path):
    for name, content in FILES.items():
        bucket.pipe_file(f"faces/pictures/{name}", content)
    folder = make_folder(tmp_path / "pictures", FILES)
    data = prepare(["s3://faces/pictures"], tmp_path / "d", workers=1, progress=False)
    local = prepared(folder, tmp_path / "local")
    assert data.fingerprint == local.fingerprint
    assert list(data.manifest()) == list(local.manifest())


def test_shards_in_a_bucket(bucket, tmp_path):
    for number in range(3):
        shard = make_tar(tmp_path / f"{number}.tar", dict(list(FILES.items())[number::3]))
        bucket.put_file(str(shard), f"faces/shard-{number:03}.tar")
    data = prepare(["s3://faces/shard-{000..002}.tar"], tmp_path / "d", workers=1, progress=False)
    assert len(data) + len(data.held_out) == 30
    assert data.summary["sources"] == ["shard-000.tar", "shard-001.tar", "shard-002.tar"]


def test_what_is_not_there_is_one_line(bucket, tmp_path):
    with pytest.raises(KaoganError, match="s3://faces/nothing does not exist"):
        prepare(["s3://faces/nothing"], tmp_path / "d", progress=False)
