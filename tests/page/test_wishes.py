"""What is wished for: lists beside the face, the wall, addresses, mixtures."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from browsing import Files, eventually, settled, training, unfold

from kaogan.errors import KaoganError
from kaogan.export import network_of
from kaogan.images import Pixels, to_pixels
from kaogan.label_vectors import wish
from kaogan.labels import Attribute
from kaogan.models import DCGAN
from kaogan.page.making import page_of
from kaogan.rng import latents

ALL = (
    Attribute(name="hair-colour", kind="categories", values=("pink", "dark-blue", "black")),
    Attribute(name="smile", kind="flag"),
    Attribute(name="lightness", kind="number"),
)
MODEL = DCGAN(size=32, width=4, latent_dim=8, norm="none", attributes=ALL)


@pytest.fixture(scope="module")
def conditional() -> torch.nn.Module:
    torch.manual_seed(0)
    made = MODEL.generator().eval()
    with torch.no_grad():
        made.layers[0].weight.mul_(20)  # faces and wishes differ
        for layer in made.layers[3::3]:
            layer.weight.mul_(4)
    return made


@pytest.fixture(scope="module")
def wishing(conditional: torch.nn.Module) -> Files:
    network = network_of(MODEL, "generator", conditional.state_dict())
    try:
        made = dict(page_of(network, "Wishes").files)
    except KaoganError as error:
        pytest.skip(str(error))
    about = json.loads(made["model/about.json"]) | {"training": training()}
    return made | {"model/about.json": json.dumps(about).encode()}


def drawn(generator: torch.nn.Module, seed: int, **wishes: str) -> Pixels:
    named = {name.replace("_", "-"): value for name, value in wishes.items()}
    with torch.inference_mode():
        picture = generator(latents([seed], 8), wish(ALL, named))
        return to_pixels(picture)[0].numpy()


def choose(tab: Any, name: str, value: str) -> None:
    tab.select_option(f"#wish-{name}", value)


def test_a_choice_is_for_the_face_and_for_those_below(visit, wishing, conditional):
    assert not np.array_equal(drawn(conditional, 3), drawn(conditional, 3, hair_colour="pink"))
    tab = visit("#face?seed=3", wishing)
    settled(tab, "#portrait", drawn(conditional, 3))
    choose(tab, "hair-colour", "dark-blue")
    settled(tab, "#portrait", drawn(conditional, 3, hair_colour="dark-blue"))
    choose(tab, "smile", "yes")
    choose(tab, "lightness", "0.9")
    wishes = {"hair_colour": "dark-blue", "smile": "yes", "lightness": "0.9"}
    settled(tab, "#portrait", drawn(conditional, 3, **wishes))
    settled(tab, '#tiles [data-seed="0"] canvas', drawn(conditional, 0, **wishes))
    assert "hair colour dark-blue" in tab.inner_text("#face-name")
    link = "#face?seed=3&is-hair-colour=dark-blue&is-smile=yes&is-lightness=0.9"
    assert eventually(tab, f"location.hash === '{link}'")
    again = visit(link, wishing)
    settled(again, "#portrait", drawn(conditional, 3, **wishes))
    assert again.input_value("#wish-hair-colour") == "dark-blue"
    assert again.input_value("#wish-lightness") == "0.9"


def test_another_face_has_the_same_wishes_until_there_are_none(visit, wishing, conditional):
    tab = visit("#face?seed=3&is-smile=yes", wishing)
    tab.keyboard.press("ArrowRight")
    settled(tab, "#portrait", drawn(conditional, 4, smile="yes"))
    tab.click("#another")
    assert eventually(
        tab, "location.hash.includes('is-smile=yes') && !location.hash.includes('seed=4&')"
    )
    tab.click("#no-wishes")
    assert eventually(tab, "!location.hash.includes('is-')")
    assert tab.is_disabled("#no-wishes")
    tab.keyboard.press("z")
    assert eventually(tab, "location.hash.includes('is-smile=yes')")


def test_a_number_of_an_address_stands_in_the_list(visit, wishing, conditional):
    tab = visit("#face?seed=1&is-lightness=0.25", wishing)
    settled(tab, "#portrait", drawn(conditional, 1, lightness="0.25"))
    assert tab.input_value("#wish-lightness") == "0.25"


def test_the_walls_address_has_its_wishes(visit, wishing, conditional):
    tab = visit("#wall?from=7&is-hair-colour=pink", wishing)
    settled(tab, '#tiles [data-seed="7"] canvas', drawn(conditional, 7, hair_colour="pink"))
    tab.click('#tiles [data-seed="7"]')
    settled(tab, "#portrait", drawn(conditional, 7, hair_colour="pink"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("is-tail=yes", "This generator knows nothing of “tail”."),
        ("is-hair-colour=green", "“hair-colour” cannot be “green”."),
        ("is-lightness=2", "“lightness” cannot be “2”."),
    ],
)
def test_a_wish_that_cannot_be_is_said(visit, wishing, wrong, said):
    tab = visit(f"#face?seed=1&{wrong}", wishing)
    assert eventually(tab, f"document.body.innerText.includes('{said}')")


def test_between_faces_the_common_wishes_are_drawn(visit, wishing):
    tab = visit("#face?seed=1&is-smile=yes&is-hair-colour=pink", wishing)
    shared = tab.evaluate(
        """async () => {
            const m = await import("./js/labels.js");
            return m.common([{ smile: "yes", hair: "pink" }, { smile: "yes" }, { smile: "yes" }]);
        }"""
    )
    assert shared == {"smile": "yes"}
    unfold(tab, "save-group")
    tab.click("#to-mix")
    tab.click('[data-view="mix"]')
    tab.wait_for_selector("#mixture.painted")


def test_a_generator_without_labels_has_no_lists(visit):
    assert visit("#face?seed=1").is_hidden("#wishes-group")
