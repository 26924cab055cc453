"""Malformed requests to the server of `kaogan explore`, `kaogan watch` and the panel."""

import contextlib
import io
import socket
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from attack import Case, Fell, Rng, damaged
from kaogan.page.server import HOST, Server

SECRET = b"<title>the page</title>"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "", "\x00")
PATHS = (
    *("/", "/index.html", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//", "/\x00", "*"),
    *("/model/../../x", "http://evil.example/", "/" + "a" * 70_000, "/?" + "&" * 5000, "/%", "é"),
    *("/js/main.js", "\\..\\..\\x", "/.git/config", "/CON", "/index.html/..", "/" + "../" * 500),
)
VERSIONS = ("HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/9.9", "HTTP/1.1.1", "", "JUNK")
LENGTHS = ("0", "5", "-1", "99999999999", "9" * 5000, "x", "٣", "1e3", "0x10", "", " 5", "5, 5")
HOSTS = ("evil.example", "", "localhost", "127.0.0.1", "[::1]", "127.0.0.1:1", "\x00", "a" * 5000)


def requests(folder: Path, rng: Rng, count: int) -> Iterator[Case]:
    """Requests that no browser sends. The server must answer or hang up, print no traceback, give
    the page to nobody who asks by another name, and go on.
    """
    kept: list[bytes] = []

    def take(content: bytes) -> None:
        kept.append(content)
        raise ValueError

    server = Server(0, take)
    server.files = {"index.html": SECRET, "js/main.js": b"//"}
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    own = f"{HOST}:{server.server_port}"
    sound = f"GET / HTTP/1.1\r\nHost: {own}\r\nConnection: close\r\n\r\n".encode()
    try:
        for number in range(count):
            content, ours = request(rng, own)
            if number % 4 == 0:
                content, ours = damaged(sound, rng), True
            what = f"request {number}: {content[:60]!r}"
            yield Case(what, partial(send, server.server_port, content, ours, sound))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def request(rng: Rng, own: str) -> tuple[bytes, bool]:
    """A request, and whether it asks by the server's own name."""
    pick = lambda options: str(options[int(rng.integers(len(options)))])  # noqa: E731
    host = own if rng.integers(2) else pick(HOSTS)
    lines = [f"{pick(METHODS)} {pick(PATHS)} {pick(VERSIONS)}", f"Host: {host}"]
    if rng.integers(2):
        lines.append(f"Content-Length: {pick(LENGTHS)}")
    if rng.integers(2):
        lines.append(f"Origin: {pick(('null', 'http://evil.example', f'http://{own}'))}")
    if rng.integers(4) == 0:
        lines += [f"X-{number}: {'v' * 300}" for number in range(int(rng.integers(200)))]
    if rng.integers(4) == 0:
        lines.append(pick(("Transfer-Encoding: chunked", "Expect: 100-continue", ": x", "x", " y")))
    end = pick(("\r\n", "\n", "\r"))
    body = rng.bytes(int(rng.integers(0, 60)))
    text = end.join([*lines, "", ""]).encode("utf-8", "surrogatepass")
    return text + body, host in (own, "localhost", "127.0.0.1")


def send(port: int, content: bytes, ours: bool, sound: bytes) -> None:
    complaints = io.StringIO()
    with contextlib.redirect_stderr(complaints):
        answer = asked(port, content)
        if SECRET in answer and not ours:
            raise Fell("the page was given to another name")
        if SECRET not in asked(port, sound):
            raise Fell("it does not answer any more")
    if "Traceback" in complaints.getvalue():
        raise Fell(complaints.getvalue().splitlines()[-1])


def asked(port: int, content: bytes) -> bytes:
    answer = b""
    connection = socket.create_connection((HOST, port), timeout=20)
    with connection, contextlib.suppress(OSError):
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        while part := connection.recv(65536):
            answer += part
    return answer
