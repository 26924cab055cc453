"""A picture from outside: a face like it is found, and the picture goes nowhere."""

import base64
import io
import re

import numpy as np
import pytest
import torch
from browsing import Files, drawn
from PIL import Image

from kaogan.images import Pixels, to_model
from kaogan.rng import latents


def png(width: int = 64, height: int = 64) -> bytes:
    ramp = np.linspace(0, 255, width * height * 3).reshape(height, width, 3)
    return encoded(ramp.astype(np.uint8))


def encoded(pixels: Pixels) -> bytes:
    with io.BytesIO() as file:
        Image.fromarray(pixels).save(file, "PNG")
        return file.getvalue()


def choose(tab, content: bytes, name: str = "picture.png") -> None:
    tab.set_input_files("#file", {"name": name, "mimeType": "image/png", "buffer": content})


SAID = """window.said = [];
new MutationObserver(() => said.push([
    document.querySelector("#status")?.textContent, document.querySelector("#typed")?.value,
])).observe(document, { subtree: true, childList: true });"""


@pytest.mark.slow
def test_the_encoders_guess_is_shown_and_improved(visit, encoder):
    pixels = torch.from_numpy(np.asarray(Image.open(io.BytesIO(png()))).copy())[None]
    with torch.inference_mode():
        z = encoder(to_model(pixels))[0].half().numpy()
    tab = visit(script=SAID)
    assert "never leaves your browser" in tab.text_content("#find-note")
    asked: list[str] = []
    tab.wait_for_selector("body.ready")
    tab.on("request", lambda request: asked.append(f"{request.method} {request.post_data}"))
    choose(tab, png())
    tab.click("#crop-done")
    tab.wait_for_selector("#status:has-text('There may be a better one')", timeout=120_000)
    np.testing.assert_array_equal(drawn(tab, "#original canvas"), pixels[0].numpy())
    said = tab.evaluate("said")
    guess = next(typed for text, typed in said if text and "encoder’s guess" in text)
    found = np.frombuffer(base64.urlsafe_b64decode(guess + "=" * (-len(guess) % 4)), np.float16)
    np.testing.assert_allclose(found, z, atol=4e-3)
    steps = [re.findall(r"[\d.]+ of|by [\d.]+", text) for text, _ in said if text]
    differences = list(dict.fromkeys(float(step[0].split()[-1]) for step in steps if step))
    assert differences == sorted(differences, reverse=True)
    assert all(request == "GET None" for request in asked)


@pytest.mark.slow
def test_a_face_that_the_generator_draws_is_found_again(visit, picture_of_seed):
    """Least squares end near a drawn face, from a start that is not far."""
    tab = visit()
    tab.wait_for_selector("body.ready")
    wanted = picture_of_seed(7)
    z = latents([7], 100)[0]
    start = z + 0.5 * latents([8], 100)[0]
    differences = tab.evaluate(
        """async ([start, pixels]) => {
            const { refine } = await import("./js/refine.js");
            const { loadGenerator, toNumbers } = await import("./js/model.js");
            const about = await (await fetch("model/about.json")).json();
            const generator = await loadGenerator(about);
            const wanted = new ImageData(Uint8ClampedArray.from(pixels), 64, 64);
            const draw = async (latents) => {
                const inputs = latents.map((z) => ({ z, labels: [] }));
                return (await generator(inputs)).map((one) => toNumbers(one, 3));
            };
            const told = [];
            const tell = (z, difference) => told.push(difference);
            const never = new AbortController().signal;
            await refine(Float32Array.from(start), toNumbers(wanted, 3), draw, tell, never);
            return told;
        }""",
        [start.tolist(), np.dstack([wanted, np.full((64, 64), 255, np.uint8)]).ravel().tolist()],
    )
    assert differences == sorted(differences, reverse=True)
    assert differences[-1] < differences[0] / 4


def test_an_off_centre_face_can_be_cropped(visit):
    halves = np.zeros((64, 192, 3), np.uint8)
    halves[:, :128, 0] = halves[:, 128:, 2] = 255
    tab = visit()
    tab.wait_for_selector("body.ready")
    choose(tab, encoded(halves))
    tab.locator("#crop-zoom").fill("2")
    box = tab.locator("#crop-square").bounding_box()
    tab.mouse.move(box["x"] + 200, box["y"] + 200)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 20, box["y"] + 200, steps=4)
    tab.mouse.up()
    tab.focus("#crop-square")
    for _ in range(60):
        tab.keyboard.press("ArrowRight")
    tab.click("#crop-done")
    tab.wait_for_selector("#original canvas.painted")
    assert (drawn(tab, "#original canvas") == [0, 0, 255]).all()


def test_closing_the_crop_changes_nothing(visit):
    tab = visit("#face?seed=3")
    choose(tab, png())
    tab.wait_for_selector("#crop[open]")
    tab.keyboard.press("Escape")
    assert tab.is_hidden("#crop")
    assert tab.inner_text("#face-name") == "Seed 3"


def test_another_face_ends_the_search(visit):
    tab = visit()
    tab.wait_for_selector("body.ready")
    choose(tab, png())
    tab.click("#crop-done")
    tab.wait_for_selector("#original:not([hidden])")
    tab.click("#another")
    name = tab.inner_text("#face-name")
    tab.wait_for_timeout(1500)
    assert tab.inner_text("#face-name") == name


def test_a_picture_can_be_dropped_anywhere(visit):
    tab = visit()
    tab.wait_for_selector("body.ready")
    tab.evaluate(
        """(content) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([Uint8Array.from(content)], "a.png"));
            const of = (kind) => new DragEvent(kind, { dataTransfer: transfer, bubbles: true,
                                                       cancelable: true });
            document.body.dispatchEvent(of("dragover"));
            document.body.dispatchEvent(of("drop"));
        }""",
        list(png(90, 70)),
    )
    tab.click("#crop-done")
    tab.wait_for_selector("#original:not([hidden])")
    assert tab.is_hidden("#dropping")


def test_what_is_no_picture_is_said_in_a_sentence(visit):
    tab = visit()
    choose(tab, b"Dear diary", "diary.png")
    tab.wait_for_selector("#status:has-text('“diary.png” is not a picture')")
    tab.wait_for_selector('[data-seed="0"] canvas.painted')


def test_a_page_without_an_encoder_says_so(visit, without_encoder: Files):
    tab = visit(page=without_encoder)
    assert tab.is_hidden("#find")
    assert "without an encoder" in tab.text_content("#find-note")
    tab.wait_for_selector('[data-seed="0"] canvas.painted')
