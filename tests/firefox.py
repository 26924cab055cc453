"""Firefox as a distribution packs it, driven by WebDriver BiDi through its remote port.

(Playwright drives only builds of its own.) A `Tab` has those methods of a Playwright page that the
tests of the page use.
"""

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")
LISTENING = re.compile(rb"WebDriver BiDi listening on ws://127\.0\.0\.1:(\d+)")
PATIENCE = 60
"""Seconds that anything may take."""


class Firefox:
    """A Firefox with a profile of its own, and one tab."""

    def __init__(self, profile: Path) -> None:
        command = [PROGRAM, "--headless", "--remote-debugging-port=0", "--profile", str(profile)]
        log = profile / "log.txt"
        with log.open("wb") as stream:
            self._process = subprocess.Popen(command, stdout=stream, stderr=stream)
        deadline = time.monotonic() + PATIENCE
        while not (found := LISTENING.search(log.read_bytes())):
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(f"Firefox did not start: {log.read_text()[-500:]}")
            time.sleep(0.1)
        self._socket = WebSocket(int(found[1]), "/session")
        self._count = 0
        self.events: list[dict[str, Any]] = []
        self.ask("session.new", {"capabilities": {}})
        self.ask("session.subscribe", {"events": ["log.entryAdded", "network.beforeRequestSent"]})
        self.tab = Tab(self, self.ask("browsingContext.getTree", {})["contexts"][0]["context"])

    def ask(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """The result of a command. Events that come before it are kept."""
        self._count += 1
        question = {"id": self._count, "method": method, "params": parameters}
        self._socket.send(json.dumps(question))
        while (answer := json.loads(self._socket.receive())).get("id") != self._count:
            self.events.append(answer)
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['message']}")
        return dict(answer["result"])

    def close(self) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(PATIENCE)


class Tab:
    """The tab of a Firefox."""

    def __init__(self, firefox: Firefox, context: str) -> None:
        self._firefox = firefox
        self._context = context

    def goto(self, address: str) -> None:
        about = {"context": self._context, "url": address, "wait": "complete"}
        self._firefox.ask("browsingContext.navigate", about)

    def reload(self) -> None:
        self._firefox.ask("browsingContext.reload", {"context": self._context, "wait": "complete"})

    def evaluate(self, expression: str, argument: Any = None) -> Any:
        """The value of a JavaScript expression; if it is a function, of calling it."""
        asked = f"""(async () => {{
            const it = ({expression});
            const value = await (typeof it === "function" ? it({json.dumps(argument)}) : it);
            return JSON.stringify(value) ?? "null";
        }})()"""
        about = {"expression": asked, "target": {"context": self._context}, "awaitPromise": True}
        answer = self._firefox.ask("script.evaluate", about)
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def click(self, selector: str) -> None:
        self.evaluate(f"void document.querySelector({json.dumps(selector)}).click()")

    def inner_text(self, selector: str) -> str:
        return str(self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText"))

    def wait_for_selector(self, selector: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.evaluate(f"document.querySelector({json.dumps(selector)}) !== null"):
            if time.monotonic() > deadline:
                raise AssertionError(f"there is no {selector}")
            time.sleep(0.05)

    def wait_for_timeout(self, milliseconds: float) -> None:
        time.sleep(milliseconds / 1000)

    def screenshot(self, file: Path) -> None:
        about = {"context": self._context}
        data = self._firefox.ask("browsingContext.captureScreenshot", about)["data"]
        file.write_bytes(base64.b64decode(data))


class WebSocket:
    """Text to and from a server on this machine (RFC 6455)."""

    def __init__(self, port: int, path: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._read = self._socket.makefile("rb").read
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        self._socket.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += self._read(1)
        if b" 101 " not in answer:
            raise RuntimeError(f"no WebSocket: {answer!r}")

    def send(self, text: str) -> None:
        content = text.encode()
        head = bytes([0x81])
        if len(content) < 126:
            head += bytes([0x80 | len(content)])
        elif len(content) < 1 << 16:
            head += bytes([0x80 | 126]) + len(content).to_bytes(2, "big")
        else:
            head += bytes([0x80 | 127]) + len(content).to_bytes(8, "big")
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(content))
        self._socket.sendall(head + mask + masked)

    def receive(self) -> str:
        """The next text, of one frame or several."""
        content, last = b"", False
        while not last:
            kind, length = self._read(2)
            last = bool(kind & 0x80)
            if length >= 126:
                length = int.from_bytes(self._read(2 if length == 126 else 8), "big")
            piece = self._read(length)
            if kind & 0x0F >= 8:  # a ping, or the like
                last = False
            else:
                content += piece
        return content.decode()

    def close(self) -> None:
        self._socket.close()
