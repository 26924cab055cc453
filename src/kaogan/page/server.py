"""Serving a page to this machine only."""

import errno
import re
import sys
import webbrowser
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from kaogan.errors import KaoganError

HOST = "127.0.0.1"

TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "png": "image/png",
    "mjs": "text/javascript; charset=utf-8",
    "wasm": "application/wasm",
    "webp": "image/webp",
}

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; "
    "worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",  # another generator's page may have the same address tomorrow
}

MOST_TAKEN = 4096
"""Bytes that a page may send at once."""


USUAL_PORT = 8470
PORTS_TRIED = 20


def usual_server() -> "Server":
    """A server on the usual port, so that a browser finds what it stored for the page (a browser
    stores for each address). If that port is taken, on the next free one, and this is said.

    Raises:
        KaoganError: all the ports that are tried are taken.

    """
    for port in range(USUAL_PORT, USUAL_PORT + PORTS_TRIED):
        try:
            serving = Server(port)
        except KaoganError:
            continue
        if port != USUAL_PORT:
            print(
                f"note: port {USUAL_PORT} is taken, so the page is at port {port}; faces kept in "
                f"the page at port {USUAL_PORT} are not shown there",
                file=sys.stderr,
            )
        return serving
    raise KaoganError(
        f"the ports {USUAL_PORT} to {USUAL_PORT + PORTS_TRIED - 1} are taken; choose another --port"
    )


def serve(serving: "Server", *, open_browser: bool) -> None:
    """Print the address, open the browser, and serve until Ctrl-C."""
    address = f"http://{HOST}:{serving.server_port}/"
    print(f"{address}  (Ctrl-C ends it)", flush=True)
    if open_browser:
        webbrowser.open(address)
    try:
        serving.serve_forever()
    except KeyboardInterrupt:
        print()


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for known names, and POST if the server takes something."""

    server: "Server"
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds without a word, after which the connection is closed

    def do_GET(self) -> None:
        """Send a file."""
        name = urlsplit(self.path).path.removeprefix("/") or "index.html"
        if not self._is_for_us():
            self._send(403, b"This page is for this machine only.\n")
        elif (content := self.server.files.get(name)) is None:
            self._send(404, b"There is no such file.\n")
        else:
            kind = TYPES.get(name.rpartition(".")[2], "application/octet-stream")
            self._send(200, content, kind)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """Hand what the served page sends to the server's `take`."""
        length = self.headers.get("Content-Length", "")
        self.close_connection = True  # what was not read would be taken for the next request
        if self.server.take is None:
            self._send(501, b"Nothing can be written here.\n")
        elif not self._is_for_us() or not self._is_from_us():
            self._send(403, b"This page is for this machine only.\n")
        elif not re.fullmatch("[0-9]{1,9}", length) or int(length) > MOST_TAKEN:
            self._send(413, b"That is too much.\n")
        else:
            try:
                self.server.take(self.rfile.read(int(length)))
                self._send(200, b"Kept.\n")
            except ValueError:
                self._send(400, b"That makes no sense.\n")
            except OSError:
                self._send(500, b"It could not be written.\n")

    def _is_for_us(self) -> bool:
        """Was this server asked by its own name?

        Otherwise a page elsewhere whose name points to 127.0.0.1 (DNS rebinding) could read what is
        served here.
        """
        port = self.server.server_port
        return self.headers.get("Host", "") in (f"{HOST}:{port}", f"localhost:{port}")

    def _is_from_us(self) -> bool:
        """Did a page of this server send this? Browsers name the page's origin in every POST, and a
        page elsewhere cannot name another origin than its own.
        """
        return self.headers.get("Origin") == f"http://{self.headers['Host']}"

    def _send(self, status: int, content: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def version_string(self) -> str:
        return "kaogan"

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: it would be a line for each of dozens of files."""


class Server(ThreadingHTTPServer):
    """Serves its `files`, contents by name, to programs on this machine.

    Args:
        port: where to listen; 0: any free port.
        take: called with what the page sends (at most `MOST_TAKEN` bytes), in any thread; raises
            ValueError if that makes no sense. None: nothing is taken.

    Raises:
        KaoganError: another program listens on the port.

    """

    def __init__(self, port: int, take: Callable[[bytes], None] | None = None) -> None:
        self.files: Mapping[str, bytes] = {}
        self.take = take
        try:
            super().__init__((HOST, port), Handler)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            raise KaoganError(f"cannot listen on port {port}; choose another --port") from None

    def handle_error(self, request: object, client_address: object) -> None:
        """Print errors, unless a browser has only hung up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]
