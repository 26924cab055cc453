"""The documentation as a site (make docs): built without a warning, whole, and at home everywhere.

Every page is opened in a real Chromium on a phone, some on a context: it asks no other origin for
anything, complains of nothing, and is not wider than the screen.
"""

import functools
import http.server
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from test_docs import ROOT

pytest.importorskip("mkdocs", reason="needs kaogan[docs]")
pytest.importorskip("mkdocstrings", reason="needs kaogan[docs]")
SCREENS = {
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
    "context": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
}

ON_THE_DESK = ("/", "explanation/gan/", "labs/1_simulated_data/", "python/losses/", "reference/")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def pages(site: Path) -> dict[str, str]:
    """Address within the site and content."""
    return {
        file.parent.relative_to(site).as_posix().removeprefix(".") + "/": file.read_text("utf-8")
        for file in site.rglob("index.html")
    }


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address(site) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_equations_are_set_and_no_mark_of_them_is_left(site):
    made = pages(site)
    for page in ("explanation/gan/", "labs/1_simulated_data/"):
        assert made[page].count("<math") > 20
    assert not [page for page, text in made.items() if "arithmatex" in text]
    assert not [page for page, text in made.items() if re.search(r"<code>[^<]*\\\|", text)]


def test_the_labs_and_the_code_are_there(site):
    made = pages(site)
    for notebook in ROOT.glob("labs/notebooks/*.ipynb"):
        page = made[f"labs/{notebook.stem}/"]
        assert 'src="data:image/' in page
        assert "<progress" not in page
        assert (site / "labs" / "notebooks" / notebook.name).read_bytes() == notebook.read_bytes()
    text = re.sub(r"<[^>]+>", "", made["python/losses/"])
    assert "real_term = (1 - s) * softplus(-real) + s * softplus(real)" in text


@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_is_at_home(site, address, screen, browser):
    wrong = []
    context = browser.new_context(**SCREENS[screen])
    tab = context.new_page()
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("console", lambda said: said.type == "error" and wrong.append(said.text))
    tab.on(
        "request",
        lambda asked: asked.url.startswith((address, "data:")) or wrong.append(asked.url),
    )
    for page in sorted(pages(site)) if screen == "phone" else ON_THE_DESK:
        tab.goto(address + page.lstrip("/"))
        width = tab.evaluate("document.documentElement.scrollWidth")
        if width > SCREENS[screen]["viewport"]["width"]:
            wrong.append(f"{page} is {width} wide")
    tab.wait_for_load_state("networkidle")
    context.close()
    assert not wrong
