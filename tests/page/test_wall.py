import pytest
import torch
from browsing import eventually, settled, type_face

from kaogan.rng import latents


def tile(seed: int) -> str:
    return f'#tiles [data-seed="{seed}"] canvas'


def test_the_wall_shows_the_seeds_faces_as_pytorch_draws_them(visit, picture_of_seed):
    tab = visit("#wall?from=7")
    for seed in (7, 8, 20):
        settled(tab, tile(seed), picture_of_seed(seed))


def test_the_wall_keeps_coming(visit):
    tab = visit()
    before = eventually(tab, "document.querySelectorAll('.tile').length")
    for _ in range(3):
        tab.evaluate("scrollTo(0, document.body.scrollHeight)")
        tab.wait_for_timeout(150)
    assert eventually(tab, f"document.querySelectorAll('.tile').length > {before + 48}")
    tab.locator('[data-seed="130"]').scroll_into_view_if_needed()
    tab.wait_for_selector('[data-seed="130"] canvas.painted')


def test_faces_far_away_are_given_up_and_come_back(visit):
    tab = visit()
    first = "document.querySelector('.tile canvas')"
    eventually(tab, f"{first}.classList.contains('painted')")
    for _ in range(60):
        tab.evaluate("scrollTo(0, document.body.scrollHeight)")
        tab.wait_for_timeout(30)
        if tab.evaluate("scrollY > 6500"):
            break
    assert eventually(tab, f"{first}.width === 1")
    tab.evaluate("scrollTo(0, 0)")
    assert eventually(tab, f"{first}.width === 64")


def test_what_is_seen_is_drawn_first(visit):
    """Tiles far from the middle of the window wait, whenever they were asked for."""
    tab = visit()
    order = tab.evaluate(
        """async () => {
            const { Artist } = await import("./js/artist.js");
            const drawn = [];
            const artist = new Artist(async (latents) => {
                await new Promise((done) => setTimeout(done, 5));
                drawn.push(...latents);
                return latents;
            });
            let middle = 0;
            const tile = (i) => artist.later(i, undefined, () => 1 + Math.abs(i - middle));
            const tiles = Array.from({ length: 40 }, (_, i) => tile(i));
            middle = 30; // somebody scrolls
            tiles.push(artist.later("urgent"));
            await Promise.all(tiles);
            return drawn;
        }"""
    )
    assert order[1] == "urgent"
    assert set(order[2:8]) <= set(range(26, 35))
    assert len(order) == 41


def test_faces_that_were_scrolled_past_are_not_drawn_first(visit):
    tab = visit()
    eventually(tab, "document.querySelectorAll('.tile canvas.painted').length > 20")
    for _ in range(40):
        tab.evaluate("scrollTo(0, document.body.scrollHeight)")
        tab.wait_for_timeout(20)
    seen = """[...document.querySelectorAll('.tile')].filter((tile) => {
        const { top, bottom } = tile.getBoundingClientRect();
        return bottom > 0 && top < innerHeight;
    })"""
    painted = "tile.firstElementChild.classList.contains('painted')"
    assert eventually(tab, f"{seen}.length > 0 && {seen}.every((tile) => {painted})")
    waiting = f"[...document.querySelectorAll('.tile')].filter((tile) => !{painted}).length"
    assert tab.evaluate(waiting) > 48


def test_a_click_opens_a_face_and_escape_goes_back_to_it(visit, picture_of_seed):
    tab = visit()
    tab.click('[data-seed="5"]')
    settled(tab, "#portrait", picture_of_seed(5))
    assert tab.evaluate("location.hash") == "#face?seed=5"
    tab.keyboard.press("Escape")
    assert tab.evaluate("document.activeElement.dataset.seed") == "5"
    tab.go_back()
    assert eventually(tab, "location.hash === '#face?seed=5'")


def test_the_keyboard_walks_on_the_wall(visit):
    tab = visit("#face?seed=77")
    shown = tab.inner_text("#face-name")
    tab.focus('[data-seed="0"]')
    columns = tab.evaluate(
        "getComputedStyle(document.querySelector('#tiles')).gridTemplateColumns.split(' ').length"
    )
    for key, seed in [("ArrowRight", 1), ("ArrowDown", 1 + columns), ("ArrowLeft", columns)]:
        tab.keyboard.press(key)
        assert tab.evaluate("document.activeElement.dataset.seed") == str(seed)
    assert tab.inner_text("#face-name") == shown, "the large face does not follow"
    tab.keyboard.press("k")
    assert tab.inner_text("#kept-count") == "1"
    tab.keyboard.press("Enter")
    assert tab.inner_text("#face-name") == f"Seed {columns}"


def test_variety_is_truncation_and_stands_in_the_address(visit, picture_of):
    tab = visit("#wall?truncation=0.5")
    settled(tab, tile(3), picture_of(0.5 * latents([3], 100)[0]))
    tab.locator("#wall-truncation").fill("0.7")
    assert eventually(tab, "location.hash === '#wall?truncation=0.7'")
    settled(tab, tile(3), picture_of(0.7 * latents([3], 100)[0]))


def test_new_faces_are_others_and_their_address_brings_them_back(visit):
    tab = visit()
    tab.click("#shuffle")
    seed = tab.get_attribute(".tile", "data-seed")
    assert seed != "0"
    assert eventually(tab, f"location.hash === '#wall?from={seed}'")


@pytest.mark.parametrize(
    "typed", ["42", " 42 ", "seed 42", "Seed: 42", "https://example.org/#face?seed=42"]
)
def test_a_seed_can_be_typed_or_pasted_in_a_link(visit, picture_of_seed, typed):
    tab = visit()
    type_face(tab, typed)
    settled(tab, "#portrait", picture_of_seed(42))


def test_a_latent_can_be_pasted_as_numbers(visit, picture_of):
    z = torch.randn(100, generator=torch.Generator().manual_seed(77)).half().float()
    tab = visit()
    type_face(tab, str(z.tolist()))
    settled(tab, "#portrait", picture_of(z))
    link = tab.evaluate("location.href")
    tab.goto("about:blank")
    tab.goto(link)
    settled(tab, "#portrait", picture_of(z))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("-3", "A seed is a whole number from 0"),
        ("99999999999999999999", "A seed is a whole number from 0"),
        ("1, 2, 3", "has 100 numbers, not 3"),
        ("hello world", "“hello world” is no seed. Type a whole number, such as 7"),
        ("abc", "“abc” is no seed. Type a whole number, such as 7"),
        ("!" * 120, "neither a seed nor a latent"),
    ],
)
def test_what_is_no_seed_is_said_in_a_sentence(visit, typed, sentence):
    tab = visit()
    type_face(tab, typed)
    assert sentence in tab.inner_text("#typed-note")
    assert tab.get_attribute("#typed", "aria-invalid") == "true"
    type_face(tab, "7")
    assert tab.inner_text("#face-name") == "Seed 7"
    assert tab.is_hidden("#typed-note")
