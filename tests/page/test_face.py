"""One face: sliders, links, undo, keeping, downloading."""

import io

import numpy as np
import pytest
import torch
from browsing import drawn, eventually, settled
from PIL import Image

from kaogan.rng import latents


def slide(tab, name: str, value: float) -> None:
    """As a drag does: many steps, then letting go."""
    tab.locator(f'#sliders [data-name="{name}"]').fill(str(value))


def value(tab, name: str) -> float:
    return float(tab.locator(f'#sliders [data-name="{name}"]').input_value())


def downloaded(tab, button: str) -> bytes:
    with tab.expect_download() as download:
        tab.click(button)
    return download.value.path().read_bytes()


@pytest.fixture
def vectors(directions) -> dict[str, torch.Tensor]:
    return {one["name"]: torch.tensor(one["vector"]) for one in directions}


def test_sliders_add_directions_and_the_link_says_so(visit, picture_of, vectors):
    tab = visit("#face?seed=42")
    slide(tab, "truncation", 0.8)
    slide(tab, "lightness", 2.5)
    slide(tab, "hair hue", -1)
    z = 0.8 * latents([42], 100)[0] + 2.5 * vectors["lightness"] - vectors["hair hue"]
    settled(tab, "#portrait", picture_of(z))
    link = "#face?seed=42&truncation=0.8&lightness=2.5&hair+hue=-1"
    assert eventually(tab, f"location.hash === '{link}'")
    again = visit(link)
    settled(again, "#portrait", picture_of(z))
    assert value(again, "lightness") == 2.5


def test_directions_stand_in_groups_by_how_they_were_found(visit):
    tab = visit("#face?seed=1")
    tab.wait_for_selector("#portrait.painted")
    groups = tab.locator("#sliders details").all()
    assert [group.locator("input").count() for group in groups] == [3, 1, 1]
    assert [group.get_attribute("open") is not None for group in groups] == [True, False, False]
    assert tab.get_by_label("Background lightness").is_visible()


def test_undo_takes_back_step_by_step(visit, picture_of_seed):
    tab = visit("#face?seed=3")
    slide(tab, "lightness", 1)
    slide(tab, "hair hue", 2)
    tab.keyboard.press("z")
    assert (value(tab, "lightness"), value(tab, "hair hue")) == (1, 0)
    tab.keyboard.press("z")
    assert value(tab, "lightness") == 0
    settled(tab, "#portrait", picture_of_seed(3))
    tab.keyboard.press("y")
    tab.keyboard.press("Control+y")
    assert (value(tab, "lightness"), value(tab, "hair hue")) == (1, 2)
    assert tab.is_disabled("#redo")


def test_a_double_click_puts_one_slider_back_and_reset_all(visit):
    tab = visit("#face?seed=3&lightness=1&hair+hue=2&truncation=0.5")
    tab.dblclick('#sliders [data-name="lightness"]')
    assert (value(tab, "lightness"), value(tab, "hair hue")) == (0, 2)
    tab.click("#reset")
    assert (value(tab, "truncation"), value(tab, "hair hue")) == (1, 0)


def test_while_dragging_only_the_newest_state_is_drawn(visit):
    """More moves than there is time for: the last one is on the canvas, and nothing waits."""
    tab = visit("#face?seed=3")
    tab.wait_for_selector("#portrait.painted")
    asked, answered = tab.evaluate(
        """async () => {
            const { Artist } = await import("./js/artist.js");
            const drawn = [];
            const slow = (latents) => new Promise((done) => setTimeout(() => {
                drawn.push(...latents);
                done(latents);
            }, 20));
            const artist = new Artist(slow);
            const jobs = [];
            for (let i = 0; i < 50; i++) {
                jobs.push(artist.now("face", i));
                await new Promise((next) => setTimeout(next, 2));
            }
            const results = await Promise.all(jobs);
            return [drawn, results.filter((one) => one !== null)];
        }"""
    )
    assert asked == answered
    assert asked[-1] == 49
    assert len(asked) < 25


def test_neighbours_are_a_key_away(visit):
    tab = visit("#face?seed=9")
    tab.wait_for_selector("#portrait.painted")
    tab.keyboard.press("ArrowRight")
    assert tab.inner_text("#face-name") == "Seed 10"
    tab.click("#previous")
    assert tab.inner_text("#face-name") == "Seed 9"


@pytest.mark.parametrize("crisp", [True, False])
def test_the_png_is_the_face_enlarged(visit, crisp):
    tab = visit("#face?seed=42")
    face = drawn(tab, "#portrait")
    tab.set_checked("#crisp", crisp)
    tab.select_option("#size", "256")
    picture = np.asarray(Image.open(io.BytesIO(downloaded(tab, "#download"))).convert("RGB"))
    assert picture.shape == (256, 256, 3)
    repeated = face.repeat(4, axis=0).repeat(4, axis=1)
    assert (np.array_equal(picture, repeated)) == crisp
    means = picture.reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
    assert np.abs(means - face).mean() < 8


def test_the_link_is_copied(visit):
    tab = visit("#face?seed=42", permissions=["clipboard-read", "clipboard-write"])
    tab.wait_for_selector("#portrait.painted")
    tab.click("#link")
    eventually(tab, "document.querySelector('#status').textContent.includes('copied')")
    assert tab.evaluate("navigator.clipboard.readText()") == tab.evaluate("location.href")
