"""One face: attributes, sliders, links, undo, downloading, sharing."""

import io

import av
import numpy as np
import pytest
import torch
from browsing import changed_about, enlarged, eventually, settled, unfold
from PIL import Image

from kaogan.rng import latents


def slide(tab, name: str, value: float) -> None:
    """As a drag does: many steps, then letting go."""
    unfold(tab, "slider-group")
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


def pressed(tab) -> list[str]:
    chips = tab.locator('.chip[aria-pressed="true"]').all()
    return [chip.get_attribute("aria-label") for chip in chips]


HAIR = ("hair-redness", "green hair", "red hair")
SIDES = ("background-lightness", "dark background", "light background")
CONTRAST = ("contrast", "soft contrast", "strong contrast")


@pytest.fixture
def worded(files, directions):
    """Makes pages with directions that have the words of kaogan's own properties."""

    def make(*words):
        named = [
            one | {"name": name, "low": low, "high": high}
            for one, (name, low, high) in zip(directions, words, strict=False)
        ]
        return changed_about(files, directions=named + directions[3:])

    return make


def chips(tab) -> dict[str, list[str]]:
    return {
        group.get_attribute("aria-label"): group.locator(".chip").all_inner_texts()
        for group in tab.locator(".chip-group").all()
    }


def test_the_first_view_is_a_face_with_another_and_the_wall(visit):
    tab = visit()
    first = tab.inner_text("#face-name")
    assert first.startswith("Seed ")
    tab.wait_for_selector("#portrait.painted")
    tab.wait_for_selector('[data-seed="0"] canvas.painted')
    assert tab.locator("#portrait").bounding_box()["y"] < tab.locator("#tiles").bounding_box()["y"]
    tab.click("#another")
    second = tab.inner_text("#face-name")
    assert second != first
    tab.keyboard.press("r")
    assert tab.inner_text("#face-name") not in (first, second)


def test_chips_are_about_parts_of_the_picture_if_any_are(visit, worded):
    parts = {"hair": ["green", "red"], "background": ["dark", "light"]}
    assert chips(visit(page=worded(HAIR, SIDES, CONTRAST))) == parts
    assert chips(visit(page=worded(CONTRAST))) == {"picture": ["soft contrast", "strong contrast"]}
    assert chips(visit(page=worded())) == {}


def test_a_chip_puts_the_face_at_the_end_of_a_direction(visit, worded, vectors, picture_of):
    tab = visit("#face?seed=42", page=worded(HAIR, SIDES))
    z, vector = latents([42], 100)[0], vectors["lightness"]
    amount = round(float((2.5 - z @ vector) / 0.05)) * 0.05
    tab.get_by_label("red hair").click()
    settled(tab, "#portrait", picture_of(z + amount * vector))
    assert pressed(tab) == ["red hair"]
    assert value(tab, "hair-redness") == pytest.approx(amount)
    tab.get_by_label("green hair").click()
    assert pressed(tab) == ["green hair"]
    tab.get_by_label("green hair").click()
    assert pressed(tab) == []
    settled(tab, "#portrait", picture_of(z))


def test_another_face_has_the_same_attributes(visit, worded):
    tab = visit("#face?seed=42", page=worded(HAIR, SIDES))
    tab.get_by_label("red hair").click()
    tab.get_by_label("dark background").click()
    before = value(tab, "hair-redness")
    tab.click("#another")
    assert pressed(tab) == ["red hair", "dark background"]
    assert value(tab, "hair-redness") != before


def test_directions_stand_in_groups_by_how_they_were_found(visit):
    tab = visit("#face?seed=1")
    tab.wait_for_selector("#portrait.painted")
    unfold(tab, "slider-group")
    groups = tab.locator("#sliders details").all()
    assert [group.locator("input").count() for group in groups] == [3, 1, 1]
    assert [group.get_attribute("open") is not None for group in groups] == [True, False, False]
    assert tab.locator("#sliders").get_by_label("Background lightness").is_visible()
    assert "sefa" not in tab.text_content("#sliders").replace("(SeFa)", "")
    assert tab.locator("#sliders").get_by_label("Mixed 2").count() == 1


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
    unfold(tab, "slider-group")
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
    tab.keyboard.press("ArrowLeft")
    assert tab.inner_text("#face-name") == "Seed 9"


