"""A page, a server and a real browser for it.

Every test that visits the page also proves that it asked no other origin and that nothing went
wrong unsaid; a test that breaks the page on purpose says so with `visit(..., broken=True)`.
"""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from browsing import Files, changed_about, is_ours, training

from kaogan.errors import KaoganError
from kaogan.export import network_of
from kaogan.images import Pixels, to_pixels
from kaogan.latent.encoder import Encoder
from kaogan.page.making import page_of
from kaogan.page.server import Server
from kaogan.rng import latents
from kaogan.zoo import pretrained, pretrained_recipe

ZOO = "avatars-64"
DIRECTIONS = [
    ("lightness", "named"),
    ("hair hue", "named"),
    ("background-lightness", "named"),
    ("sefa 1", "sefa"),
    ("pca 1", "pca"),
]


@pytest.fixture(scope="session")
def generator() -> torch.nn.Module:
    return pretrained(ZOO).generator


@pytest.fixture(scope="session")
def directions() -> list[dict[str, Any]]:
    """Any five directions of length 1, described as about.json has them."""
    vectors = torch.linalg.qr(torch.randn(100, 5, generator=torch.Generator().manual_seed(3)))[0].T
    return [
        {"name": name, "kind": kind, "vector": vector.tolist()}
        | {"low": "dark background", "high": "light background", "r2": 0.8, "per_unit": 0.5}
        for (name, kind), vector in zip(DIRECTIONS, vectors, strict=True)
    ]


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    torch.manual_seed(0)
    return Encoder(64, 3, 100, width=8).eval()


@pytest.fixture(scope="session")
def files(generator: torch.nn.Module, directions: list[dict[str, Any]], encoder: Encoder) -> Files:
    """The page of the drawn avatars, with an encoder that has learned nothing yet."""
    network = network_of(pretrained_recipe(ZOO).model, "generator", generator.state_dict())
    try:
        made = dict(page_of(network, "Avatars", directions, encoder).files)
    except KaoganError as error:
        pytest.skip(str(error))
    return changed_about(made, training=training())


@pytest.fixture(scope="session")
def without_encoder(files: Files) -> Files:
    named = json.loads(files["model/about.json"])["files"] | {"encoder": None}
    kept = {name: content for name, content in files.items() if name != "model/encoder.onnx"}
    return changed_about(kept, files=named)


@pytest.fixture
def serve() -> Iterator[Callable[[Files], str]]:
    """Serve a page as `kaogan explore` does; returns its address."""
    servers: list[Server] = []

    def start(files: Files) -> str:
        server = Server(0)
        server.files = files
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def visit(browser: Any, serve: Callable[[Files], str], files: Files) -> Iterator[Callable]:
    """Open the page at a hash, in a fresh browser profile."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def start(
        hash: str = "",
        page: Files | None = None,
        broken: bool = False,
        script: str | None = None,
        **context: Any,
    ):
        address = serve(page or files)
        fresh = browser.new_context(accept_downloads=True, **context)
        contexts.append(fresh)
        if script is not None:  # runs before the page's own
            fresh.add_init_script(script)
        tab = fresh.new_page()
        tab.set_default_timeout(30_000)
        tab.on(
            "request", lambda request: is_ours(request.url, address) or wrong.append(request.url)
        )
        if not broken:
            tab.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.goto(address + hash)
        tab.wait_for_selector("main:not([aria-busy])")
        return tab

    yield start
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture(scope="session")
def picture_of(generator: torch.nn.Module) -> Callable[[torch.Tensor], Pixels]:
    """What PyTorch draws for one latent `Z`."""

    def draw(z: torch.Tensor) -> Pixels:
        with torch.inference_mode():
            return to_pixels(generator(z[None]))[0].numpy()

    return draw


@pytest.fixture(scope="session")
def picture_of_seed(picture_of: Callable[[torch.Tensor], Pixels]) -> Callable[[int], Pixels]:
    return lambda seed: picture_of(latents([seed], 100)[0])
