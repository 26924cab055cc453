"""tools/torch_index.py: which build of PyTorch the Makefile installs."""

import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from loading import TOOLS, load

ROOT = Path(__file__).parent.parent


tool = load(TOOLS / "torch_index.py")


@pytest.fixture
def index():
    """The address of a server that has an index of torch and nothing else."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_HEAD(self):
            self.send_response(200 if self.path == "/cpu/torch/" else 404)
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_without_a_driver_the_cpu_build_is_taken_if_the_index_answers(index):
    options, reason = tool.choose("linux", False, f"{index}/cpu")
    assert options == ["--extra-index-url", f"{index}/cpu"]
    assert "no NVIDIA driver" in reason
    options, reason = tool.choose("linux", False, f"{index}/other")
    assert options == []
    assert "does not answer" in reason


def test_with_a_driver_or_on_other_systems_pip_chooses(index):
    assert tool.choose("linux", True, f"{index}/cpu")[0] == []
    assert tool.choose("darwin", False, f"{index}/cpu")[0] == []


def test_a_server_that_is_silent_or_not_there_is_not_waited_for():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert not tool.answers(address, 0.2)
    assert not tool.answers(address, 5)  # nobody listens there now
    assert not tool.answers("http://no.such.name.invalid", 5)


def test_what_is_printed_are_options_only(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "torch_index.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() in ([], ["--extra-index-url", tool.INDEX])
    (line,) = done.stderr.splitlines()
    assert line.startswith("PyTorch: ")


def test_the_makefile_asks_it():
    assert "tools/torch_index.py) torch==" in (ROOT / "Makefile").read_text(encoding="utf-8")