@pytest.mark.parametrize("size", [64, 256, 512])
@pytest.mark.parametrize("crisp", [True, False])
def test_the_png_is_the_face_enlarged(visit, picture_of_seed, crisp, size):
    tab = visit("#face?seed=42")
    face = picture_of_seed(42)
    settled(tab, "#portrait", face)
    tab.set_checked("#crisp", crisp)
    tab.select_option("#size", str(size))
    picture = np.asarray(Image.open(io.BytesIO(downloaded(tab, "#download"))).convert("RGB"))
    times = size // 64
    wanted = face.repeat(times, axis=0).repeat(times, axis=1) if crisp else enlarged(face, size)
    assert np.abs(picture.astype(int) - wanted).max() <= 2


def copied(tab) -> str:
    tab.click("#link")
    eventually(tab, "document.querySelector('#status').textContent.includes('copied')")
    return tab.evaluate("navigator.clipboard.readText()")


def test_the_link_is_copied_with_a_true_word_about_it(visit):
    tab = visit("#face?seed=42", permissions=["clipboard-read", "clipboard-write"])
    tab.wait_for_selector("#portrait.painted")
    assert copied(tab) == tab.evaluate("location.href")
    assert "on this computer only, while kaogan explore runs" in tab.inner_text("#status")
    tab.click("#another")
    tab.click('[data-view="wall"]')
    seed = tab.inner_text("#face-name").removeprefix("Seed ")
    assert copied(tab).endswith(f"#face?seed={seed}"), (
        "the face, even if the address names the wall"
    )


SHEET = """() => {
    window.shared = [];
    navigator.canShare = ({ files }) => files.length > 0;
    navigator.share = async ({ files: [file] }) => {
        shared.push([file.name, file.type, file.size]);
        if (shared.length > 1) throw new DOMException("", "AbortError");
    };
}"""


def test_a_picture_goes_to_the_share_sheet_where_there_is_one(visit):
    assert visit("#face?seed=42").is_hidden("#share")
    tab = visit("#face?seed=42", script=f"({SHEET})()")
    tab.wait_for_selector("#portrait.painted")
    tab.select_option("#size", "256")
    tab.click("#share")
    [[name, kind, size]] = eventually(tab, "shared.length && shared")
    assert (name, kind) == ("face-42-256.png", "image/png")
    assert size > 1000
    tab.click("#share")
    assert eventually(tab, "shared.length === 2")
    assert tab.inner_text("#status") == "", "whoever closes the sheet is told nothing"


def film(tab, button: str, tmp_path) -> list[np.ndarray]:
    """The frames of a film that is made and saved."""
    tab.click(button)
    tab.wait_for_selector("#ready[open]", timeout=60_000)
    with tab.expect_download() as download:
        tab.click("#ready-save")
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    with av.open(str(file)) as opened:
        return [frame.to_ndarray(format="rgb24") for frame in opened.decode(video=0)]


@pytest.mark.slow
def test_a_slider_becomes_a_film_that_goes_there_and_back(visit, picture_of, vectors, tmp_path):
    tab = visit("#face?seed=42&lightness=2")
    unfold(tab, "film-group")
    assert tab.input_value("#film-of") == ""
    frames = film(tab, "#film-gif", tmp_path)
    assert [len(frames), frames[0].shape] == [50, (256, 256, 3)]
    z = latents([42], 100)[0]
    for place, wanted in ((0, z), (25, z + 2 * vectors["lightness"])):
        assert np.abs(frames[place] - enlarged(picture_of(wanted), 256).astype(int)).mean() < 8
    assert np.abs(frames[10].astype(int) - frames[40]).mean() < 1
    tab.keyboard.press("Escape")
    tab.select_option("#film-of", "hair hue")
    frames = film(tab, "#film-gif", tmp_path)
    wanted = enlarged(picture_of(z + 2 * vectors["lightness"] - 3 * vectors["hair hue"]), 256)
    assert np.abs(frames[0] - wanted.astype(int)).mean() < 8


def test_without_changes_a_film_shows_a_direction(visit):
    tab = visit("#face?seed=42")
    unfold(tab, "film-group")
    assert tab.input_value("#film-of") == "lightness"
    assert tab.is_disabled("#film-of option >> nth=0")
