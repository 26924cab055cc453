"""The server of pages: asked as a browser asks, and as one should not."""

import http.client
import threading
from collections.abc import Iterator

import pytest

from kaogan.page.server import Server

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


def send(port: int, content: bytes, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    own = {"Origin": f"http://127.0.0.1:{port}"} | headers
    connection.request("POST", "/score", content, own)
    status = connection.getresponse().status
    connection.close()
    return status


def test_what_its_own_page_sends_is_taken(server):
    taken: list[bytes] = []
    server.take = taken.append
    assert send(server.server_port, b"a line") == 200
    assert taken == [b"a line"]


def test_what_others_send_and_too_much_is_refused(server):
    taken: list[bytes] = []
    server.take = taken.append
    port = server.server_port
    assert send(port, b"a line", Origin="http://evil.example") == 403
    assert send(port, b"a line", Origin="null") == 403
    assert send(port, b"a line", Origin="http://evil.example", Host="evil.example") == 403
    assert send(port, b"a line", Origin="") == 403
    assert send(port, b"x" * 4097) == 413
    assert taken == []


@pytest.mark.parametrize(("error", "status"), [(ValueError, 400), (OSError, 500)])
def test_what_cannot_be_taken_is_said(server, error, status):
    def take(content: bytes) -> None:
        raise error

    server.take = take
    assert send(server.server_port, b"a line") == status
    assert ask(server.server_port, "/")[0].status == 200
