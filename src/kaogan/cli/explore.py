"""`kaogan explore`: the page of a generator, served on this machine."""

import argparse
import errno
import sys
import webbrowser
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kaogan.cli import pages
from kaogan.cli.generators import add_options, chosen
from kaogan.errors import KaoganError, UsageError

if TYPE_CHECKING:
    from kaogan.export import Page

HOST = "127.0.0.1"

TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
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


def add(commands: "argparse._SubParsersAction[Any]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "explore",
        help="open a page that draws faces in the browser",
        description="Serve the page that `kaogan export --format page` writes, to this machine "
        "only, and open it in the browser; Ctrl-C ends it. Needs pip install 'kaogan[onnx]'.",
        allow_abbrev=False,
    )
    add_options(command)
    command.add_argument("--port", type=int, default=0, help="port to listen on (any free one)")
    command.add_argument("--no-open", action="store_true", help="do not open the browser")
    pages.add_options(command)
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Make the page and serve it until Ctrl-C."""
    if not 0 <= options.port < 2**16:
        raise UsageError(
            f"there is no port {options.port}; use 1024 to 65535, or 0 for any free one"
        )
    with Server(options.port) as serving:  # first, since making the page may take a minute
        serving.files = _page(options).files
        address = f"http://{HOST}:{serving.server_port}/"
        print(f"{address}  (Ctrl-C ends it)", flush=True)
        if not options.no_open:
            webbrowser.open(address)
        try:
            serving.serve_forever()
        except KeyboardInterrupt:
            print()


def _page(options: argparse.Namespace) -> "Page":
    from kaogan.export import Origin, network_of

    made = chosen(options)
    images = made.run.read(options.checkpoint)[1]["images_seen"] if made.run else None
    origin = Origin(made.name, made.home, made.recipe, made.run, images)
    weights = made.sampler.generator.state_dict()
    network = network_of(made.recipe.model, "generator", weights, origin)
    return pages.page(network, made.name, options, "fp32")


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for known names."""

    server: "Server"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, body: bool) -> None:
        name = urlsplit(self.path).path.removeprefix("/") or "index.html"
        if not self._is_meant():
            self._send(403, b"This page is for this machine only.\n", "text/plain", body)
        elif name not in self.server.files:
            self._send(404, b"There is no such file.\n", "text/plain", body)
        else:
            kind = TYPES.get(name.rpartition(".")[2], "application/octet-stream")
            self._send(200, self.server.files[name], kind, body)

    def _is_meant(self) -> bool:
        """Was this server asked under its own name?

        A page elsewhere that lets its name point to 127.0.0.1 (DNS rebinding) would otherwise read
        what is served here.
        """
        port = self.server.server_port
        return self.headers.get("Host", "") in (f"{HOST}:{port}", f"localhost:{port}")

    def _send(self, status: int, content: bytes, kind: str, body: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def version_string(self) -> str:
        return "kaogan"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: it would be a line for each of dozens of files."""


class Server(ThreadingHTTPServer):
    """Serves its `files`, contents by name, and nothing else, to programs on this machine.

    Args:
        port: where to listen; 0: on any free one.

    Raises:
        KaoganError: something else listens there.

    """

    def __init__(self, port: int) -> None:
        self.files: Mapping[str, bytes] = {}
        try:
            super().__init__((HOST, port), Handler)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            raise KaoganError(f"cannot listen on port {port}; choose another --port") from None

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up in the middle is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]
