"""Phones, colours, keyboards and readers."""

import pytest
from browsing import unfold

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
VIEWS = ["#wall", "#face?seed=3&lightness=1", "#mix", "#kept", "#explain"]

# Contrast of every visible text with the nearest ground that is opaque (WCAG 2.2, 1.4.3).
FAINT = """() => {
    const parse = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
    const linear = (c) => ((c / 255 + 0.055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            const [r, g, b, alpha = 1] = parse(colour);
            if (colour.startsWith("rgb") && alpha === 1) return [r, g, b];
        }
        throw new Error("no ground");
    };
    const faint = [];
    for (const element of document.querySelectorAll("body *")) {
        const text = [...element.childNodes].filter((node) => node.nodeType === 3)
            .map((node) => node.data.trim()).join("");
        const style = getComputedStyle(element);
        const shown = { visibilityProperty: true, opacityProperty: true };
        if (!text || !element.checkVisibility(shown)) continue;
        if (element.closest(":disabled, .toast")) continue;
        const colour = element instanceof SVGElement ? style.fill : style.color;
        const [a, b] = [light(parse(colour)), light(ground(element))].sort((x, y) => y - x);
        const contrast = (a + 0.05) / (b + 0.05);
        if (contrast < 4.5) faint.push([text.slice(0, 30), contrast]);
    }
    return faint;
}"""

# Controls without an accessible name.
NAMELESS = """() => [...document.querySelectorAll("button, a, input, select, [role=img]")]
    .filter((one) => one.checkVisibility())
    .filter((one) => !one.getAttribute("aria-label") && !one.labels?.length)
    .filter((one) => !one.textContent.trim())
    .map((one) => one.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_and_controls_have_names_in_every_view(visit, scheme):
    tab = visit(color_scheme=scheme)
    tab.wait_for_selector("body.ready")
    assert tab.get_attribute("html", "data-theme") == scheme
    for view in VIEWS:
        tab.evaluate(f"location.hash = '{view}'")
        name = view.partition("?")[0].removeprefix("#")
        tab.wait_for_selector(f"#view-{name}")
        assert tab.evaluate(FAINT) == [], view
        assert tab.evaluate(NAMELESS) == [], view


def test_the_switch_between_light_and_dark_is_remembered(visit):
    tab = visit(color_scheme="dark")
    dark = tab.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    tab.get_by_label("Light colours").click()
    assert tab.evaluate("getComputedStyle(document.documentElement).backgroundColor") != dark
    tab.reload()
    assert tab.get_attribute("html", "data-theme") == "light"


def test_a_phone_shows_every_view_without_scrolling_sideways(visit):
    tab = visit(**PHONE)
    tab.wait_for_selector("body.ready")
    for view in VIEWS:
        tab.evaluate(f"location.hash = '{view}'")
        tab.wait_for_selector(f"#view-{view.partition('?')[0].removeprefix('#')}")
        wide = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, view
        box = tab.locator(".tabs").bounding_box()
        assert box["y"] + box["height"] == 844
    tab.tap('[data-view="wall"]')
    tab.tap('[data-seed="2"]')
    tab.wait_for_selector("#portrait.painted")
    unfold(tab, "slider-group")
    tab.locator('#sliders [data-name="hair hue"]').scroll_into_view_if_needed()
    tab.evaluate("scrollBy(0, 300)")
    face = tab.locator("#portrait").bounding_box()
    assert face["y"] > 0, "the face stays in sight while sliders are moved"


# Controls that a toast lies on.
COVERED = """() => {
    const toast = document.querySelector("#status").getBoundingClientRect();
    return [...document.querySelectorAll("button, a, input, select, summary")].filter((one) => {
        const { top, bottom, left, right } = one.getBoundingClientRect();
        return one.checkVisibility() && top < toast.bottom && bottom > toast.top &&
            left < toast.right && right > toast.left;
    }).map((one) => one.outerHTML.slice(0, 80));
}"""


@pytest.mark.parametrize("screen", [PHONE, {"viewport": {"width": 1280, "height": 800}}])
def test_what_is_said_covers_no_control(visit, screen):
    tab = visit(**screen)
    tab.wait_for_selector("body.ready")
    for view in VIEWS:
        tab.evaluate(f"location.hash = '{view}'")
        tab.wait_for_selector(f"#view-{view.partition('?')[0].removeprefix('#')}")
        tab.evaluate("import('./js/status.js').then(({ say }) => say('A word. '.repeat(6)))")
        tab.wait_for_selector("#status.shown")
        tab.wait_for_timeout(300)
        assert tab.evaluate(COVERED) == [], view


def test_focus_is_seen_and_goes_in_the_order_of_the_page(visit):
    tab = visit()
    tab.wait_for_selector("body.ready")
    order = []
    for _ in range(9):
        tab.keyboard.press("Tab")
        order.append(tab.evaluate("document.activeElement.id || document.activeElement.className"))
        outline = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
    assert order[0] == "brand"
    assert order.index("theme") < order.index("another")


def test_help_opens_and_closes_by_key_and_gives_the_focus_back(visit):
    tab = visit()
    tab.wait_for_selector("body.ready")
    tab.focus("#help-open")
    tab.keyboard.press("Enter")
    assert tab.is_visible("#help")
    tab.set_checked("#keys", False)
    tab.keyboard.press("Escape")
    assert tab.is_hidden("#help")
    assert tab.evaluate("document.activeElement.id") == "help-open"
    tab.keyboard.press("?")
    assert tab.is_hidden("#help"), "single keys were switched off"


def test_reduced_motion_moves_nothing_by_itself(visit):
    tab = visit(reduced_motion="reduce")
    tab.wait_for_selector('[data-seed="0"] canvas.painted')
    running = "document.getAnimations().filter((one) => one.playState === 'running').length"
    tab.hover('[data-seed="0"]')
    assert tab.evaluate(running) == 0
    length = "getComputedStyle(document.querySelector('.tile')).transform"
    assert tab.evaluate(length) == "none"
