"""What is broken is said in a sentence, and the rest goes on working."""

import pytest
from browsing import Files, changed_about, eventually

NO_SIMD = "WebAssembly.validate = () => false"


def test_a_broken_generator_leaves_the_rest(visit, files: Files):
    tab = visit(page=files | {"model/generator.onnx": b"no network"}, broken=True)
    tab.wait_for_selector("#problem:has-text('generator cannot be read')")
    tab.click('[data-view="explain"]')
    assert "Two networks and a game" in tab.inner_text("#view-explain")
    assert tab.is_hidden("#live")
    tab.click("#problem button")
    assert tab.is_hidden("#problem")
    tab.keyboard.press("?")
    assert tab.is_visible("#help")


def test_a_missing_description_is_told(visit, files: Files):
    page = {name: content for name, content in files.items() if name != "model/about.json"}
    tab = visit(page=page, broken=True)
    tab.wait_for_selector("#problem:has-text('about.json is missing or damaged')")
    tab.click("#theme")
    assert tab.get_attribute("html", "data-theme") == "dark"


def test_a_broken_encoder_leaves_the_rest(visit, files: Files):
    tab = visit(page=files | {"model/encoder.onnx": b"no network"}, broken=True)
    pixel = b"GIF89a\x01\x00\x01\x00\x80\x01\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00"
    pixel += b"\x01\x00\x00\x02\x02D\x01\x00;"
    tab.set_input_files("#file", {"name": "a.gif", "mimeType": "image/gif", "buffer": pixel})
    tab.click("#crop-done")
    tab.wait_for_selector("#status:has-text('encoder cannot be read')")
    tab.wait_for_selector('[data-seed="0"] canvas.painted')


def test_a_browser_without_simd_is_told_what_to_use(visit, browser, serve, files: Files):
    context = browser.new_context()
    context.add_init_script(NO_SIMD)
    tab = context.new_page()
    tab.goto(serve(files))
    tab.wait_for_selector("#problem:has-text('no WebAssembly with SIMD')")
    tab.click('[data-view="explain"]')
    assert "latent vector" in tab.inner_text("#view-explain")
    context.close()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("#nowhere", "names no part of the page"),
        ("#face?seed=x", "A seed is a whole number"),
        ("#face", "names no face"),
        ("#face?z=AAAA", "does not belong to this generator"),
        ("#face?seed=1&truncation=9", "truncation in this address"),
        ("#face?seed=1&kindness=2", "no direction called “kindness”"),
    ],
)
def test_a_broken_address_ends_on_the_wall_with_a_sentence(visit, address, sentence):
    tab = visit(address)
    tab.wait_for_selector(f"#status:has-text('{sentence}')")
    assert eventually(tab, "location.hash === '#wall'")
    tab.wait_for_selector('[data-seed="0"] canvas.painted')


def test_storage_full_of_something_else_is_no_trouble(visit, files: Files):
    tab = visit()
    tab.wait_for_selector("body.ready")
    key = "kaogan: kept faces of Avatars, 100"
    tab.evaluate(f"localStorage.setItem('{key}', '[\"seed=3\", \"rubbish\", 7]')")
    tab.reload()
    assert eventually(tab, "document.querySelectorAll('#shelf .kept-face').length") == 1


def test_a_title_with_markup_stays_text(visit, files: Files):
    tab = visit(page=changed_about(files, title="<b>Bold & free</b>"))
    assert tab.inner_text("#title") == "<b>Bold & free</b>"
