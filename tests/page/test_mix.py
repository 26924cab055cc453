"""The mixing square."""

import torch
from browsing import eventually, settled, type_face

from kaogan.rng import latents


def corners(tab, *seeds: int) -> None:
    """Fill the corners through what a person has: keep faces, then put them there."""
    for seed in seeds:
        type_face(tab, str(seed))
        if tab.get_attribute("#keep", "aria-pressed") == "false":
            tab.click("#keep")
    tab.click('[data-view="mix"]')
    places = ["top left", "top right", "bottom left", "bottom right"]
    for place, times in zip(places, range(1, len(seeds) + 1), strict=False):
        for _ in range(times):
            tab.get_by_label(f"A kept face, {place}").click()


def mixture(seeds: list[int], weights: list[float]) -> torch.Tensor:
    z = latents(seeds, 100)
    w = torch.tensor(weights)
    mean = (w[:, None] * z).sum(0)
    return (mean / mean.norm() * (w * z.norm(dim=1)).sum()).half().float()


def test_the_dot_blends_four_faces(visit, picture_of):
    tab = visit()
    corners(tab, 1, 2, 3, 4)
    seeds = [1, 2, 3, 4]
    settled(tab, "#mixture", picture_of(mixture(seeds, [0.25] * 4)))
    tab.locator("#mix-x").fill("1")
    tab.locator("#mix-y").fill("0.25")
    settled(tab, "#mixture", picture_of(mixture(seeds, [0, 0.75, 0, 0.25])))
    box = tab.locator("#pad").bounding_box()
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 1, box["y"] + box["height"] - 1, steps=5)
    tab.mouse.move(box["x"] - 20, box["y"] + box["height"] + 20)
    tab.mouse.up()
    settled(tab, "#mixture", picture_of(mixture(seeds, [0, 0, 1, 0])))
    tab.keyboard.press("z")
    assert tab.locator("#mix-x").input_value() == "1"
    tab.get_by_label("Empty the corner, bottom left").click()
    tab.locator("#mix-x").fill("0")
    tab.locator("#mix-y").fill("1")
    settled(tab, "#mixture", picture_of(mixture([1, 4], [0.5, 0.5])))


def test_a_mixture_opens_as_a_face_whose_link_reproduces_it(visit, picture_of):
    tab = visit()
    corners(tab, 1, 2, 3, 4)
    expected = picture_of(mixture([1, 2, 3, 4], [0.25] * 4))
    settled(tab, "#mixture", expected)
    tab.click("#mix-open")
    settled(tab, "#portrait", expected)
    assert eventually(tab, "location.hash.startsWith('#face?z=')")
    settled(visit(tab.evaluate("location.hash")), "#portrait", expected)


def test_every_face_that_is_added_gets_a_corner_of_its_own(visit):
    tab = visit()
    for seed in range(1, 6):
        type_face(tab, str(seed))
        tab.click("#to-mix")
    tab.click('[data-view="mix"]')
    names = [one.get_attribute("aria-label") for one in tab.locator(".corner canvas").all()]
    assert [name.partition(": ")[2] for name in names] == ["seed 5", "seed 2", "seed 3", "seed 4"]
    tab.get_by_label("Empty the corner, bottom left").click()
    tab.click('[data-view="wall"]')
    tab.click("#to-mix")
    assert "bottom left" in tab.inner_text("#status")


def test_the_heart_shows_that_a_mixture_is_kept(visit):
    tab = visit("#mix")
    tab.wait_for_selector("#mixture.painted")
    tab.click("#mix-keep")
    assert tab.inner_text("#mix-keep") == "Kept"
    assert "Kept" in tab.inner_text("#status")
    tab.locator("#mix-x").fill("0.9")
    assert tab.inner_text("#mix-keep") == "Keep"
