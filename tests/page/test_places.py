"""Where else the page runs: from the disk as one file, and on a graphics card."""

import pytest
from browsing import settled

import chromium
from kaogan.page.singlefile import single_file

SOFTWARE_GPU = [
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--enable-features=Vulkan",
]


@pytest.mark.slow
def test_the_single_file_draws_from_the_disk(browser, files, tmp_path, picture_of_seed):
    file = tmp_path / "page.html"
    file.write_bytes(single_file(files))
    context = browser.new_context(offline=True)
    tab = context.new_page()
    wrong: list[str] = []
    tab.on("console", lambda said: said.type == "error" and wrong.append(said.text))
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.goto(f"{file.as_uri()}#face?seed=42")
    settled(tab, "#portrait", picture_of_seed(42))
    tab.keyboard.press("Escape")
    settled(tab, '[data-seed="1"] canvas', picture_of_seed(1))
    context.close()
    assert wrong == []


@pytest.mark.slow
def test_webgpu_draws_the_same_faces(browser, serve, files, picture_of_seed):
    arguments = [one for one in chromium.ARGUMENTS if one != "--disable-gpu"] + SOFTWARE_GPU
    other = browser.browser_type.launch(executable_path=chromium.PROGRAM, args=arguments)
    tab = other.new_page()
    tab.goto(serve(files) + "#face?seed=42")
    settled(tab, "#portrait", picture_of_seed(42))
    used = tab.get_attribute("html", "data-provider")
    other.close()
    if used != "webgpu":
        pytest.skip("this Chromium has no WebGPU in software")
