"""The report in a browser, from the disk: no word in the console, and everything moves."""

import numpy as np
import pytest
import torch

from kaogan.errors import KaoganError
from kaogan.images import to_pixels
from kaogan.report.pdf import find_browser, write_pdf
from kaogan.rng import latents

PIXELS = """(selector) => {
    const canvas = document.querySelector(selector);
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return [...data];
}"""


@pytest.fixture
def visit(browser):
    """Open a file without a network; at the end nothing went wrong, and nothing was asked for."""
    contexts, wrong = [], []

    def start(file, **options):
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        tab = context.new_page()
        own = (file.as_uri(), "blob:", "data:")
        tab.on("request", lambda asked: asked.url.startswith(own) or wrong.append(asked.url))
        tab.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.goto(file.as_uri())
        return tab

    yield start
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture(scope="module")
def alive(report, tmp_path_factory):
    """The report with the generator in it."""
    pytest.importorskip("onnxruntime")
    out = tmp_path_factory.mktemp("alive") / "report.html"
    if missing := report.write(out, live=True):
        pytest.skip(missing[0].why)
    return out


def shown(tab) -> list[str]:
    """The moments that can be seen."""
    return tab.locator(".scrub .frames > div:visible img").evaluate_all(
        "all => all.map(i => i.alt)"
    )


def test_the_scrubber_shows_one_moment_at_a_time(visit, plain):
    tab = visit(plain)
    tab.wait_for_selector(".scrub.scrubbing")
    last = shown(tab)
    assert last == ["The same latents after 1,600 images"]
    slider = tab.locator(".scrub input")
    slider.focus()
    slider.press("Home")
    assert shown(tab) == ["The same latents after 0 images"]
    assert tab.locator(".scrub output").text_content() == "0 images"
    assert slider.get_attribute("aria-valuetext") == "0 images"


def test_paper_shows_a_few_moments_and_no_slider(visit, plain):
    tab = visit(plain)
    tab.wait_for_selector(".scrub.scrubbing")
    tab.emulate_media(media="print")
    assert len(shown(tab)) == 4
    assert tab.locator(".scrubber").is_hidden()
    assert tab.locator("nav").is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_in_light_and_dark(visit, plain, scheme):
    tab = visit(plain, color_scheme=scheme)
    ground = colour(tab, "html", "backgroundColor")
    assert (luminance(ground) < 0.1) == (scheme == "dark")
    for selector, key in (
        *(("body", "color"), ("figcaption", "color"), ("nav a", "color"), ("svg text", "fill")),
    ):
        assert contrast(colour(tab, selector, key), ground) >= 4.5
    for selector in ("svg .s1", "svg .s2"):
        assert contrast(colour(tab, selector, "stroke"), ground) >= 3


def test_nothing_is_wider_than_a_phone(visit, plain):
    tab = visit(plain, viewport={"width": 360, "height": 700})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_generator_draws_what_pytorch_draws(visit, alive, report):
    tab = visit(alive)
    tab.wait_for_selector("#live-face.painted", timeout=60_000)
    button = tab.locator("#live-faces button[aria-pressed=true] canvas")
    seed = int(button.get_attribute("data-seed"))
    with torch.inference_mode():
        picture = report.facts.drawn.module(latents([seed], 8))
    expected = to_pixels(picture)[0].numpy().astype(int)
    drawn = np.array(tab.evaluate(PIXELS, "#live-face")).reshape(32, 32, 4)[..., :3]
    assert np.abs(drawn - expected).max() <= 1
    tab.locator("#sliders input").first.fill("3")
    for _ in range(200):
        moved = np.array(tab.evaluate(PIXELS, "#live-face")).reshape(32, 32, 4)[..., :3]
        if (moved != drawn).any():
            break
        tab.wait_for_timeout(50)
    assert (moved != drawn).any()
    tab.locator("#draw").click()
    tab.wait_for_selector(f"#live-faces:not(:has([data-seed='{seed}'])) canvas")
    assert tab.locator("#live-faces canvas").count() == 8
    assert alive.stat().st_size < 40 * 2**20


def test_the_pdf_has_pages_and_is_the_same_each_time(browser, plain, tmp_path):
    once, twice = (write_pdf(plain, tmp_path / f"{n}.pdf").read_bytes() for n in (1, 2))
    assert once.startswith(b"%PDF-")
    assert once.count(b"/Type /Page\n") >= 4
    assert once == twice


def test_without_a_browser_a_pdf_is_refused_in_one_line(plain, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KaoganError, match="needs Chromium") as refused:
        write_pdf(plain, tmp_path / "r.pdf")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "r.pdf").exists()
    with pytest.raises(KaoganError):
        find_browser()


def colour(tab, selector: str, key: str) -> tuple[float, ...]:
    found = tab.locator(selector).first.evaluate(f"e => getComputedStyle(e).{key}")
    return tuple(float(n) for n in found[found.index("(") + 1 : -1].split(",")[:3])


def luminance(rgb) -> float:
    """Relative luminance, WCAG 2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in
              (value / 255 for value in rgb)]  # fmt: skip
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
