"""Kept faces: staying, walking between them, and taking them along."""

import io

import av
import numpy as np
import pytest
from browsing import drawn, eventually, settled
from PIL import Image


def keep(tab, *seeds: int) -> None:
    for seed in seeds:
        tab.evaluate(f"location.hash = 'face?seed={seed}'")
        eventually(tab, f"document.querySelector('#face-name').textContent === 'Seed {seed}'")
        tab.click("#keep")
        assert tab.inner_text("#keep") == "Kept"
    tab.click('[data-view="kept"]')


def test_kept_faces_stay_and_can_be_let_go_and_brought_back(visit):
    tab = visit()
    keep(tab, 4, 9)
    tab.reload()
    tab.wait_for_selector("#shelf .kept-face:nth-child(2) canvas.painted")
    tab.get_by_label("Let seed 4 go").click()
    assert tab.locator("#shelf .kept-face").count() == 1
    tab.keyboard.press("z")
    assert tab.locator("#shelf .kept-face").count() == 2
    tab.get_by_label("Open seed 9").click()
    assert tab.inner_text("#face-name") == "Seed 9"


def test_a_browser_that_stores_nothing_keeps_them_until_it_is_closed(visit):
    tab = visit()
    tab.evaluate("void (Storage.prototype.setItem = () => { throw new Error('full') })")
    keep(tab, 4)
    assert tab.locator("#shelf .kept-face").count() == 1
    assert "stores nothing" in tab.inner_text("#status")


def test_the_walk_starts_at_the_first_face_and_passes_the_second(visit, picture_of_seed):
    tab = visit()
    keep(tab, 4, 9)
    settled(tab, "#screen", picture_of_seed(4))
    tab.locator("#position").fill("0.5")
    settled(tab, "#screen", picture_of_seed(9))
    tab.select_option("#pace", "0.5")
    tab.click("#play")
    assert eventually(tab, "Number(document.querySelector('#position').value) !== 0.5")
    tab.click("#play")
    assert tab.inner_text("#play") == "Play"


def test_the_contact_sheet_shows_all(visit):
    tab = visit()
    tab.set_checked("#crisp", True)
    keep(tab, 4, 9, 11)
    tab.wait_for_selector("#shelf .kept-face:nth-child(3) canvas.painted")
    with tab.expect_download() as download:
        tab.click("#sheet")
    sheet = np.asarray(Image.open(io.BytesIO(download.value.path().read_bytes())).convert("RGB"))
    assert sheet.shape == (2 * 136 + 8, 2 * 136 + 8, 3)
    first = drawn(tab, "#shelf .kept-face:nth-child(1) canvas")
    np.testing.assert_array_equal(sheet[8:136:2, 8:136:2], first)
    assert (sheet[-130:, -130:] == 255).all()


@pytest.mark.slow
def test_the_walk_can_be_saved_as_a_video(visit, tmp_path):
    tab = visit()
    keep(tab, 4, 9)
    tab.select_option("#pace", "0.5")
    suffix = "mp4" if tab.evaluate("MediaRecorder.isTypeSupported('video/mp4')") else "webm"
    tab.click("#walk-video")
    tab.wait_for_selector("#ready[open] video", timeout=60_000)
    with tab.expect_download() as download:
        tab.click("#ready-save")
    assert download.value.suggested_filename == f"faces.{suffix}"
    file = tmp_path / f"faces.{suffix}"
    download.value.save_as(file)
    with av.open(str(file)) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert len(frames) >= 5
    assert frames[0].shape == (512, 512, 3)
    assert np.abs(frames[0].astype(int) - frames[len(frames) // 2]).mean() > 2


def test_a_browser_that_cannot_record_still_makes_a_gif(visit):
    tab = visit(script="MediaRecorder.isTypeSupported = () => false")
    keep(tab, 4, 9)
    tab.select_option("#pace", "0.5")
    tab.click("#walk-video")
    assert "It can make a GIF" in tab.inner_text("#status")
    tab.click("#walk-gif")
    tab.wait_for_selector("#ready[open] img")


def test_making_a_film_can_be_cancelled(visit):
    tab = visit()
    keep(tab, 4, 9)
    clicks = "const button = document.querySelector('#walk-gif'); button.click(); button.click()"
    tab.evaluate(f"void (() => {{ {clicks} }})()")
    tab.wait_for_selector("#walk-gif:has-text('Make GIF')")
    assert tab.is_hidden("#ready")
