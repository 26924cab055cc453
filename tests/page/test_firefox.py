"""What matters most on the page, in Firefox."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from browsing import Files, eventually, is_ours, settled

import firefox
from kaogan.page.singlefile import single_file
from kaogan.rng import latents

pytestmark = pytest.mark.skipif(firefox.PROGRAM is None, reason="there is no Firefox here")


@pytest.fixture(scope="module")
def started(tmp_path_factory) -> Iterator[firefox.Firefox]:
    program = firefox.Firefox(tmp_path_factory.mktemp("firefox"))
    yield program
    program.close()


@pytest.fixture
def tab(started, serve, files: Files) -> Iterator[firefox.Tab]:
    """The page, which asks no other origin and logs no error."""
    address = serve(files)
    started.events.clear()
    started.tab.goto(f"{address}#face?seed=42")
    started.tab.wait_for_selector("body.ready")
    yield started.tab
    started.tab.evaluate("1")  # fetches the events until now
    logged = [one["params"] for one in started.events if one["method"] == "log.entryAdded"]
    assert [entry["text"] for entry in logged if entry["level"] == "error"] == []
    requests = [
        one["params"]["request"]["url"] for one in started.events if "network" in one["method"]
    ]
    assert requests
    assert all(is_ours(url, address) for url in requests)


def test_it_draws_what_pytorch_draws(tab, picture_of_seed):
    settled(tab, "#portrait", picture_of_seed(42))
    settled(tab, '#tiles [data-seed="1"] canvas', picture_of_seed(1))


def test_chips_move_the_face_and_kept_faces_stay(tab, picture_of, directions):
    named = {one["name"]: torch.tensor(one["vector"]) for one in directions}
    vector = named["background-lightness"]
    z = latents([42], 100)[0]
    amount = round(float((2.5 - z @ vector) / 0.05)) * 0.05
    tab.click('[aria-label="background"] .chip:nth-child(2)')
    settled(tab, "#portrait", picture_of(z + amount * vector))
    tab.click("#keep")
    assert tab.inner_text("#keep") == "Kept"
    tab.click("#another")
    assert eventually(tab, "document.querySelector('#face-name').innerText !== 'Seed 42, changed'")
    tab.reload()
    tab.wait_for_selector("#shelf .kept-face canvas.painted")
    tab.click("#shelf .tile")
    settled(tab, "#portrait", picture_of(z + amount * vector))


@pytest.mark.slow
@pytest.mark.parametrize(("button", "shown"), [("#film-video", "video"), ("#film-gif", "img")])
def test_it_makes_films(tab, button, shown):
    tab.click(button)
    tab.wait_for_selector(f"#ready[open] {shown}")
    size = f"document.querySelector('#ready-preview {shown}')"
    width = {"video": "videoWidth", "img": "naturalWidth"}[shown]
    assert eventually(tab, f"{size}.{width}") == {"video": 512, "img": 256}[shown]
    tab.click("#ready form button")


def test_a_picture_finds_a_face(tab):
    tab.evaluate(
        """async () => {
            const canvas = new OffscreenCanvas(90, 70);
            canvas.getContext("2d").fillRect(0, 0, 50, 50);
            const transfer = new DataTransfer();
            transfer.items.add(new File([await canvas.convertToBlob()], "a.png"));
            document.querySelector("#file").files = transfer.files;
            document.querySelector("#file").dispatchEvent(new Event("change"));
        }"""
    )
    tab.wait_for_selector("#crop[open]")
    tab.click("#crop-done")
    tab.wait_for_selector("#original:not([hidden])")
    tab.click("#another")


@pytest.mark.slow
def test_the_single_file_draws_from_the_disk(started, files, tmp_path: Path, picture_of_seed):
    file = tmp_path / "page.html"
    file.write_bytes(single_file(files))
    started.tab.goto(f"{file.as_uri()}#face?seed=42")
    settled(started.tab, "#portrait", picture_of_seed(42))
