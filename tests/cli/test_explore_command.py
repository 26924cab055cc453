"""`kaogan explore`: a real server, asked as a browser asks, and as one should not."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import kaogan as package
from kaogan.cli.explore import Server
from kaogan.export.page import SOURCES
from kaogan.latent.directions import Directions
from kaogan.latent.fingerprint import fingerprint
from kaogan.training.run import Run

FILES = {
    "index.html": b"<!doctype html>",
    "js/main.js": b"1;",
    "runtime/ort.wasm": b"\0asm",
    "runtime/ort.mjs": b"2;",
    "model/about.json": b"{}",
    "model/generator.onnx": b"net",
}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(0) as serving:
        serving.files = FILES
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


def ask(port: int, path: str, method: str = "GET", host: str | None = None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host or f"127.0.0.1:{port}")
    connection.endheaders()
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def test_it_listens_on_this_machine_only(server):
    assert server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html?seed=3", "text/html; charset=utf-8"),
        ("/js/main.js", "text/javascript; charset=utf-8"),
        ("/runtime/ort.mjs", "text/javascript; charset=utf-8"),
        ("/runtime/ort.wasm", "application/wasm"),
        ("/model/about.json", "application/json"),
        ("/model/generator.onnx", "application/octet-stream"),
    ],
)
def test_its_files_have_their_types(server, path, kind):
    response, content = ask(server.server_port, path)
    assert response.status == 200
    assert response.headers["Content-Type"] == kind
    assert content == FILES[path.partition("?")[0].removeprefix("/") or "index.html"]
    response, nothing = ask(server.server_port, path, "HEAD")
    assert (response.status, nothing) == (200, b"")
    assert int(response.headers["Content-Length"]) == len(content)


@pytest.mark.parametrize(
    "path",
    [
        "/none.html",
        "/js",
        "/../pyproject.toml",
        "/js/../../../../etc/passwd",
        "/%2e%2e/pyproject.toml",
        "//etc/passwd",
        "/etc/passwd",
        "/.git/config",
    ],
)
def test_nothing_else_is_served(server, path):
    response, _ = ask(server.server_port, path)
    assert response.status == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1"])
def test_a_foreign_host_is_refused(server, host):
    response, content = ask(server.server_port, "/", host=host)
    assert response.status == 403
    assert FILES["index.html"] not in content
    response, _ = ask(server.server_port, "/", host=f"localhost:{server.server_port}")
    assert response.status == 200


def test_nothing_can_be_written(server):
    response, _ = ask(server.server_port, "/index.html", "POST")
    assert response.status == 501


@pytest.mark.parametrize("path", ["/", "/none"])
def test_the_headers_are_strict(server, path):
    headers = ask(server.server_port, path)[0].headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe-inline'" not in policy
    assert "'unsafe-eval'" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.fixture
def beside(trained):
    """Directions beside the run, so that none need to be found."""
    generator = Run(trained).sampler().generator
    file = trained / "directions.json"
    Directions((), (), fingerprint(generator), orthogonal=False).write(file)
    yield file
    file.unlink()


needs_runtime = pytest.mark.skipif(
    len(list((SOURCES / "runtime").glob("*.wasm"))) == 0,
    reason="onnxruntime-web is not fetched: python tools/page_runtime.py",
)


def test_a_busy_port_is_one_line(kaogan, trained):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = kaogan("explore", trained, "--port", port, "--no-open")
    assert outcome.status == 1
    assert outcome.error == f"error: cannot listen on port {port}; choose another --port"


def test_no_such_port_is_one_line(kaogan, trained):
    assert kaogan("explore", trained, "--port", "70000", "--no-open").status == 2


@needs_runtime
@pytest.mark.slow
def test_it_serves_a_run_until_it_is_interrupted(trained, beside):
    source = Path(package.__file__).parent.parent
    command = [sys.executable, "-m", "kaogan", "explore", str(trained), "--no-open"]
    environment = os.environ | {"PYTHONPATH": str(source)}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        # Whoever runs the tests in the background has them ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        assert line.startswith("http://127.0.0.1:"), process.stderr and process.stderr.read()
        port = int(line.partition("/  ")[0].rpartition(":")[2])
        assert ask(port, "/model/generator.onnx")[0].status == 200
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Traceback" not in err
