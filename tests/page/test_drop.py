"""A picture from outside finds its nearest face, and goes nowhere."""

import io

import numpy as np
import torch
from browsing import Files, drawn, settled
from PIL import Image

from kaogan.images import to_model, to_pixels


def png(width: int = 64, height: int = 64) -> bytes:
    ramp = np.linspace(0, 255, width * height * 3).reshape(height, width, 3)
    with io.BytesIO() as file:
        Image.fromarray(ramp.astype(np.uint8)).save(file, "PNG")
        return file.getvalue()


def choose(tab, content: bytes, name: str = "picture.png") -> None:
    tab.set_input_files("#file", {"name": name, "mimeType": "image/png", "buffer": content})


def test_the_encoder_finds_the_nearest_face(visit, generator, encoder):
    pixels = torch.from_numpy(np.asarray(Image.open(io.BytesIO(png()))).copy())[None]
    with torch.inference_mode():
        z = encoder(to_model(pixels)).half().float()
        expected = to_pixels(generator(z))[0].numpy()
    tab = visit()
    assert "never leaves your browser" in tab.inner_text("#find-note")
    asked: list[str] = []
    tab.wait_for_selector("body.ready")
    tab.on("request", lambda request: asked.append(f"{request.method} {request.post_data}"))
    choose(tab, png())
    settled(tab, "#portrait", expected)
    np.testing.assert_array_equal(drawn(tab, "#original canvas"), pixels[0].numpy())
    assert all(request == "GET None" for request in asked)


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
    tab.wait_for_selector("#portrait.painted")
    assert tab.is_visible("#original")
    tab.click("#next", force=True)
    assert tab.is_hidden("#dropping")


def test_what_is_no_picture_is_said_in_a_sentence(visit):
    tab = visit()
    choose(tab, b"Dear diary", "diary.png")
    tab.wait_for_selector("#status:has-text('“diary.png” is not a picture')")
    tab.wait_for_selector('[data-seed="0"] canvas.painted')


def test_a_page_without_an_encoder_says_so(visit, without_encoder: Files):
    tab = visit(page=without_encoder)
    assert tab.is_hidden("#find")
    assert "without an encoder" in tab.inner_text("#find-note")
    tab.wait_for_selector('[data-seed="0"] canvas.painted')
